package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

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
func (w *worker) Timeout(*river.Job[NoticeArgs]) time.Duration { return attemptTakes }

// busyFor is after how long to look again for a receiver that is being told about the group.
const busyFor = time.Second

// Work tells the receiver what is newest of the notice's group, which is the notice itself or one that has overtaken it; nothing if that was told.
// One attempt at a time, so that a receiver that was away hears no older word after a newer one.
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
	t, err := takeTurn(ctx, w.pool, n.Group, job.Args.Receiver)
	if errors.Is(err, errBusy) {
		return river.JobSnooze(busyFor)
	} else if err != nil {
		return err
	}
	n, seq, ok, err := t.due(ctx, job.Args.Seq)
	if err != nil || !ok {
		t.end(ctx)
		return err
	}
	var previous string
	if t.last.Episode == n.Episode {
		previous = t.last.Reference
	}
	reference, err := r.Notify(ctx, n, previous)
	if err != nil {
		t.end(ctx)
		return w.failed(job, err)
	}
	return t.delivered(ctx, seq, reference, n.Episode)
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
