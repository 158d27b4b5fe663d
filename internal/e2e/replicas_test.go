package e2e

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"plimsoll/internal/pg/pgtest"
)

var (
	faults = flag.Int("faults", 5, "how many times TestReplicas kills, freezes or stops the leader")
	seed   = flag.Uint64("seed", 0, "of the faults and the history; a random one when 0")
)

// replicas are processes on one database that all would count the same target.
type replicas struct {
	t       *testing.T
	target  *target
	members []*member
	refused int // leaders of which a checkpoint was refused
}

// member is one of them, which is started again at its address when it has ended.
type member struct {
	*process
	name   string
	url    string
	config string
}

// memberStatus is what GET /v1/status says.
type memberStatus struct {
	Role       string
	Epoch      int64
	Leader     string
	AgeSeconds float64
	Database   bool
	Ready      bool
	Reason     string
}

func newReplicas(t *testing.T, n int, database string) *replicas {
	r := &replicas{t: t, target: newTarget(t)}
	for i := range n {
		dir, addr := dataDir(t), freeAddr(t)
		m := &member{name: fmt.Sprintf("replica %d", i+1), url: "http://" + addr, config: filepath.Join(dir, "plimsoll.yaml")}
		writeFile(t, filepath.Join(dir, "objectives.yaml"), targetObjective+"---\n"+pushedObjective)
		writeFile(t, m.config, fmt.Sprintf(`listen: %s
data_dir: %s
database_url: %s
advertise_url: %s
objectives: [objectives.yaml]
checkpoint_every: 200ms
leader_timeout: 1s
%s`, addr, filepath.Join(dir, "data"), database, m.url, r.target.job()))
		r.members = append(r.members, m)
	}
	return r
}

func (r *replicas) start(m *member) {
	r.t.Helper()
	m.process = start(r.t, "plimsoll", []string{"PLIMSOLL_TOKEN=" + operatorToken}, "serve", "--config", m.config)
	eventually(r.t, m.name+" serves", time.Minute, func() error {
		_, err := m.status()
		return err
	})
}

func (m *member) status() (s memberStatus, err error) {
	err = getJSON(m.url+"/v1/status", &s)
	return s, err
}

// follows says why a member does not follow.
func (m *member) follows() error {
	s, err := m.status()
	if err == nil && s.Role != "following" {
		err = fmt.Errorf("it is %q", s.Role)
	}
	return err
}

// leader waits until a member other than those leads, and returns it with its epoch.
func (r *replicas) leader(except ...*member) (*member, int64) {
	r.t.Helper()
	var found *member
	var epoch int64
	eventually(r.t, "a replica leads", time.Minute, func() error {
		var errs []error
		for _, m := range r.members {
			if contains(except, m) {
				continue
			}
			s, err := m.status()
			if err == nil && s.Role == "leading" {
				found, epoch = m, s.Epoch
				return nil
			}
			errs = append(errs, fmt.Errorf("%s is %q: %w", m.name, s.Role, err))
		}
		return errors.Join(errs...)
	})
	return found, epoch
}

func contains(all []*member, m *member) bool {
	for _, other := range all {
		if other == m {
			return true
		}
	}
	return false
}

// agree waits until every member reads exactly what the target counted, and fails at once if one reads more.
func (r *replicas) agree(when string) {
	r.t.Helper()
	eventually(r.t, when+": all replicas agree with the target", 30*time.Second, func() error {
		for _, m := range r.members {
			got, err := r.read(m)
			if err != nil {
				return err
			}
			if want := r.target.counted(); got != want {
				return fmt.Errorf("%s reads %+v, the target counted %+v", m.name, got, want)
			}
		}
		return nil
	})
}

// read asks a member for the events. There are never more than the target had counted by then.
func (r *replicas) read(m *member) (counts, error) {
	r.t.Helper()
	var o struct{ Events counts }
	err := getJSON(m.url+"/v1/objectives/target/availability", &o)
	if most := r.target.counted(); err == nil && (o.Events.Total > most.Total || o.Events.Good > most.Good) {
		r.t.Fatalf("%s reads %+v, more than the %+v that the target has counted", m.name, o.Events, most)
	}
	return o.Events, err
}

// fault is a way in which a leader goes, and how it comes back.
type fault struct {
	name string
	do   func(r *replicas, leader *member, epoch int64)
}

var leaderFaults = []fault{
	{"kill", func(r *replicas, leader *member, epoch int64) {
		leader.kill()
		r.expectNewLeader(leader, epoch)
		r.start(leader)
	}},
	{"freeze", func(r *replicas, leader *member, epoch int64) {
		leader.signal(syscall.SIGSTOP)
		defer leader.signal(syscall.SIGCONT) // also when the test fails, or nothing could end it
		r.expectNewLeader(leader, epoch)
		leader.signal(syscall.SIGCONT)
		eventually(r.t, leader.name+" steps down once it is thawed", 30*time.Second, func() error {
			if !strings.Contains(leader.out.String(), "another process leads") {
				return errors.New("it does not say that another process leads")
			}
			return nil
		})
		if strings.Contains(leader.out.String(), "it leads with a later epoch") {
			r.refused++
		}
	}},
	{"freeze briefly", func(r *replicas, leader *member, _ int64) { // too briefly for anybody to notice, mostly
		leader.signal(syscall.SIGSTOP)
		r.read(r.other(leader))
		leader.signal(syscall.SIGCONT)
	}},
	{"stop", func(r *replicas, leader *member, epoch int64) {
		if err := leader.stop(); err != nil {
			r.t.Errorf("stop %s: %v", leader.name, err)
		}
		r.expectNewLeader(leader, epoch)
		r.start(leader)
	}},
}

func (r *replicas) other(m *member) *member {
	if r.members[0] == m {
		return r.members[1]
	}
	return r.members[0]
}

func (r *replicas) expectNewLeader(old *member, epoch int64) {
	r.t.Helper()
	if m, now := r.leader(old); now <= epoch {
		r.t.Fatalf("%s leads with epoch %d after %d", m.name, now, epoch)
	}
}

func (m *member) signal(s syscall.Signal) { _ = m.cmd.Process.Signal(s) }

// drawSeed returns the seed that was asked for, or a random one.
func drawSeed() uint64 {
	if *seed != 0 {
		return *seed
	}
	return rand.Uint64()
}

// TestReplicas kills, freezes and stops the leader of two at random instants while a target counts. No event is lost, none is counted
// twice, and both read the same in the end.
func TestReplicas(t *testing.T) {
	t.Parallel()
	s := drawSeed()
	t.Logf("run again with -seed %d -faults %d", s, *faults)
	rng := rand.New(rand.NewPCG(s, 0))
	r := newReplicas(t, 2, pgtest.URL(t))
	for _, m := range r.members {
		r.start(m)
	}
	stop := r.target.work(rand.New(rand.NewPCG(s, 1)))
	order := rng.Perm(len(leaderFaults))
	for i := range *faults {
		f := leaderFaults[order[i%len(order)]]
		leader, epoch := r.leader()
		settle := time.Duration(rng.Int64N(int64(time.Second)))
		for deadline := time.Now().Add(settle); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) { // the random instant
			for _, m := range r.members {
				_, _ = r.read(m) // it may be away; what it says must not be too much
			}
		}
		t.Logf("%s %s, which leads with epoch %d", f.name, leader.name, epoch)
		f.do(r, leader, epoch)
	}
	stop()
	r.agree("after all faults")
	_, epoch := r.leader()
	t.Logf("the target counted %+v; %d epochs; %d thawed leaders had a checkpoint refused, the others looked before", r.target.counted(), epoch, r.refused)
}
