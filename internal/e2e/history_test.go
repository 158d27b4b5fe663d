package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"plimsoll/internal/pg/pgtest"
)

var steps = flag.Int("steps", 40, "how many things happen in TestHistory")

// voyage is one server that is sent a history, and what it was sent.
type voyage struct {
	t           *testing.T
	rng         *rand.Rand
	dir, url    string
	server      *process
	target      *target
	senders     []*sender
	now         int64 // of the senders, in Unix milliseconds
	held        *request
	sent        []events
	promises    []promised
	corrections []correction
	kills       int
}

// TestHistory sends a history to a server that is killed at random, in the middle of requests, of reloads and between them, in which corrections are
// made and taken back. After each step every figure that it shows must be what a replay of all that was acknowledged gives.
func TestHistory(t *testing.T) {
	t.Parallel()
	s := drawSeed()
	t.Logf("run again with -seed %d -steps %d", s, *steps)
	v := &voyage{t: t, rng: rand.New(rand.NewPCG(s, 2)), dir: dataDir(t), target: newTarget(t)}
	addr := freeAddr(t)
	v.url = "http://" + addr
	writeFile(t, filepath.Join(v.dir, "plimsoll.yaml"), fmt.Sprintf("listen: %s\ndata_dir: %s\ndatabase_url: %s\nobjectives: [objectives.yaml]\ncheckpoint_every: 300ms\n%s",
		addr, filepath.Join(v.dir, "data"), pgtest.URL(t), v.target.job()))
	v.define()
	v.start()
	began := time.Now().Add(-100 * time.Minute).UnixMilli() // within the horizon, and far enough back for windows to lose something
	v.now = began
	for i, deltas := range []bool{false, false, true, true} {
		v.senders = append(v.senders, &sender{instance: fmt.Sprint("i", i), deltas: deltas, last: began})
	}
	stop := v.target.work(rand.New(rand.NewPCG(s, 3)))
	for n := range *steps {
		v.step((90 * time.Minute).Milliseconds() / int64(*steps))
		v.agree(fmt.Sprintf("after step %d", n))
	}
	if v.held != nil {
		v.deliver(*v.held)
	}
	stop()
	v.agree("in the end")
	v.agreesWithTarget()
	t.Logf("killed %d times; %d increases were acknowledged; %d corrections", v.kills, len(v.sent), len(v.corrections))
}

func (v *voyage) start() {
	v.t.Helper()
	v.server = start(v.t, "plimsoll", []string{"PLIMSOLL_TOKEN=" + operatorToken}, "serve", "--config", filepath.Join(v.dir, "plimsoll.yaml"))
	v.ready()
}

func (v *voyage) ready() {
	v.t.Helper()
	eventually(v.t, "the server is ready", time.Minute, func() error {
		_, err := get(v.url + "/readyz")
		return err
	})
}

// killDuring kills the server at a random instant of something, and starts it again.
func (v *voyage) killDuring(what string, do func()) {
	v.kills++
	kill := time.AfterFunc(time.Duration(v.rng.Int64N(int64(12*time.Millisecond))), v.server.kill)
	do()
	if !kill.Stop() {
		<-v.server.done
	} else {
		v.server.kill()
	}
	v.t.Logf("killed in %s", what)
	v.start()
}

// step lets something happen, in about as much time of the senders as is given.
func (v *voyage) step(millis int64) {
	v.t.Helper()
	switch n := v.rng.IntN(20); {
	case n < 11:
		v.now += 2 + v.rng.Int64N(2*millis)
		r := v.senders[v.rng.IntN(len(v.senders))].batch(v.rng, v.now)
		switch {
		case v.held == nil && strings.HasPrefix(r.say, "OTLP") && v.rng.IntN(4) == 0:
			v.held = &r // it comes after newer ones
		case v.rng.IntN(4) == 0:
			v.killDuring(r.say, func() { _ = r.post(v.url) })
			fallthrough
		default:
			v.deliver(r)
			if v.held != nil && v.rng.IntN(2) == 0 {
				v.deliver(*v.held)
				v.held = nil
			}
		}
	case n < 13:
		v.define()
		hangUp := func() { _ = v.server.cmd.Process.Signal(syscall.SIGHUP) }
		if v.rng.IntN(3) == 0 {
			v.killDuring("a reload", hangUp)
		} else {
			hangUp()
		}
		v.defined()
	case n < 16:
		v.correct()
	case n < 18:
		v.takeBack()
	case n < 19:
		v.killDuring("nothing", func() {})
	default:
		if err := v.server.stop(); err != nil {
			v.t.Fatalf("stop the server: %v", err)
		}
		v.start()
	}
}

// deliver repeats a request until it is acknowledged. It may have been counted before, when nobody was told.
func (v *voyage) deliver(r request) {
	v.t.Helper()
	eventually(v.t, r.say+" is acknowledged", 30*time.Second, func() error { return r.post(v.url) })
	v.sent = append(v.sent, r.samples...)
}

// define writes other objectives.
func (v *voyage) define() {
	v.promises = drawPromises(v.rng)
	text := targetObjective
	for _, p := range v.promises {
		text += p.yaml()
	}
	writeFile(v.t, filepath.Join(v.dir, "objectives.yaml"), text)
}

// defined waits until the server has read the objectives.
func (v *voyage) defined() {
	v.t.Helper()
	eventually(v.t, "the objectives are read", 30*time.Second, func() error {
		shown, _, err := v.read()
		for _, p := range v.promises {
			o := shown["shop/"+p.name]
			if err == nil && (o.Target != fmt.Sprintf("%g", float64(p.permille)/1000) || o.WindowSeconds != int64(p.window/time.Second)) {
				err = fmt.Errorf("%s has the target %s and the window %d s, not yet %+v", p.name, o.Target, o.WindowSeconds, p)
			}
		}
		return err
	})
}

// correct makes a correction of some of the time that was told of.
func (v *voyage) correct() {
	v.t.Helper()
	from := time.UnixMilli(v.now).Add(-time.Duration(v.rng.Int64N(90)) * time.Minute).Truncate(time.Minute).UTC()
	c := correction{From: from, To: from.Add(time.Duration(1+v.rng.Int64N(20)) * time.Minute), Effect: []string{"exclude", "good"}[v.rng.IntN(2)], Service: "shop"}
	if v.rng.IntN(2) == 0 {
		c.Service, c.Objective = "", "shop/"+v.promises[v.rng.IntN(len(v.promises))].name
	}
	body := map[string]any{"from": c.From, "to": c.To, "effect": c.Effect, "reason": "An exercise"}
	if c.Service != "" {
		body["service"] = c.Service
	} else {
		body["objective"] = c.Objective
	}
	var made struct{ Correction struct{ ID int64 } }
	v.ask("/v1/corrections", body, &made)
	c.ID = made.Correction.ID
	v.corrections = append(v.corrections, c)
}

// takeBack takes a correction back.
func (v *voyage) takeBack() {
	v.t.Helper()
	if len(v.corrections) == 0 {
		return
	}
	c := &v.corrections[v.rng.IntN(len(v.corrections))]
	v.ask(fmt.Sprintf("/v1/corrections/%d/undo", c.ID), map[string]any{}, &struct{}{})
	c.undone = true
}

// ask posts JSON, and fails the test if the answer is no success.
func (v *voyage) ask(path string, body, into any) {
	v.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+path, bytes.NewReader(b))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+operatorToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		v.t.Fatalf("POST %s: %s: %s, %v", path, resp.Status, said, err)
	}
	if err := json.Unmarshal(said, into); err != nil {
		v.t.Fatal(err)
	}
}
