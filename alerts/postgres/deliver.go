package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/alerts"
)

// NoticeArgs is the job of telling one receiver about one notice.
type NoticeArgs struct {
	Seq      int64  `json:"seq" river:"unique"`
	Receiver string `json:"receiver" river:"unique"`
}

// noticeKind names the jobs.
const noticeKind = "alert_notice"

// Kind names the job.
func (NoticeArgs) Kind() string { return noticeKind }

// InsertOpts make a notice go to a receiver once. With River's waits, twelve attempts span some eleven hours: a receiver may be down for a night.
func (NoticeArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 12, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// receiver takes notices; those of [plimsoll/alerts/notify] do.
type receiver interface {
	Notify(ctx context.Context, n alerts.Notice, previous string) (reference string, err error)
}

// AddWorkers registers the work of this package with a River client that is being set up. The receivers go by the names of the routes; outcome
// says what an error of one means: after how long to try again (0: as usual), or that it is no use.
func AddWorkers[R receiver](workers *river.Workers, pool *pgxpool.Pool, receivers map[string]R, outcome func(error) (time.Duration, bool)) error {
	if pool == nil || outcome == nil {
		return errors.New("notices need a pool and a meaning of errors")
	}
	byName := make(map[string]receiver, len(receivers))
	for name, r := range receivers {
		byName[name] = r
	}
	return river.AddWorkerSafely(workers, &worker{pool: pool, receivers: byName, outcome: outcome})
}

type worker struct {
	river.WorkerDefaults[NoticeArgs]
	pool      *pgxpool.Pool
	receivers map[string]receiver
	outcome   func(error) (after time.Duration, again bool)
}

// Timeout bounds one attempt.
func (w *worker) Timeout(*river.Job[NoticeArgs]) time.Duration { return 30 * time.Second }

// delivery is how far a receiver has been told of a group.
type delivery struct {
	Seq       int64
	Reference string
	Over      bool
	Episode   string
}

// Work delivers one notice, unless a later one of its group was delivered to the same receiver.
func (w *worker) Work(ctx context.Context, job *river.Job[NoticeArgs]) error {
	r, ok := w.receivers[job.Args.Receiver]
	if !ok {
		return river.JobCancel(fmt.Errorf("the receiver %q is not configured any more", job.Args.Receiver))
	}
	n, err := ReadNotice(ctx, w.pool, job.Args.Seq)
	if errors.Is(err, ErrNoNotice) {
		return river.JobCancel(err)
	} else if err != nil {
		return err
	}
	last, err := w.last(ctx, n.Group, job.Args.Receiver)
	if err != nil {
		return fmt.Errorf("read last delivery: %w", err)
	}
	if last.Seq >= job.Args.Seq {
		return nil
	}
	previous := last.Reference
	if last.Over || last.Episode != n.Episode {
		previous = ""
	}
	reference, err := r.Notify(ctx, n, previous)
	if err != nil {
		return w.failed(job, err)
	}
	_, err = w.pool.Exec(ctx, `INSERT INTO alerts_deliveries AS d (name, receiver, seq, reference, over, episode) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (name, receiver) DO UPDATE SET seq = excluded.seq, reference = excluded.reference, over = excluded.over, episode = excluded.episode
		WHERE d.seq < excluded.seq`, n.Group, job.Args.Receiver, job.Args.Seq, reference, len(n.Firing) == 0, n.Episode)
	if err != nil {
		return fmt.Errorf("record delivery: %w", err)
	}
	return nil
}

// patience is for how long a receiver may put a notice off. From then on it is a failed attempt, of which there are not many: waiting is none for River,
// and a receiver that always asks for it would be waited for without end.
const patience = 11 * time.Hour

func (w *worker) failed(job *river.Job[NoticeArgs], err error) error {
	waits := job.AttemptedAt == nil || job.AttemptedAt.Sub(job.CreatedAt) < patience
	switch after, again := w.outcome(err); {
	case !again:
		return river.JobCancel(err)
	case after > 0 && waits:
		return river.JobSnooze(after)
	default:
		return err
	}
}

func (w *worker) last(ctx context.Context, group, receiver string) (delivery, error) {
	rows, err := w.pool.Query(ctx, `SELECT seq, reference, over, episode FROM alerts_deliveries WHERE name = $1 AND receiver = $2`, group, receiver)
	if err != nil {
		return delivery{}, err
	}
	d, err := pgx.CollectOneRow(rows, pgx.RowToStructByPos[delivery])
	if errors.Is(err, pgx.ErrNoRows) {
		return delivery{}, nil
	}
	return d, err
}
