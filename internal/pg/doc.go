// Package pg gives a program its PostgreSQL: an external one by URL, or a private cluster in the data directory
// that needs no setting up. It also runs the versioned migrations of each room.
//
// A private cluster outlives its parent on purpose:
//
//	Start ─▶ lock the directory ─▶ running already? ──yes──▶ adopt it ─▶ ready
//	                                     │ no
//	                                     ▼
//	                        initdb once (into a side folder, then renamed)
//	                                     ▼
//	                        pg_ctl start (PostgreSQL recovers from a crash by itself) ─▶ ready
//
// The parent may be killed at any point: the next Start either adopts the running server or starts the stopped one.
// While the parent lives, Run watches the server and starts it again, at the same address, if it dies alone.
// PostgreSQL refuses to run as root, so under root the server runs as the user "postgres" or else "nobody".
//
// The package knows no domain and no table but schema_migrations.
package pg
