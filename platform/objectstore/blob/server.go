package blob

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
	"golang.org/x/sys/unix"
)

// Config of the server.
type Config struct {
	Dir       string // holds the buckets; made if missing; one server at a time
	Addr      string // IP address and port; port 0 takes a free one
	AccessKey string // of the one account there is
	SecretKey string
	Ready     func(addr string) // called with the real address once connections are accepted; may be nil
}

// ErrDirInUse is returned when another server has the directory.
var ErrDirInUse = errors.New("the directory is in use by another object storage server")

// HealthPath answers 200 to anyone while the server serves. It hides a bucket of the same name.
const HealthPath = "/healthz"

const (
	maxConnections = 4096
	maxRequests    = 2048
	maxParts       = 10_000
)

// Run serves S3 until ctx is done. It changes the directory of the process, which may run it once at a time.
func Run(ctx context.Context, c Config) error {
	if c.Dir == "" || c.Addr == "" || c.AccessKey == "" || c.SecretKey == "" {
		return errors.New("run object storage: directory, address, access key and secret key are required")
	}
	unlock, err := lockDir(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := (meta.XattrMeta{}).Test(c.Dir); err != nil {
		return fmt.Errorf("run object storage in %s: extended attributes are needed: %w", c.Dir, err)
	}
	if err := rollBackCompletions(c.Dir); err != nil {
		return err
	}
	port, err := reserve(c.Addr)
	if err != nil {
		return err
	}
	defer port.release()
	storage, err := posix.New(c.Dir, meta.XattrMeta{}, posix.PosixOpts{})
	if err != nil {
		return fmt.Errorf("open object storage in %s: %w", c.Dir, err)
	}
	err = embedgw.RunVersityGW(ctx, &durable{Posix: storage}, &embedgw.Config{
		RootUserAccess:    c.AccessKey,
		RootUserSecret:    c.SecretKey,
		Ports:             []string{port.addr},
		MaxConnections:    maxConnections,
		MaxRequests:       maxRequests,
		MultipartMaxParts: maxParts,
		CORSAllowOrigin:   "*", // parts are sent by browsers too, to presigned URLs
		KeepAlive:         true,
		Quiet:             true,
		HealthPath:        HealthPath,
		S3Options: []s3api.Option{s3api.WithOnListen(func() {
			port.release()
			if c.Ready != nil {
				c.Ready(port.addr)
			}
		})},
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve object storage at %s: %w", port.addr, err)
	}
	return nil
}

// lockDir makes the directory and takes it for this process; the kernel gives it back when the process ends.
func lockDir(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the object storage directory: %w", err)
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open the object storage directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", dir, ErrDirInUse)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { _ = f.Close() }, nil
}

// rollBackCompletions gives multipart uploads whose completion was cut off their names back. It must run while
// no server does. A completion that had already made its object is rolled back too; it can only make the same again.
func rollBackCompletions(dir string) error {
	cut, err := filepath.Glob(filepath.Join(dir, "*", posix.MetaTmpMultipartDir, "*", "*"+inProgress))
	if err != nil {
		return fmt.Errorf("look for cut off completions: %w", err)
	}
	for _, claimed := range cut {
		if err := os.Rename(claimed, filepath.Join(filepath.Dir(claimed), uploadOf(filepath.Base(claimed)))); err != nil {
			return fmt.Errorf("roll back a cut off completion: %w", err)
		}
	}
	return nil
}
