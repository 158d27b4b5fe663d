package pg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// binaryFolders are where packages of Debian, Fedora and Homebrew put initdb and pg_ctl.
var binaryFolders = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
}

// findBinaries returns a folder with initdb, pg_ctl and postgres: of the cluster's own major version if one
// exists in data, otherwise the newest found, otherwise a downloaded one under dir.
func findBinaries(ctx context.Context, data, dir string, logger *slog.Logger) (string, error) {
	want := majorOf(data)
	found := installed()
	for _, bin := range found {
		if want == 0 || versionOf(ctx, bin) == want {
			return bin, nil
		}
	}
	downloaded := filepath.Join(dir, "postgresql")
	if complete(filepath.Join(downloaded, "bin")) {
		return filepath.Join(downloaded, "bin"), nil
	}
	if len(found) > 0 {
		return "", fmt.Errorf("the cluster in %s was made by PostgreSQL %d, and only %s is installed: install PostgreSQL %d or choose another data directory",
			data, want, strings.Join(found, ", "), want)
	}
	logger.Info("PostgreSQL is not installed; downloading it once", "into", downloaded)
	if err := download(downloaded); err != nil {
		return "", fmt.Errorf("no PostgreSQL is installed and it could not be downloaded (install it with 'make deps', or set a database URL): %w", err)
	}
	return filepath.Join(downloaded, "bin"), nil
}

// installed returns the folders that hold a whole server, newest version first.
func installed() []string {
	var dirs []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range binaryFolders {
		matches, _ := filepath.Glob(pattern)
		sort.Slice(matches, func(i, j int) bool { return trailingNumber(matches[i]) > trailingNumber(matches[j]) })
		dirs = append(dirs, matches...)
	}
	var whole []string
	for _, d := range dirs {
		if complete(d) {
			whole = append(whole, d)
		}
	}
	return whole
}

func complete(bin string) bool {
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		if info, err := os.Stat(filepath.Join(bin, name)); err != nil || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// majorOf returns the major version that made the cluster in data, or 0 if there is none.
func majorOf(data string) int {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return n
}

// versionOf asks "postgres --version", which answers "postgres (PostgreSQL) 15.8 …".
func versionOf(ctx context.Context, bin string) int {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) < 3 {
		return 0
	}
	major, _, _ := strings.Cut(fields[2], ".")
	n, _ := strconv.Atoi(major)
	return n
}

func trailingNumber(dir string) int {
	n := 0
	for _, c := range dir {
		if c >= '0' && c <= '9' {
			n = n*10 + int(c-'0')
		}
	}
	return n
}

// download fetches PostgreSQL's binaries into dir. The library can only fetch on the way to a server of its own, which
// does not start under root; what counts is whether the binaries are there afterwards.
func download(dir string) error {
	scratch, err := os.MkdirTemp("", "postgresql-download")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	port, err := freePort()
	if err != nil {
		return err
	}
	db := embedded.NewDatabase(embedded.DefaultConfig().Port(uint32(port)).BinariesPath(dir).
		CachePath(filepath.Join(scratch, "cache")).RuntimePath(filepath.Join(scratch, "run")).
		DataPath(filepath.Join(scratch, "data")).Logger(nil))
	startErr := db.Start()
	if startErr == nil {
		startErr = db.Stop()
	}
	if !complete(filepath.Join(dir, "bin")) {
		return errors.Join(startErr, fmt.Errorf("no whole server in %s", dir))
	}
	return nil
}
