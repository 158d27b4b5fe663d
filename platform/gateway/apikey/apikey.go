// Package apikey holds the keys by which programs are known to the public API. A key reads "pk_ID_SECRET"; the table
// has the hash of the secret only, so a key is shown once, when it is made.
//
// It owns the table gateway_api_keys and decides who a key stands for, never what they may do.
package apikey

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/identity"
	"plimsoll/internal/pg"
	"plimsoll/platform/cache"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the table.
var Migrations = pg.Migrations{Name: "gateway", FS: migrations}

var (
	// ErrBadKey is returned for a key that was never made, or was revoked.
	ErrBadKey = errors.New("the API key is not valid")
	// ErrNoKey is returned for the ID of no live key.
	ErrNoKey = errors.New("there is no such API key")
	// ErrNameTaken is returned when a live key has the name already.
	ErrNameTaken = errors.New("a live API key has this name already")
	// ErrNoName is returned for a key without a name.
	ErrNoName = errors.New("an API key needs a name")
)

// revocationDelay is how long a revoked key may still be believed by other processes.
const revocationDelay = 5 * time.Second

// Key is one row of the table.
type Key struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"createdAt"`
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
	hash      []byte
}

// Keys makes, lists, revokes and recognises keys. It is safe for concurrent use.
type Keys struct {
	pool  *pgxpool.Pool
	now   func() time.Time
	known *cache.Cache[Key]
}

// Config of Keys.
type Config struct {
	Pool    *pgxpool.Pool
	Metrics *cache.Metrics   // may be nil
	Now     func() time.Time // time.Now if nil
}

// New returns the keys in a migrated database.
func New(cfg Config) (*Keys, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	k := &Keys{pool: cfg.Pool, now: cfg.Now}
	known, err := cache.New(cache.Config[Key]{
		Name: "api_keys", Load: k.find, Metrics: cfg.Metrics, Now: cfg.Now,
		TTL:    func(Key) time.Duration { return revocationDelay },
		Absent: ErrBadKey, NegativeTTL: revocationDelay,
	})
	k.known = known
	return k, err
}

// Create makes a key and returns its text, which nobody can find again. Errors: ErrNoName, ErrNameTaken.
func (k *Keys) Create(ctx context.Context, name string) (text string, key Key, err error) {
	if name = strings.TrimSpace(name); name == "" {
		return "", Key{}, ErrNoName
	}
	id, secret := strings.ToLower(rand.Text()[:idLength]), rand.Text()
	sum := sha256.Sum256([]byte(secret))
	key = Key{ID: id, Name: name, CreatedAt: k.now().UTC()}
	_, err = k.pool.Exec(ctx, `INSERT INTO gateway_api_keys (id, name, hash, created_at) VALUES ($1, $2, $3, $4)`,
		key.ID, key.Name, sum[:], key.CreatedAt)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.ConstraintName == "gateway_api_keys_live_name" {
		return "", Key{}, fmt.Errorf("%w: %s", ErrNameTaken, name)
	}
	if err != nil {
		return "", Key{}, fmt.Errorf("make API key: %w", err)
	}
	return "pk_" + id + "_" + secret, key, nil
}

// List returns all keys, the oldest first.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	rows, _ := k.pool.Query(ctx, `SELECT `+columns+` FROM gateway_api_keys ORDER BY created_at, id`)
	keys, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return keys, nil
}

// Revoke ends a key: at once here, within 5 s in other processes. It returns ErrNoKey if no live key has the ID.
func (k *Keys) Revoke(ctx context.Context, id string) error {
	tag, err := k.pool.Exec(ctx, `UPDATE gateway_api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, k.now().UTC())
	if err != nil {
		return fmt.Errorf("revoke API key: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("%w: %s", ErrNoKey, id)
	}
	k.known.Invalidate(id)
	return nil
}

// Authenticate finds who a request is from by its Authorization header ("Bearer pk_…"). Without the header it is
// anonymous. A wrong key is ErrBadKey; any other error means that nobody can tell.
func (k *Keys) Authenticate(r *http.Request) (identity.Principal, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return identity.Principal{}, nil
	}
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return identity.Principal{}, fmt.Errorf("%w: Authorization must read \"Bearer KEY\"", ErrBadKey)
	}
	return k.Identify(r.Context(), strings.TrimSpace(text))
}

// Identify finds who a key stands for.
func (k *Keys) Identify(ctx context.Context, text string) (identity.Principal, error) {
	rest, ok := strings.CutPrefix(text, "pk_")
	id, secret, ok2 := strings.Cut(rest, "_")
	if !ok || !ok2 {
		return identity.Principal{}, fmt.Errorf("%w: keys begin with \"pk_\"", ErrBadKey)
	}
	if !validID(id) {
		return identity.Principal{}, ErrBadKey
	}
	key, err := k.known.Get(ctx, id)
	if err != nil {
		return identity.Principal{}, err
	}
	sum := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(sum[:], key.hash) != 1 {
		return identity.Principal{}, ErrBadKey
	}
	return identity.Principal{Subject: key.Name}, nil
}

// idLength is how many characters of RFC 4648's base 32 an ID has.
const idLength = 10

// validID tells whether a key may have the ID. What cannot be one is neither looked up nor remembered: anybody can send
// it, of any length and in bytes that the database refuses.
func validID(id string) bool {
	return len(id) == idLength && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

const columns = `id, name, hash, created_at, revoked_at`

func scan(row pgx.CollectableRow) (Key, error) {
	var key Key
	err := row.Scan(&key.ID, &key.Name, &key.hash, &key.CreatedAt, &key.RevokedAt)
	return key, err
}

// find loads a live key.
func (k *Keys) find(ctx context.Context, id string) (Key, error) {
	rows, _ := k.pool.Query(ctx, `SELECT `+columns+` FROM gateway_api_keys WHERE id = $1 AND revoked_at IS NULL`, id)
	key, err := pgx.CollectExactlyOneRow(rows, scan)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Key{}, ErrBadKey
	case err != nil:
		return Key{}, fmt.Errorf("read API key: %w", err)
	}
	return key, nil
}
