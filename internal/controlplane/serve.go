package controlplane

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"plimsoll/internal/httpapi"
)

// stopGrace is how long a part gets to finish what it is doing.
const stopGrace = 10 * time.Second

// serve answers requests until ctx is done and then finishes those under way.
func serve(ctx context.Context, l net.Listener, h http.Handler, logger *slog.Logger) error {
	srv := httpapi.Server(h, logger)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return srv.Close()
	}
	return nil
}

// reachable is the URL of an address that is listened on; empty if it is every address of the machine.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); !ok || tcp.IP.IsUnspecified() {
		return ""
	}
	return "http://" + addr.String()
}
