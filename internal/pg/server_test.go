package pg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/internal/pg"
)

// parentEnv makes the test binary act as a parent that starts a cluster and waits to be killed.
const parentEnv = "PG_TEST_PARENT_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		s, err := pg.Start(context.Background(), config(dir))
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		fmt.Println(s.URL())
		select {}
	}
	os.Exit(m.Run())
}

func config(dir string) pg.Config {
	return pg.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler), Settings: map[string]string{"shared_buffers": "16MB"}}
}

func tempDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "cluster")
}

func startIn(t *testing.T, dir string) *pg.Server {
	t.Helper()
	s, err := pg.Start(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestClusterSurvivesTheKillOfItsParent(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(url, "postgres://") {
		t.Fatalf("parent said %q, %v", url, err)
	}
	url = strings.TrimSpace(url)
	exec1(t, url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")

	if _, err := pg.Start(t.Context(), config(dir)); !errors.Is(err, pg.ErrInUse) {
		t.Fatalf("a second owner got %v, want ErrInUse", err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()

	s := startIn(t, dir)
	if s.URL() != url {
		t.Errorf("the running server was not adopted: %s, was %s", s.URL(), url)
	}
	exec1(t, s.URL(), "INSERT INTO kept SELECT n + 1 FROM kept")
}

// killServer kills the server in a folder as the kernel might, and waits until it is gone.
func killServer(t *testing.T, dir string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(b), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); syscall.Kill(pid, 0) == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the killed server is still there")
		}
	}
}

func TestClusterRecoversFromItsOwnKill(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	first := startIn(t, dir)
	exec1(t, first.URL(), "CREATE TABLE kept (n int)")
	killServer(t, dir)
	if err := first.Stop(t.Context()); err != nil { // only releases the lock
		t.Fatal(err)
	}
	s := startIn(t, dir)
	exec1(t, s.URL(), "INSERT INTO kept VALUES (1)")
}

// A pool that was open before the server died goes on afterwards, for the address stays.
func TestRunStartsADeadServerAgain(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s, err := pg.Start(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pg.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	exec1(t, s.URL(), "CREATE TABLE kept (n int)")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	killServer(t, dir)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err = pool.Exec(t.Context(), "INSERT INTO kept VALUES (1)"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not come back: %v", err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run ended with %v", err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConnectBoundsSessions(t *testing.T) {
	t.Parallel()
	s := startIn(t, tempDir(t))
	pool, err := pg.Connect(t.Context(), s.URL()+"&lock_timeout=7s")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var statement, lock, idle string
	err = pool.QueryRow(t.Context(), `SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
		current_setting('idle_in_transaction_session_timeout')`).Scan(&statement, &lock, &idle)
	if err != nil {
		t.Fatal(err)
	}
	if statement != "2min" || lock != "7s" || idle != "10s" {
		t.Errorf("bounds are %s, %s, %s; want 2min, the URL's 7s, 10s", statement, lock, idle)
	}
}

func TestDatabaseIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := startIn(t, tempDir(t))
	for range 2 {
		url, err := s.Database(t.Context(), "platform")
		if err != nil {
			t.Fatal(err)
		}
		exec1(t, url, "SELECT 1")
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]pg.Config{
		"no directory": {},
		"a broken URL": {URL: "postgres://host:notaport/x"},
	} {
		if _, err := pg.Start(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
