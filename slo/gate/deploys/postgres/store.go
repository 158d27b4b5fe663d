// Package postgres keeps the records of deploys in PostgreSQL.
//
// It decides nothing: the domain moves a deploy between reading and writing its row, in one transaction.
//
//	lock the place ─▶ find the deploy ──none──▶ make it, with the decision that let it out
//	                        │                        │
//	                        ▼                        ▼
//	                  deploys.Apply ─▶ write the row, append the event, insert the job that tells others ─▶ commit
//
// Reports of one place (a service in an environment) take turns, so that a report that is told twice at once makes one deploy. What was told is
// append-only, and the schema holds that.
package postgres

import (
	"context"
	"embed"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/internal/pg"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations create the tables of deploys.
var Migrations = pg.Migrations{Name: "deploys", FS: migrations}

// jobs takes a [Told] in the transaction of what it tells.
type jobs interface {
	InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// Config of a store.
type Config struct {
	Pool *pgxpool.Pool // required; migrated
	// Services are those that deploys may be of; required.
	Services func() []string
	// Decision returns a decision of the gate by its place in the audit log, and Allowed the newest decision that let a commit out, or 0.
	// Without them deploys refer to no decision.
	Decision func(ctx context.Context, seq int64) (gate.Decision, error)
	Allowed  func(ctx context.Context, c gate.Change, before time.Time) (seq int64, err error)
	// Jobs takes a [Told] for each event that changed something; nil tells nobody.
	Jobs jobs
	Now  func() time.Time // time.Now when nil
}

// Store keeps deploys. It is safe for concurrent use, also by several processes.
type Store struct{ cfg Config }

// New returns a store over a migrated database.
func New(cfg Config) (*Store, error) {
	if cfg.Pool == nil || cfg.Services == nil {
		return nil, errors.New("a record of deploys needs a database and the services")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{cfg}, nil
}

// Told is the job that tells others what happened to a deploy. It is inserted in the transaction that records it; whoever wants to know works it.
type Told struct {
	Deploy deploys.Deploy `json:"deploy"`
	Event  deploys.Event  `json:"event"`
}

// Kind names the job.
func (Told) Kind() string { return "deploy_told" }
