package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/alerts"
	"plimsoll/internal/identity"
)

// DeadLetters lists and replays what was given up.
type DeadLetters struct {
	Jobs *river.Client[pgx.Tx]
}

// maxDeadLetters bounds a list.
const maxDeadLetters = 1000

// List returns the dead letters, the newest first.
func (d DeadLetters) List(ctx context.Context) ([]alerts.DeadLetter, error) {
	params := river.NewJobListParams().Kinds(noticeKind).
		States(rivertype.JobStateDiscarded, rivertype.JobStateCancelled).OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(maxDeadLetters)
	found, err := d.Jobs.JobList(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	letters := make([]alerts.DeadLetter, 0, len(found.Jobs))
	for _, job := range found.Jobs {
		letter, err := deadLetter(job)
		if err != nil {
			return nil, err
		}
		letters = append(letters, letter)
	}
	return letters, nil
}

func deadLetter(job *rivertype.JobRow) (alerts.DeadLetter, error) {
	var args NoticeArgs
	if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
		return alerts.DeadLetter{}, fmt.Errorf("read job %d: %w", job.ID, err)
	}
	letter := alerts.DeadLetter{ID: job.ID, Receiver: args.Receiver, Notice: args.Seq, Attempts: job.Attempt}
	if job.FinalizedAt != nil {
		letter.At = job.FinalizedAt.UTC()
	}
	if n := len(job.Errors); n > 0 {
		letter.Error = job.Errors[n-1].Error
	}
	return letter, nil
}

// Replay tries a dead letter again, at once. The error may be [alerts.ErrNoDeadLetter] or an [identity.ErrForbidden].
func (d DeadLetters) Replay(ctx context.Context, id int64) error {
	if err := identity.Authorize(ctx, identity.SendNotices, identity.Place{}); err != nil { // a notice may be of several services
		return err
	}
	job, err := d.Jobs.JobGet(ctx, id)
	switch {
	case errors.Is(err, rivertype.ErrNotFound):
		return fmt.Errorf("%w: %d", alerts.ErrNoDeadLetter, id)
	case err != nil:
		return fmt.Errorf("find dead letter %d: %w", id, err)
	case job.Kind != noticeKind || job.State != rivertype.JobStateDiscarded && job.State != rivertype.JobStateCancelled:
		return fmt.Errorf("%w: %d", alerts.ErrNoDeadLetter, id)
	}
	if _, err := d.Jobs.JobRetry(ctx, id); err != nil {
		return fmt.Errorf("replay dead letter %d: %w", id, err)
	}
	return nil
}
