package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"time"
)

// SessionLength is for how long a sign-in on the pages holds.
const SessionLength = 12 * time.Hour

// sessionCookie is its name where the pages are reached over TLS: the prefix makes browsers refuse one that a neighbour under
// the same domain has set. Without TLS, as on loopback, there is no prefix to be had.
const (
	sessionCookie      = "plimsoll_session"
	sessionCookieOfTLS = "__Host-" + sessionCookie
)

// Sessions let a person sign in once with a token and then read and write pages. A session is the token itself, sealed into a
// cookie that no script can read, with the instant at which it ends: whoever has it is asked anew with each request, so that a
// token that is taken back, or that runs out, ends its sessions on every replica, and there is no table to keep.
type Sessions struct {
	seal cipher.AEAD
	find func(*http.Request) (Principal, error)
	now  func() time.Time
}

// NewSessions makes sessions over what finds the principal of a request by its Authorization header. The secret seals the
// cookies; replicas that share it honour each other's. A nil clock is time.Now.
func NewSessions(secret string, find func(*http.Request) (Principal, error), now func() time.Time) (*Sessions, error) {
	if secret == "" || find == nil {
		return nil, errors.New("sessions need a secret and somebody who knows tokens")
	}
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "plimsoll session v1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	s := &Sessions{find: find, now: now}
	if s.seal, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Authenticate finds the principal of a request by its Authorization header or, if it has none, by its session. A session that
// is over, or was never one, makes nobody known and is no error: the reader is anonymous and can sign in again.
func (s *Sessions) Authenticate(r *http.Request) (Principal, error) {
	if r.Header.Get("Authorization") != "" {
		return s.find(r)
	}
	for _, name := range []string{sessionCookieOfTLS, sessionCookie} {
		if name == sessionCookie && overTLS(r) {
			continue // anybody under the same domain may have set it
		}
		c, err := r.Cookie(name)
		if err != nil {
			continue
		}
		token, ok := s.open(c.Value)
		if !ok {
			continue
		}
		if p, err := s.find(bearing(r, token)); err == nil {
			return p, nil
		}
	}
	return Principal{}, nil
}

// SignIn returns whose token it is, and sets the cookie of a session.
//
// Errors: [ErrBadToken], [ErrLongToken] and what else the finder of principals returns.
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, token string) (Principal, error) {
	p, err := s.find(bearing(r, token))
	if err != nil {
		return Principal{}, err
	}
	if p.Anonymous() {
		return Principal{}, ErrBadToken
	}
	sealed := s.close(token)
	if len(sealed) > maxCookie {
		return Principal{}, ErrLongToken
	}
	http.SetCookie(w, cookie(r, sealed, int(SessionLength/time.Second)))
	return p, nil
}

// SignOut takes the cookie of the session away.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, cookie(r, "", -1))
}

// ErrLongToken is returned for a good token that no browser would keep.
var ErrLongToken = errors.New("the token is too long to sign in with")

// maxCookie is what every browser keeps of one cookie (RFC 6265, 6.1), less its name and attributes.
const maxCookie = 3800

func cookie(r *http.Request, value string, age int) *http.Cookie {
	c := &http.Cookie{Name: sessionCookie, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if overTLS(r) {
		c.Name, c.Secure = sessionCookieOfTLS, true
	}
	return c
}

// overTLS reports whether the browser reached the pages over TLS, also where a proxy ends it.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}

// bearing is the request as it would be with a token.
func bearing(r *http.Request, token string) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// close seals a token with its end, in seconds since 1970.
func (s *Sessions) close(token string) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(s.now().Add(SessionLength).Unix()))
	nonce := make([]byte, s.seal.NonceSize())
	rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(s.seal.Seal(nonce, nonce, append(plain, token...), nil))
}

// open returns the token of a session that is not over.
func (s *Sessions) open(sealed string) (string, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(b) < s.seal.NonceSize() {
		return "", false
	}
	nonce, b := b[:s.seal.NonceSize()], b[s.seal.NonceSize():]
	plain, err := s.seal.Open(nil, nonce, b, nil)
	if err != nil || len(plain) < 8 {
		return "", false
	}
	end := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0)
	return string(plain[8:]), s.now().Before(end)
}
