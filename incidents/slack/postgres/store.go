// Package postgres keeps what Slack was told of each incident, and which messages are on a timeline. It owns those two
// tables and nothing else; it calls neither Slack nor the incidents.
package postgres

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/incidents"
	"plimsoll/incidents/slack"
	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the rooms and the pinned messages. They come after those of the incidents, to which they refer.
var Migrations = pg.Migrations{Name: "slack", FS: files}

// leaseFor is longer than a job may run.
const leaseFor = time.Minute

// Store keeps rooms and pins.
type Store struct{ pool *pgxpool.Pool }

// New makes a store over a pool with [Migrations] applied.
func New(pool *pgxpool.Pool) *Store { return &Store{pool} }

// Lease returns the room of an incident for nobody else to change until it is released, made empty if there is none yet;
// false while somebody else has it. The database's clock ends a lease whose holder has died.
func (s *Store) Lease(ctx context.Context, ref incidents.Ref) (room slack.Room, ok bool, err error) {
	lease := rand.Text()
	err = s.pool.QueryRow(ctx, `
		INSERT INTO slack_rooms AS r (incident, record, lease, lease_until) VALUES ($1, '{}', $2, now() + $3::interval)
		ON CONFLICT (incident) DO UPDATE SET lease = excluded.lease, lease_until = excluded.lease_until
		 WHERE r.lease IS NULL OR r.lease_until < now()
		RETURNING record`, ref, lease, leaseFor).Scan(&room)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return room, false, nil
	case err != nil:
		return room, false, fmt.Errorf("take the room of %s: %w", ref, err)
	}
	room.Incident, room.Lease = ref, lease
	return room, true, nil
}

// Save keeps a room as it is now. The error is [slack.ErrLeaseLost] if somebody else holds it.
func (s *Store) Save(ctx context.Context, r slack.Room) error {
	return s.held(ctx, r, `UPDATE slack_rooms SET record = $3, channel = nullif($4, '') WHERE incident = $1 AND lease = $2`, r, r.Channel)
}

// Release lets others change the room.
func (s *Store) Release(ctx context.Context, r slack.Room) error {
	return s.held(ctx, r, `UPDATE slack_rooms SET lease = NULL, lease_until = NULL WHERE incident = $1 AND lease = $2`)
}

func (s *Store) held(ctx context.Context, r slack.Room, sql string, more ...any) error {
	tag, err := s.pool.Exec(ctx, sql, append([]any{r.Incident, r.Lease}, more...)...)
	if err != nil {
		return fmt.Errorf("keep the room of %s: %w", r.Incident, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("keep the room of %s: %w", r.Incident, slack.ErrLeaseLost)
	}
	return nil
}

// Of returns the room of an incident; an empty one if it has none.
func (s *Store) Of(ctx context.Context, ref incidents.Ref) (room slack.Room, err error) {
	err = s.pool.QueryRow(ctx, `SELECT record FROM slack_rooms WHERE incident = $1`, ref).Scan(&room)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return room, fmt.Errorf("read the room of %s: %w", ref, err)
	}
	room.Incident = ref
	return room, nil
}

// Incident returns the incident whose room a channel is; 0 if it is nobody's.
func (s *Store) Incident(ctx context.Context, channel string) (ref incidents.Ref, err error) {
	err = s.pool.QueryRow(ctx, `SELECT incident FROM slack_rooms WHERE channel = $1`, channel).Scan(&ref)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("look for the incident of a channel: %w", err)
	}
	return ref, nil
}

// Pin notes that a message is an entry of a timeline. To say it again changes nothing.
func (s *Store) Pin(ctx context.Context, p slack.Pin) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO slack_pins (channel, ts, incident, entry) VALUES ($1, $2, $3, $4)
		ON CONFLICT (channel, ts) DO NOTHING`, p.Channel, p.Timestamp, p.Incident, p.Entry)
	if err != nil {
		return fmt.Errorf("note a pinned message: %w", err)
	}
	return nil
}

// Pinned returns the entry that a message is; false if it is on no timeline.
func (s *Store) Pinned(ctx context.Context, channel, timestamp string) (slack.Pin, bool, error) {
	p := slack.Pin{Channel: channel, Timestamp: timestamp}
	err := s.pool.QueryRow(ctx, `SELECT incident, entry FROM slack_pins WHERE channel = $1 AND ts = $2`, channel, timestamp).
		Scan(&p.Incident, &p.Entry)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return p, false, nil
	case err != nil:
		return p, false, fmt.Errorf("look for a pinned message: %w", err)
	}
	return p, true, nil
}
