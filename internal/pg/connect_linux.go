package pg

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// boundSending bounds for how long what was sent may stay without an acknowledgement; keep-alives are not sent meanwhile (tcp(7),
// TCP_USER_TIMEOUT).
func boundSending(network, _ string, c syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	var err error
	if refused := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
	}); refused != nil {
		return refused
	}
	return err
}
