package postgres_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

// cutter stands between a client and PostgreSQL and cuts a connection off at a request of a certain number: before the server has it, or after
// the server has answered, so that the client cannot know what became of it.
type cutter struct {
	upstream string

	mu       sync.Mutex
	left     int  // requests until the cut; 0: none is to come
	answered bool // cut after the answer
}

func newCutter(t *testing.T, database string) (c *cutter, through string) {
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	c = &cutter{upstream: u.Host}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	u.Host = l.Addr().String()
	return c, u.String()
}

// at sets when the next connection is cut.
func (c *cutter) at(request int, answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.answered = request, answered
}

// request counts a request and reports whether the connection is to be cut at it.
func (c *cutter) request() (cut, answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		return false, false
	}
	c.left--
	return c.left == 0, c.answered
}

// reached reports whether the cut has been made.
func (c *cutter) reached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left == 0
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.upstream)
	if err != nil {
		return
	}
	defer server.Close()
	answer := &muted{to: client, heard: make(chan struct{})}
	go func() {
		_, _ = io.Copy(answer, server) // until either is closed
		client.Close()
	}()
	for kinds := 0; ; kinds = 1 { // the first message has no kind
		head := make([]byte, kinds+4)
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		message := append(head, make([]byte, binary.BigEndian.Uint32(head[kinds:])-4)...)
		if _, err := io.ReadFull(client, message[len(head):]); err != nil {
			return
		}
		if kinds == 1 && (head[0] == 'Q' || head[0] == 'S') { // what ends a request
			cut, answered := c.request()
			if cut && answered {
				answer.mute()
				_, _ = server.Write(message)
				<-answer.heard
			}
			if cut {
				return
			}
		}
		if _, err := server.Write(message); err != nil {
			return
		}
	}
}

// muted passes answers on until it is mute; then it only hears them.
type muted struct {
	mu    sync.Mutex
	to    io.Writer
	heard chan struct{} // closed at the first answer that is not passed on
	on    bool
}

func (m *muted) mute() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on = true
}

// Write implements [io.Writer].
func (m *muted) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on {
		return m.to.Write(b)
	}
	select {
	case <-m.heard:
	default:
		close(m.heard)
	}
	return len(b), nil
}

// busy is a ledger that changes everything that a checkpoint can hold.
type busy struct {
	*ledger.Ledger
	now     time.Time
	rounds  int
	objects []*slo.Objective
}

// round makes another objective, changes a definition, counts, drops, imports a correction, and lets blocks and cursors expire.
func (b *busy) round(t *testing.T) {
	t.Helper()
	b.rounds++
	b.now = b.now.Add(8 * 24 * time.Hour)
	first := objective("video/availability")
	first.Target -= slo.Ratio(b.rounds)
	b.objects = append(append([]*slo.Objective{first}, b.objects...)[:min(2, b.rounds)], objective(slo.Key(fmt.Sprintf("video/%03d", b.rounds))))
	b.SetObjectives(b.objects)
	at := b.now.UnixMilli()
	for _, o := range b.objects {
		ref, _ := b.Ref(o.Key)
		b.Commit(&ledger.Batch{
			Increments:   []ledger.Increment{{Objective: ref, From: at - 90*60_000, To: at, Good: 1000, Total: 1000 + int64(b.rounds)}},
			Observations: []ledger.Observation{{Objective: ref, At: at}},
			Drops:        []ledger.Drop{{Objective: ref, Samples: 1}},
			Cursors:      []*ledger.Cursor{{Key: fmt.Sprintf("%s %d", o.Key, b.rounds), T: at, Value: float64(b.rounds)}},
		})
	}
	from := ledger.New(ledger.Config{Now: func() time.Time { return b.now }})
	c := wrong()
	c.At = b.now
	from.SetCorrections([]slo.Correction{c})
	var archive bytes.Buffer
	if err := from.Export(&archive); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Import(&archive); err != nil {
		t.Fatal(err)
	}
}

// same fails unless the database holds what the ledger does, once.
func (b *busy) same(t *testing.T, pool *pgxpool.Pool, follower *postgres.Store, followed *ledger.Ledger, when string) {
	t.Helper()
	export := func(l *ledger.Ledger) []byte {
		var archive bytes.Buffer
		if err := l.Export(&archive); err != nil {
			t.Fatal(err)
		}
		return archive.Bytes()
	}
	loaded := b.Blank()
	if err := newStore(t, pool).Load(t.Context(), loaded); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	loaded.SetObjectives(b.objects)
	followed.SetObjectives(b.objects)
	if _, err := follower.Follow(t.Context(), followed); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	for name, l := range map[string]*ledger.Ledger{"loaded": loaded, "followed": followed} {
		if !bytes.Equal(export(b.Ledger), export(l)) {
			t.Fatalf("%s: what is %s differs from what was counted", when, name)
		}
	}
	for round := range b.rounds + 1 {
		for _, o := range b.objects {
			key := fmt.Sprintf("%s %d", o.Key, round)
			want, known := b.Cursor(key)
			if got, ok := loaded.Cursor(key); ok != known || got.T != want.T || got.Value != want.Value {
				t.Fatalf("%s: cursor %s is %+v, %v; it was %+v, %v", when, key, got, ok, want, known)
			}
		}
	}
	var corrections, twice int
	err := pool.QueryRow(t.Context(), `SELECT count(*), count(*) - count(DISTINCT made_at) FROM ledger_corrections`).Scan(&corrections, &twice)
	if err != nil || corrections != b.rounds || twice != 0 {
		t.Fatalf("%s: %d corrections, %d of them twice, %v; want %d", when, corrections, twice, err, b.rounds)
	}
}

// Whichever statement of a checkpoint the connection is lost at, before the server has it or after it has answered, the next checkpoint makes the
// database hold exactly what memory does; who follows sees the same.
func TestConnectionLostAtEachStatement(t *testing.T) {
	t.Parallel()
	for _, answered := range []bool{false, true} {
		t.Run(fmt.Sprintf("answered=%v", answered), func(t *testing.T) {
			t.Parallel()
			database := pgtest.URL(t)
			direct, err := pg.Connect(t.Context(), database)
			if err != nil {
				t.Fatal(err)
			}
			defer direct.Close()
			if err := pg.Migrate(t.Context(), direct, postgres.Migrations); err != nil {
				t.Fatal(err)
			}
			cut, through := newCutter(t, database)
			pool, err := pg.Connect(t.Context(), through)
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			b := &busy{now: base}
			b.Ledger = ledger.New(ledger.Config{Now: func() time.Time { return b.now }})
			checkpoints := &ledger.Checkpointer{Ledger: b.Ledger, Store: lead(t, pool)}
			follower, followed := newStore(t, direct), b.Blank()
			statements := 0
			for request, reached := 1, true; reached; request++ {
				b.round(t)
				cut.at(request, answered)
				err := checkpoints.Save(t.Context())
				if reached = cut.reached(); reached && err != nil {
					statements++
				}
				cut.at(0, false)
				if err := checkpoints.Save(t.Context()); err != nil {
					t.Fatalf("cut at request %d: the next checkpoint: %v", request, err)
				}
				b.same(t, direct, follower, followed, fmt.Sprintf("cut at request %d", request))
			}
			if statements < 15 {
				t.Errorf("only %d requests failed", statements)
			}
			t.Logf("%d requests failed", statements)
		})
	}
}
