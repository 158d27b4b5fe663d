package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

// Record takes down what somebody tells of a deploy and returns the deploy as it is then, and whether that was news. An invalid report is a
// *[gate.InputError], an impossible one a *[deploys.TransitionError], one of an unknown deploy [deploys.ErrNotFound].
func (s *Store) Record(ctx context.Context, r deploys.Report) (d deploys.Deploy, changed bool, err error) {
	now := s.cfg.Now().UTC().Truncate(time.Microsecond) // as the database keeps it
	if r.At.IsZero() {
		r.At = now
	}
	r.At = r.At.UTC().Truncate(time.Microsecond)
	if err := r.Validate(now, s.cfg.Services()); err != nil {
		return d, false, err
	}
	if r.Decision, err = s.decision(ctx, r); err != nil {
		return d, false, err
	}
	err = pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		d, changed, err = s.record(ctx, tx, r)
		return err
	})
	if err != nil {
		return deploys.Deploy{}, false, fmt.Errorf("record deploy: %w", err)
	}
	return d, changed, nil
}

func (s *Store) record(ctx context.Context, tx pgx.Tx, r deploys.Report) (deploys.Deploy, bool, error) {
	if err := lockPlace(ctx, tx, r); err != nil {
		return deploys.Deploy{}, false, err
	}
	d, err := find(ctx, tx, r)
	fresh := errors.Is(err, deploys.ErrNotFound) && r.Makes() || err == nil && again(d, r)
	switch {
	case fresh:
		if d, err = insert(ctx, tx, deploys.New(r)); err != nil {
			return d, false, err
		}
		start := r.Event()
		start.Kind, start.Reason = deploys.Start, ""
		if err := s.append(ctx, tx, d, start); err != nil {
			return d, false, err
		}
	case err != nil:
		return d, false, err
	}
	if err := identity.Authorize(ctx, identity.TellOfDeploys, identity.Place{Service: d.Service, Environment: d.Environment}); err != nil {
		return d, false, err
	}
	if err := r.Same(d); err != nil {
		return d, false, err
	}
	late := d.Committed.IsZero() && !r.Committed.IsZero() // when it was committed may be told later than the deploy
	if late {
		d.Committed = r.Committed
	}
	next, changed, err := s.move(ctx, tx, d, r.Event())
	switch {
	case err != nil:
		return d, false, err
	case !changed && late:
		return d, true, update(ctx, tx, d)
	case !changed:
		return d, fresh, nil
	}
	if next.Class == gate.Rollback && r.Kind == deploys.Finish {
		err = s.tookBack(ctx, tx, next, r)
	}
	return next, true, err
}

// again reports whether a report is of another deploy than the one that is known: the same commit goes out once more, which a start says, and so
// does whatever is told of a rollback to what was none when it went out.
func again(d deploys.Deploy, r deploys.Report) bool {
	if r.Key != "" || r.Ref != 0 || d.State == deploys.Started {
		return false
	}
	return r.Kind == deploys.Start || r.Makes() && r.Change.Class == gate.Rollback && d.Class != gate.Rollback
}

// move applies an event and keeps what comes of it.
func (s *Store) move(ctx context.Context, tx pgx.Tx, d deploys.Deploy, e deploys.Event) (deploys.Deploy, bool, error) {
	next, changed, err := deploys.Apply(d, e)
	if err != nil || !changed {
		return d, false, err
	}
	if err := update(ctx, tx, next); err != nil {
		return d, false, err
	}
	return next, true, s.append(ctx, tx, next, e)
}

// tookBack marks what served the environment when a rollback of its own finished: it failed when the rollback began, unless somebody said since
// when or nobody told when that was, and is rolled back.
func (s *Store) tookBack(ctx context.Context, tx pgx.Tx, rollback deploys.Deploy, r deploys.Report) error {
	bad, err := one(ctx, tx, `WHERE service = $1 AND environment = $2 AND class <> 'rollback' AND state IN ('finished', 'failed')
		AND commit <> $3 AND started <= $4 ORDER BY started DESC, ref DESC LIMIT 1 FOR UPDATE`,
		rollback.Service, rollback.Environment, rollback.Commit, rollback.Started)
	if errors.Is(err, deploys.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	e := r.Event()
	e.Reason = fmt.Sprintf("%s brought %s back", rollback.Ref, gate.ShortCommit(rollback.Commit))
	if bad.State == deploys.Finished && rollback.Started.Before(r.At) {
		e.Kind, e.At = deploys.Fail, rollback.Started
		if bad.Finished.After(e.At) {
			e.At = bad.Finished
		}
		if bad, _, err = s.move(ctx, tx, bad, e); err != nil {
			return err
		}
	}
	e.Kind, e.At = deploys.RollBack, r.At
	for _, known := range []time.Time{bad.Finished, bad.Failed} {
		if known.After(e.At) {
			e.At = known
		}
	}
	_, _, err = s.move(ctx, tx, bad, e)
	return err
}

// decision checks the decision that a report names, or finds the one that let the commit out.
func (s *Store) decision(ctx context.Context, r deploys.Report) (int64, error) {
	c := r.Change
	if r.Decision == 0 || s.cfg.Decision == nil {
		if s.cfg.Allowed == nil || !r.Makes() {
			return 0, nil
		}
		seq, err := s.cfg.Allowed(ctx, c, r.At)
		if err != nil {
			return 0, fmt.Errorf("find the decision: %w", err)
		}
		return seq, nil
	}
	refuse := func(format string, args ...any) error {
		return &gate.InputError{Field: "decision", Found: fmt.Sprint(r.Decision), Message: fmt.Sprintf(format, args...)}
	}
	d, err := s.cfg.Decision(ctx, r.Decision)
	switch {
	case err != nil:
		return 0, refuse("must be the place of a decision in the audit log: %v", err)
	case d.Outcome != gate.Allow:
		return 0, refuse("it was %s, which lets nothing out", d.Outcome)
	case r.Makes() && (d.Change.Service != c.Service || d.Change.Environment != c.Environment || d.Change.Commit != c.Commit):
		return 0, refuse("it let %s of %s out to %s", d.Change.Commit, d.Change.Service, d.Change.Environment)
	}
	return r.Decision, nil
}

// lockPlace makes reports of one place, or of one key, take turns until the transaction ends. A report by reference locks the row instead.
func lockPlace(ctx context.Context, tx pgx.Tx, r deploys.Report) error {
	for _, name := range []string{r.Key, r.Change.Service + "\n" + r.Change.Environment} { // no name holds a line break
		if name == "" || name == "\n" {
			continue
		}
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('deploys ' || $1, 0))`, name); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
	}
	return nil
}

// append takes an event down and tells others.
func (s *Store) append(ctx context.Context, tx pgx.Tx, d deploys.Deploy, e deploys.Event) error {
	if _, err := tx.Exec(ctx, `INSERT INTO deploy_events (deploy, kind, at, by, source, reason) VALUES ($1, $2, $3, $4, $5, $6)`,
		d.Ref, e.Kind, e.At, e.By, e.Source, e.Reason); err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	if s.cfg.Jobs == nil {
		return nil
	}
	if _, err := s.cfg.Jobs.InsertTx(ctx, tx, Told{d, e}, nil); err != nil {
		return fmt.Errorf("insert job: %w", err)
	}
	return nil
}

// translate makes errors of the schema those of the domain.
func translate(err error, d deploys.Deploy) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.ConstraintName == "deploys_key_unique" {
		return &gate.InputError{Field: "key", Found: d.Key, Message: "another deploy has it"}
	}
	return err
}
