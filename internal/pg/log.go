package pg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxLog is how large the log of a private server grows before it begins anew, in bytes. The one before it is kept, as log.1.
const maxLog = 16 << 20

// rotateLog begins the log anew if it is too large. The server goes on writing to the same file, at its new end: a line that it writes in the
// moment between may be lost.
func (c *cluster) rotateLog() error {
	info, err := os.Stat(c.log())
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() < maxLog {
		return nil
	}
	if err == nil {
		err = copyFile(c.log()+".1", c.log())
	}
	if err == nil {
		err = os.Truncate(c.log(), 0)
	}
	if err != nil {
		return fmt.Errorf("begin the log of PostgreSQL anew: %w", err)
	}
	return nil
}

// copyFile replaces a file, which only its owner can read, by a copy of another.
func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
