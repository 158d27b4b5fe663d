// Package edge is the caching tier through which viewers read manifests, segments and pictures. It keeps what it has
// fetched from the origin in memory, bounded by bytes, and fetches each object once for any number of viewers who ask for
// it at the same time.
//
//	request ─▶ fresh in memory? ──yes──▶ answer from memory                      X-Cache: hit
//	                │ no
//	                ▼
//	        fetch (one for all who wait)
//	                ├── object ─▶ keep ─▶ answer                                X-Cache: miss
//	                ├── absent ─▶ forget ─▶ 404
//	                └── unavailable ─▶ held an old copy? ──yes──▶ answer with it  X-Cache: stale
//	                                          └──no──▶ 503
//
// It never decides who may watch and never talks to storage or the database.
package edge
