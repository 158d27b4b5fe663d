package pg

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Config says where PostgreSQL is or where a private one shall live.
type Config struct {
	// Dir is the folder of the private cluster; created if missing. Required unless URL is set.
	Dir string
	// URL of an external PostgreSQL, as postgres://user:password@host:port/database. It replaces the private cluster.
	URL string
	// Settings are extra server settings of a private cluster, name to value.
	Settings map[string]string
	// Logger for what a person should know; slog.Default when nil.
	Logger *slog.Logger
}

// Server is a PostgreSQL that is ready for connections.
type Server struct {
	url     string
	port    int      // of a private server
	cluster *cluster // nil for an external server
	lock    *os.File
}

// superuser owns every database of a private cluster.
const superuser = "plimsoll"

// ErrInUse is returned by Start when another process of ours holds the data directory.
var ErrInUse = errors.New("the data directory is in use by another process")

// Start returns a PostgreSQL that accepts connections: the external one, an adopted one, or a newly started one.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.URL != "" {
		if _, err := pgx.ParseConfig(cfg.URL); err != nil {
			return nil, fmt.Errorf("read database URL: %w", err)
		}
		return &Server{url: cfg.URL}, nil
	}
	if cfg.Dir == "" {
		return nil, errors.New("a private PostgreSQL needs a directory")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("find data directory: %w", err)
	}
	c := &cluster{dir: dir, settings: cfg.Settings, logger: cmp.Or(cfg.Logger, slog.Default())}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	port, err := c.run(ctx)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return &Server{url: c.url(port), port: port, cluster: c, lock: lock}, nil
}

// URL of the server's default database.
func (s *Server) URL() string { return s.url }

// Database returns the URL of the named database and creates it if it is missing.
// On an external server the name must be the database of the URL or one that its user may create.
func (s *Server) Database(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return "", fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	var pgErr *pgconn.PgError
	if err != nil && !(errors.As(err, &pgErr) && pgErr.Code == "42P04") { // duplicate_database
		return "", fmt.Errorf("create database %q: %w", name, err)
	}
	u, err := url.Parse(s.url)
	if err != nil {
		return "", fmt.Errorf("read database URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// Stop ends a private cluster and waits until its data is on disk. It leaves an external server alone.
func (s *Server) Stop(ctx context.Context) error {
	if s.cluster == nil {
		return nil
	}
	defer s.lock.Close()
	return s.cluster.stop(ctx)
}

// cluster is a private PostgreSQL: dir/data (PGDATA), dir/password, dir/log.
type cluster struct {
	dir      string
	bin      string
	user     *account // nil: run as ourselves
	settings map[string]string
	logger   *slog.Logger
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// prepare makes the folder and gives it to the user that will run PostgreSQL.
func (c *cluster) prepare() (err error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if c.user, err = unprivileged(); err != nil {
		return err
	}
	if c.user == nil {
		return nil
	}
	if err := c.user.canEnter(filepath.Dir(c.dir)); err != nil {
		return err
	}
	return os.Chown(c.dir, c.user.uid, c.user.gid)
}

// run adopts or starts the server and returns its port.
func (c *cluster) run(ctx context.Context) (port int, err error) {
	if port, ok := c.adopt(ctx); ok {
		c.logger.Debug("adopted the running PostgreSQL", "dir", c.dir, "port", port)
		return port, nil
	}
	if c.bin, err = findBinaries(ctx, c.data(), c.dir, c.logger); err != nil {
		return 0, err
	}
	if err := c.initialise(ctx); err != nil {
		return 0, err
	}
	for attempt := 0; ; attempt++ {
		if port, err = freePort(); err != nil {
			return 0, err
		}
		if err = c.start(ctx, port); err == nil || attempt == 2 || !c.portTaken() {
			return port, err
		}
	}
}

// adopt returns the port of a server that already runs in this folder. One that is still starting, or
// recovering from a crash, is waited for.
func (c *cluster) adopt(ctx context.Context) (int, bool) {
	for {
		pid, port, ok := c.postmaster()
		if !ok || !alive(pid) {
			return 0, false
		}
		conn, err := pgx.Connect(ctx, c.url(port))
		if err == nil {
			conn.Close(ctx)
			return port, true
		}
		var pgErr *pgconn.PgError
		starting := errors.As(err, &pgErr) && pgErr.Code == "57P03" // cannot_connect_now
		if !starting {
			return 0, false
		}
		select {
		case <-ctx.Done():
			return 0, false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// postmaster reads postmaster.pid: the process on line 1 and its port on line 4.
func (c *cluster) postmaster() (pid, port int, ok bool) {
	b, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0, 0, false
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 4 {
		return 0, 0, false
	}
	pid, err1 := strconv.Atoi(strings.TrimSpace(lines[0]))
	port, err2 := strconv.Atoi(strings.TrimSpace(lines[3]))
	return pid, port, err1 == nil && err2 == nil
}

// initialise runs initdb in a side folder and renames it, so that a crash leaves no half-made cluster.
func (c *cluster) initialise(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.data(), "PG_VERSION")); err == nil {
		return nil
	}
	password := filepath.Join(c.dir, "password")
	if err := os.WriteFile(password, []byte(rand.Text()+"\n"), 0o600); err != nil {
		return fmt.Errorf("write database password: %w", err)
	}
	if c.user != nil {
		if err := os.Chown(password, c.user.uid, c.user.gid); err != nil {
			return fmt.Errorf("give away database password file: %w", err)
		}
	}
	side := c.data() + ".new"
	if err := os.RemoveAll(side); err != nil {
		return fmt.Errorf("clear unfinished cluster: %w", err)
	}
	if err := c.command(ctx, "initdb", "-D", side, "-U", superuser, "--auth=scram-sha-256", "--pwfile="+password,
		"--encoding=UTF8", "--locale=C"); err != nil {
		return fmt.Errorf("make database cluster: %w", err)
	}
	return os.Rename(side, c.data())
}

func (c *cluster) start(ctx context.Context, port int) error {
	settings := map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "logging_collector": "off",
		"log_min_messages": "warning", "max_connections": "100",
	}
	for k, v := range c.settings {
		settings[k] = v
	}
	opts := fmt.Sprintf("-p %d", port)
	for k, v := range settings {
		opts += fmt.Sprintf(" -c %s='%s'", k, v)
	}
	if err := c.command(ctx, "pg_ctl", "-D", c.data(), "-l", c.log(), "-o", opts, "-w", "-t", "120", "start"); err != nil {
		return fmt.Errorf("start PostgreSQL: %w; its log ends:\n%s", err, c.logTail())
	}
	return nil
}

func (c *cluster) stop(ctx context.Context) error {
	if pid, _, ok := c.postmaster(); !ok || !alive(pid) {
		return nil
	}
	if c.bin == "" {
		var err error
		if c.bin, err = findBinaries(ctx, c.data(), c.dir, c.logger); err != nil {
			return err
		}
	}
	if err := c.command(ctx, "pg_ctl", "-D", c.data(), "-m", "fast", "-w", "-t", "60", "stop"); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	return nil
}

// command runs one of PostgreSQL's programs as the unprivileged user and returns what it said when it fails.
func (c *cluster) command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = c.user.attributes()
	out, err := os.CreateTemp("", "pg-"+name)
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	// A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(said))
	}
	return nil
}

func (c *cluster) log() string { return filepath.Join(c.dir, "log") }

func (c *cluster) logTail() string {
	b, err := os.ReadFile(c.log())
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}

var portTaken = regexp.MustCompile(`could not bind|Address already in use`)

func (c *cluster) portTaken() bool { return portTaken.MatchString(c.logTail()) }

func (c *cluster) url(port int) string {
	password, _ := os.ReadFile(filepath.Join(c.dir, "password"))
	u := url.URL{
		Scheme: "postgres", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres",
		User:     url.UserPassword(superuser, strings.TrimSpace(string(password))),
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
