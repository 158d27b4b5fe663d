package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/identity"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// correctionsChannel is where each change of the corrections is made known.
const correctionsChannel = "plimsoll_corrections"

// pollCorrections is how often the corrections are looked at if nothing is heard of them.
const pollCorrections = 30 * time.Second

// correctedLedger is what corrections are for.
type correctedLedger interface {
	CheckCorrection(slo.Correction) error
	SetCorrections([]slo.Correction)
}

// CorrectionsConfig is what [Corrections] need.
type CorrectionsConfig struct {
	Pool   *pgxpool.Pool    // required; the schema is there already
	Ledger correctedLedger  // required; is given the corrections whenever they have changed
	Now    func() time.Time // [time.Now] when nil
	Logger *slog.Logger     // [slog.Default] when nil
}

// Corrections are kept in PostgreSQL and made, taken back and listed by every process, whether it leads or follows. Each
// process has its ledger see them: at once those that it makes itself, and through [Corrections.Run] those of the others.
type Corrections struct {
	pool   *pgxpool.Pool
	ledger correctedLedger
	now    func() time.Time
	logger *slog.Logger

	mu      sync.Mutex // so that the ledger is given the newest last
	version int64      // of what the ledger was given; −1 if nothing
}

// NewCorrections returns the corrections. The ledger has none until [Corrections.Refresh] or Run.
func NewCorrections(cfg CorrectionsConfig) (*Corrections, error) {
	if cfg.Pool == nil || cfg.Ledger == nil {
		return nil, errors.New("corrections need a connection pool and a ledger")
	}
	c := &Corrections{pool: cfg.Pool, ledger: cfg.Ledger, now: cfg.Now, logger: cmp.Or(cfg.Logger, slog.Default()), version: -1}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// Make writes a correction down by the name of its By, and has the ledger see it. Its ID and At are set here. What is wrong with it is
// a [*ledger.CorrectionError].
func (c *Corrections) Make(ctx context.Context, made slo.Correction) (slo.Correction, error) {
	if err := c.ledger.CheckCorrection(made); err != nil {
		return slo.Correction{}, err
	}
	if err := authorize(ctx, made); err != nil {
		return slo.Correction{}, err
	}
	made.At = c.now().UTC().Truncate(time.Microsecond)
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `INSERT INTO ledger_corrections (objective, service, starts, ends, effect, reason, made_by, made_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
			made.Objective, made.Service, made.From, made.To, made.Effect, made.Reason, made.By, made.At).Scan(&made.ID)
		if err != nil {
			return translateCorrection(err, made)
		}
		return announce(ctx, tx)
	})
	if err != nil {
		return slo.Correction{}, fmt.Errorf("make correction: %w", err)
	}
	return made, c.Refresh(ctx)
}

// authorize returns nil if whoever asks may correct what a correction is for.
func authorize(ctx context.Context, c slo.Correction) error {
	return identity.Authorize(ctx, identity.CorrectBudgets, identity.Place{Service: cmp.Or(c.Objective.Service(), c.Service)})
}

// translateCorrection names the field that a constraint of the table refused.
func translateCorrection(err error, c slo.Correction) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.ConstraintName {
	case "ledger_corrections_scope":
		return &ledger.CorrectionError{Field: "service", Found: c.Service, Message: "must not be given together with an objective"}
	case "ledger_corrections_order", "ledger_corrections_length":
		return &ledger.CorrectionError{Field: "to", Found: c.To.Format(time.RFC3339), Message: "must be later than from, by at most 400 days"}
	case "ledger_corrections_minutes":
		return &ledger.CorrectionError{Field: "from", Found: c.From.Format(time.RFC3339Nano), Message: "must be a whole minute, like to"}
	case "ledger_corrections_effect":
		return &ledger.CorrectionError{Field: "effect", Found: string(c.Effect), Message: "must be exclude or good"}
	case "ledger_corrections_reason":
		return &ledger.CorrectionError{Field: "reason", Found: c.Reason, Message: "must say why, in at most 1000 characters"}
	}
	return err
}

// Undo takes a correction back and returns it. One that has been taken back already stays as it is. The error is
// [ledger.ErrNoCorrection] if there is none of that number.
func (c *Corrections) Undo(ctx context.Context, id slo.CorrectionID, by string) (undone slo.Correction, err error) {
	err = pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE ledger_corrections SET undone_at = $2, undone_by = $3 WHERE id = $1 AND undone_at IS NULL`,
			id, c.now().UTC(), by)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, selectCorrections+` WHERE id = $1`, id)
		if err != nil {
			return err
		}
		undone, err = pgx.CollectExactlyOneRow(rows, scanCorrection)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return fmt.Errorf("%w: %d", ledger.ErrNoCorrection, id)
		case err != nil || tag.RowsAffected() == 0:
			return err
		}
		if err := authorize(ctx, undone); err != nil {
			return err
		}
		return announce(ctx, tx)
	})
	if err != nil {
		return slo.Correction{}, fmt.Errorf("undo correction: %w", err)
	}
	return undone, c.Refresh(ctx)
}

// announce makes a change known when the transaction commits.
func announce(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_notify($1, '')`, correctionsChannel)
	return err
}

const selectCorrections = `SELECT id, objective, service, starts, ends, effect, reason, made_by, made_at, undone_at, coalesce(undone_by, '') FROM ledger_corrections`

func scanCorrection(row pgx.CollectableRow) (c slo.Correction, err error) {
	var undone *time.Time
	err = row.Scan(&c.ID, &c.Objective, &c.Service, &c.From, &c.To, &c.Effect, &c.Reason, &c.By, &c.At, &undone, &c.UndoneBy)
	c.From, c.To, c.At = c.From.UTC(), c.To.UTC(), c.At.UTC()
	if undone != nil {
		c.Undone = undone.UTC()
	}
	return c, err
}

// Load returns all corrections by number, those that were taken back among them, and a version that grows with each change.
func (c *Corrections) Load(ctx context.Context) (all []slo.Correction, version int64, err error) {
	rows, err := c.pool.Query(ctx, selectCorrections+` ORDER BY id`)
	if err != nil {
		return nil, 0, fmt.Errorf("load corrections: %w", err)
	}
	if all, err = pgx.CollectRows(rows, scanCorrection); err != nil {
		return nil, 0, fmt.Errorf("load corrections: %w", err)
	}
	for _, one := range all {
		if version++; !one.Undone.IsZero() {
			version++
		}
	}
	return all, version, nil
}

// Refresh has the ledger see the corrections as they are stored.
func (c *Corrections) Refresh(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, version, err := c.Load(ctx)
	if err != nil || version == c.version {
		return err
	}
	c.ledger.SetCorrections(all)
	c.version = version
	return nil
}

// Run has the ledger see the corrections of all processes until ctx ends. It listens for changes on a connection of its own, and looks every
// half minute without one. When PostgreSQL is away the ledger keeps what it was given; the log says so once, and when it is over.
func (c *Corrections) Run(ctx context.Context) error {
	away := false
	for ctx.Err() == nil {
		err := c.follow(ctx, func() {
			if away {
				c.logger.Info("corrections are followed again")
			}
			away = false
		})
		if ctx.Err() != nil {
			break
		}
		if !away {
			c.logger.Warn("corrections are not followed, trying again", "error", err)
		}
		away = true
		wait(ctx, time.Second)
	}
	return nil
}

// follow refreshes on every change until something goes wrong. It calls fresh each time it has.
func (c *Corrections) follow(ctx context.Context, fresh func()) error {
	conn, err := pgx.ConnectConfig(ctx, c.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to hear of corrections: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(closing) // whether or not the server hears it, this end is closed
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+correctionsChannel); err != nil {
		return fmt.Errorf("listen for corrections: %w", err)
	}
	for {
		if err := c.Refresh(ctx); err != nil {
			return err
		}
		fresh()
		waiting, cancel := context.WithTimeout(ctx, pollCorrections)
		_, err := conn.WaitForNotification(waiting)
		timedOut := waiting.Err() != nil
		cancel()
		if err != nil && !timedOut || ctx.Err() != nil {
			return fmt.Errorf("wait for a correction: %w", err)
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
