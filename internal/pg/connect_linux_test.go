package pg_test

import (
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
)

// A connection to a machine that has gone ends by itself, whether an answer is awaited or something is still to be sent.
func TestConnectNoticesThatTheServerHasGone(t *testing.T) {
	t.Parallel()
	pool, err := pg.Connect(t.Context(), pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	raw, err := conn.Conn().PgConn().Conn().(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	if err := raw.Control(func(fd uintptr) {
		for name, option := range map[string]int{"idle": unix.TCP_KEEPIDLE, "interval": unix.TCP_KEEPINTVL, "count": unix.TCP_KEEPCNT, "sending": unix.TCP_USER_TIMEOUT} {
			if got[name], err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option); err != nil {
				t.Error(err)
			}
		}
		if got["on"], err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"on": 1, "idle": 10, "interval": 5, "count": 4, "sending": 30_000}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
