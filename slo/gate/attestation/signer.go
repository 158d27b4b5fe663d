package attestation

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// PublicKey is a key that decisions are verified with, and who signed with it when.
type PublicKey struct {
	ID      KeyID      `json:"id"`
	PEM     string     `json:"pem"`
	Replica string     `json:"replica,omitempty" doc:"The process that signs with it"`
	From    time.Time  `json:"from,omitzero" doc:"Since when it is published"`
	Until   *time.Time `json:"until,omitempty" doc:"When another took its place; what it has signed stays good"`
}

// File writes keys as a file for [Verifier]: each in PEM, below a line that says whose it is and when it was in use.
func File(keys []PublicKey) string {
	var b strings.Builder
	for _, k := range keys {
		use := "in use since " + k.From.UTC().Format(time.RFC3339)
		if k.Until != nil {
			use = fmt.Sprintf("in use from %s until %s", k.From.UTC().Format(time.RFC3339), k.Until.UTC().Format(time.RFC3339))
		}
		fmt.Fprintf(&b, "# %s of %s, %s\n%s", k.ID, k.Replica, use, k.PEM)
	}
	return b.String()
}

// Signer signs with the newest key of a data directory, which may be replaced meanwhile. It is safe for concurrent use.
type Signer struct {
	dir      string
	rotating sync.Mutex
	ring     atomic.Pointer[Keyring]
}

// OpenSigner reads the keys of a data directory and makes the first one if there is none.
func OpenSigner(dir string) (*Signer, error) {
	ring, err := OpenKeyring(dir)
	if err != nil {
		return nil, err
	}
	s := &Signer{dir: dir}
	s.ring.Store(ring)
	return s, nil
}

// Ring returns the keys as they are now.
func (s *Signer) Ring() *Keyring { return s.ring.Load() }

// Rotate makes a new key. It signs once publish has returned without an error: nothing is signed with a key that nobody can know.
// After an error it signs from the next start on.
func (s *Signer) Rotate(publish func(*Keyring) error) (*Keyring, error) {
	s.rotating.Lock()
	defer s.rotating.Unlock()
	ring, err := RotateKeyring(s.dir)
	if err != nil {
		return nil, err
	}
	if err := publish(ring); err != nil {
		return nil, err
	}
	s.ring.Store(ring)
	return ring, nil
}
