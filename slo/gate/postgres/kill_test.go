package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"plimsoll/internal/pg"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

// checkerURL, when it is in the environment, makes this test binary a process that checks without end and prints each
// answer that it was given.
const checkerURL = "GATE_TEST_CHECKER_URL"

// checkerName is what that process is called in the database.
const checkerName = "checker"

func TestMain(m *testing.M) {
	if url := os.Getenv(checkerURL); url != "" {
		if err := checkForever(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func checkForever(url string) error {
	ctx := context.Background()
	pool, err := pg.Connect(ctx, url)
	if err != nil {
		return err
	}
	p, err := gate.ParsePolicy("policy.yaml", []byte(policyText))
	if err != nil {
		return err
	}
	ps, err := gate.NewPolicies([]*gate.Policy{p})
	if err != nil {
		return err
	}
	b := &budgets{}
	b.set(10, 100_000, time.Now().Add(time.Hour))
	g, err := postgres.New(postgres.Config{Pool: pool, Policies: func() *gate.Policies { return ps }, Ledger: b})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for i := range 4 {
		go func() {
			for n := 0; ; n++ {
				d, err := g.Check(ctx, "ci", change(gate.Feature, fmt.Sprintf("c%d-%d", i, n)))
				if err != nil {
					failed <- err
					return
				}
				fmt.Printf("%d %s\n", d.Seq, d.Change.Commit)
			}
		}()
	}
	return <-failed
}

// TestKilled proves that an answer that was given is in the log, in its place, however the process ends.
func TestKilled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	answered := map[int64]string{}
	for range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), checkerURL+"="+f.pool.Config().ConnString()+"&application_name="+checkerName)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ { // reads on to the end: what was printed before the kill was answered
			var seq, commit string
			if _, err := fmt.Sscan(lines.Text(), &seq, &commit); err != nil {
				break // cut off by the kill
			}
			if i, err := strconv.ParseInt(seq, 10, 64); err == nil {
				answered[i] = commit
			}
			if n == 100 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended by itself")
		}
	}
	if len(answered) < 300 {
		t.Fatalf("only %d answers", len(answered))
	}
	f.await(t, checkerName)
	decisions, err := f.Decisions(t.Context(), gate.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[int64]string{}
	for _, d := range decisions {
		recorded[d.Seq] = d.Change.Commit
	}
	for seq, commit := range answered {
		if recorded[seq] != commit {
			t.Errorf("answer %d for %s is recorded as %q", seq, commit, recorded[seq])
		}
	}
	if v := f.verify(t); v.Broken != nil || v.Entries != int64(len(recorded))+1 { // and the policy
		t.Errorf("%+v, and %d decisions", v, len(recorded))
	}
}

// await returns when the database has ended the sessions of a process that was killed: what they had been sent they still commit.
func (f *fixture) await(t *testing.T, name string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var sessions int
		if err := f.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()`, name).Scan(&sessions); err != nil {
			t.Fatal(err)
		}
		if sessions == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions of a process that is gone after a minute", sessions)
		}
	}
}
