package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"plimsoll/internal/httpapi"
)

// listener is one address of the process with what is served there.
type listener struct {
	name   string
	net    net.Listener
	server *http.Server
}

// listen opens a listener; what it serves is set later. Connections wait until then.
func listen(ctx context.Context, name, addr string) (*listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("open the %s listener (listen.%s): %w", name, name, err)
	}
	return &listener{name: name, net: l}, nil
}

// url is the base URL under which the listener is reached from this machine.
func (l *listener) url() string {
	if l == nil {
		return ""
	}
	addr := l.net.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", addr.Port)
	}
	return "http://" + addr.String()
}

func (l *listener) handle(h http.Handler, logger *slog.Logger) { l.server = httpapi.Server(h, logger) }

// serve answers requests until shutdown.
func (l *listener) serve() error {
	if err := l.server.Serve(l.net); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.name, err)
	}
	return nil
}

// shutdown accepts nothing new and waits for the requests under way; those that take longer are cut off.
func shutdown(timeout time.Duration, logger *slog.Logger, listeners ...*listener) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var ended sync.WaitGroup
	for _, l := range listeners {
		ended.Go(func() {
			if err := l.server.Shutdown(ctx); err != nil {
				logger.Warn("requests took too long and were cut off", "listener", l.name, "err", err)
				_ = l.server.Close()
			}
		})
	}
	ended.Wait()
}
