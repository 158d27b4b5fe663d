package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/alerts"
)

// IncidentArgs is the job of taking one notice to the incident of its episode. Whoever works on it knows the incidents; this package does not.
type IncidentArgs struct {
	Seq int64 `json:"seq" river:"unique"`
}

// Kind names the job.
func (IncidentArgs) Kind() string { return "alert_incident" }

// InsertOpts make a notice go to an incident once.
func (IncidentArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// ErrNoNotice is returned for a notice that has been purged, or never was.
var ErrNoNotice = errors.New("there is no such notice")

// ReadNotice returns the notice of a number.
func ReadNotice(ctx context.Context, pool *pgxpool.Pool, seq int64) (n alerts.Notice, err error) {
	switch err := pool.QueryRow(ctx, `SELECT body FROM alerts_notices WHERE seq = $1`, seq).Scan(&n); {
	case errors.Is(err, pgx.ErrNoRows):
		return n, fmt.Errorf("%w: %d", ErrNoNotice, seq)
	case err != nil:
		return n, fmt.Errorf("read notice %d: %w", seq, err)
	}
	return n, nil
}

// declares reports whether an episode that was so urgent is worth an incident.
func (e *Engine) declares(worst alerts.Severity) bool {
	return e.cfg.Declare != "" && (worst == e.cfg.Declare || worst == alerts.Page)
}
