package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"plimsoll/internal/pg"
)

var outage = flag.Duration("outage", 5*time.Second, "how long PostgreSQL is away in TestPostgresStopped")

// database is a PostgreSQL of the test's that can be frozen and killed.
type database struct {
	*pg.Server
	t   *testing.T
	dir string
}

func startDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{t: t, dir: filepath.Join(dataDir(t), "pg")}
	var err error
	d.Server, err = pg.Start(t.Context(), pg.Config{Dir: d.dir, Logger: slog.New(slog.DiscardHandler), Settings: map[string]string{"shared_buffers": "32MB"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// postmaster is the server's first process, as its file says.
func (d *database) postmaster() int {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, "data", "postmaster.pid"))
	if err != nil {
		d.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(b), "\n", 2)[0])
	if err != nil {
		d.t.Fatal(err)
	}
	return pid
}

// processes are the postmaster and its children.
func (d *database) processes() []int {
	d.t.Helper()
	parent := d.postmaster()
	all := []int{parent}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), ") ") // after the name, which may hold anything
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

// freeze stops every process of the server until it is thawed: connections stay, and nobody answers.
func (d *database) freeze() (thaw func()) {
	frozen := d.processes()
	for _, pid := range frozen {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			d.t.Fatal(err)
		}
	}
	thaw = func() {
		for _, pid := range frozen {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
	d.t.Cleanup(thaw) // before it is told to end, which a frozen one does not hear
	return thaw
}

// kill ends the server as a crash would, until it is started again.
func (d *database) kill() (again func()) {
	if err := syscall.Kill(d.postmaster(), syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	return func() {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		d.t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				d.t.Error(err)
			}
		})
	}
}

// TestPostgresStopped takes the database away from two replicas while a target counts. Reads go on and say how old they are; when the database
// is back, so is everything, to the event, and no process had to be started again.
func TestPostgresStopped(t *testing.T) {
	t.Parallel()
	d := startDatabase(t)
	url, err := d.Database(t.Context(), "plimsoll")
	if err != nil {
		t.Fatal(err)
	}
	r := newReplicas(t, 2, url)
	for _, m := range r.members {
		r.start(m)
	}
	stop := r.target.work(rand.New(rand.NewPCG(1, 2)))
	p := &pusher{t: t, r: r}
	p.deliver() // the counter begins
	stopPushing := p.work()
	for _, tc := range []struct {
		name string
		away func() (back func())
	}{{"frozen", d.freeze}, {"killed", d.kill}} {
		leader, epoch := r.leader()
		eventually(t, "the target has something to do", 30*time.Second, func() error {
			if n := r.target.counted().Total; n < 1000 {
				return fmt.Errorf("%d events", n)
			}
			return nil
		})
		before := r.target.counted()
		eventually(t, "the events before the outage are read", 30*time.Second, func() error {
			return r.readsAtLeast(r.members, before)
		})
		began := time.Now()
		back := tc.away()
		r.during(tc.name, leader, time.Now()) // a checkpoint may be newer than the beginning, but not than this
		for rest := time.Until(began.Add(*outage)); rest > 0; rest = time.Until(began.Add(*outage)) {
			time.Sleep(rest) // the outage has to last
		}
		after := r.target.counted()
		if got, err := r.read(leader); err != nil || got.Total <= before.Total {
			t.Errorf("%s: at the end of the outage the leader reads %+v, %v", tc.name, got, err)
		}
		if err := p.push(leader); err == nil {
			t.Errorf("%s: a push is acknowledged that is nowhere but in memory", tc.name)
		}
		acknowledged := p.acknowledged()
		back()
		eventually(t, tc.name+": all replicas are ready again", time.Minute, func() error { return r.ready(epoch) })
		eventually(t, tc.name+": all replicas read what was counted meanwhile", time.Minute, func() error {
			return r.readsAtLeast(r.members, after)
		})
		now := r.holdsAcknowledged(tc.name, acknowledged)
		t.Logf("%s for %v; epoch %d, then %d; %d events were counted meanwhile", tc.name, time.Since(began).Round(time.Second), epoch, now, after.Total-before.Total)
	}
	stop()
	stopPushing()
	p.deliver()
	r.agree("after all outages")
	for _, m := range r.members {
		eventually(t, "what was pushed is read", 30*time.Second, func() error { return p.holds(m) })
	}
	t.Logf("%d pushed events were acknowledged", p.acknowledged())
	for _, m := range r.members {
		select {
		case <-m.done:
			t.Errorf("%s has ended: %v", m.name, m.err)
		default:
		}
	}
}

// during looks at the replicas while the database is away, as it is since an instant.
func (r *replicas) during(how string, leader *member, since time.Time) {
	r.t.Helper()
	counted := r.target.counted()
	eventually(r.t, how+": the leader counts on and reads it", *outage+10*time.Second, func() error {
		return r.readsAtLeast([]*member{leader}, counted)
	})
	eventually(r.t, how+": the leader says that nothing is saved", *outage+10*time.Second, func() error {
		if _, err := get(leader.url + "/readyz"); err == nil {
			return errors.New("it is ready")
		}
		s, err := leader.status()
		if err == nil && (s.Database || s.Ready || s.AgeSeconds != 0 || s.Role != "suspended") {
			err = fmt.Errorf("it says %+v", s)
		}
		return err
	})
	eventually(r.t, how+": the follower says how old its answers are", *outage+10*time.Second, func() error {
		follower := r.other(leader)
		if _, err := r.read(follower); err != nil {
			return err
		}
		age := time.Since(since).Seconds()
		s, err := follower.status()
		if err == nil && (s.Role != "following" || s.AgeSeconds < age || s.AgeSeconds > age+5) {
			err = fmt.Errorf("it says %+v after %v", s, age)
		}
		return err
	})
}

// holdsAcknowledged waits until the leader reads at least what was acknowledged, and returns its epoch.
func (r *replicas) holdsAcknowledged(how string, acknowledged int64) int64 {
	r.t.Helper()
	leader, epoch := r.leader()
	eventually(r.t, how+": the leader holds what was acknowledged", 30*time.Second, func() error {
		var o struct{ Events counts }
		err := getJSON(leader.url+"/v1/objectives/target/pushed", &o)
		if err == nil && o.Events.Total < acknowledged {
			err = fmt.Errorf("it reads %d events, %d were acknowledged", o.Events.Total, acknowledged)
		}
		return err
	})
	return epoch
}

func (r *replicas) readsAtLeast(members []*member, least counts) error {
	for _, m := range members {
		got, err := r.read(m)
		if err != nil {
			return err
		}
		if got.Total < least.Total {
			return fmt.Errorf("%s reads %+v, and there were %+v", m.name, got, least)
		}
	}
	return nil
}

// ready says which member is not ready, or was not followed by an epoch at least as high as before.
func (r *replicas) ready(epoch int64) error {
	for _, m := range r.members {
		s, err := m.status()
		if err != nil {
			return err
		}
		if !s.Ready || s.Epoch < epoch || s.Role == "suspended" {
			return fmt.Errorf("%s says %+v", m.name, s)
		}
	}
	return nil
}
