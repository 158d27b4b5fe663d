package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// gather is how long Wait goes on listening after the first checkpoint: where many pushes are acknowledged there are dozens a second,
// and one look serves them all.
const gather = 100 * time.Millisecond

// Wait returns when a checkpoint may have been saved since the last call, and at the latest after some time. It listens on a connection of
// its own, until [Store.Close].
func (s *Store) Wait(ctx context.Context, most time.Duration) error {
	if s.listener == nil {
		return s.listen(ctx) // and look at once: what came before is not heard
	}
	if heard, err := s.hear(ctx, most); err != nil || !heard {
		return err
	}
	for deadline := time.Now().Add(gather); ; {
		if heard, err := s.hear(ctx, time.Until(deadline)); err != nil || !heard {
			return err
		}
	}
}

// hear reports whether a checkpoint has been made known within some time.
func (s *Store) hear(ctx context.Context, most time.Duration) (bool, error) {
	waiting, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	_, err := s.listener.WaitForNotification(waiting)
	switch {
	case err == nil:
		return true, nil
	case waiting.Err() != nil:
		return false, ctx.Err()
	}
	s.Close()
	return false, fmt.Errorf("wait for a checkpoint: %w", err)
}

func (s *Store) listen(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("connect to hear of checkpoints: %w", err)
	}
	s.listener = conn
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		s.Close()
		return fmt.Errorf("listen for checkpoints: %w", err)
	}
	return nil
}

// Close ends the connection on which the store listens.
func (s *Store) Close() {
	if s.listener == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = s.listener.Close(ctx) // whether or not the server hears it, this end is closed
	s.listener = nil
}
