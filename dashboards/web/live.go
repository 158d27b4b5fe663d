package web

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"sync"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
)

// hub tells listeners that something on the pages has changed. What changed they find out by asking for their page.
type hub struct {
	mu        sync.Mutex
	version   uint64
	listeners map[chan uint64]struct{}
	arrived   chan struct{} // a listener came: the refresher has somebody to work for
	closed    bool
}

func newHub() *hub {
	return &hub{listeners: map[chan uint64]struct{}{}, arrived: make(chan struct{}, 1)}
}

// listen returns a channel of versions, or false when the server is stopping. A listener that is slow misses versions
// between, never the last one.
func (h *hub) listen() (chan uint64, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false
	}
	ch := make(chan uint64, 1)
	h.listeners[ch] = struct{}{}
	select {
	case h.arrived <- struct{}{}:
	default:
	}
	return ch, true
}

func (h *hub) leave(ch chan uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, ch)
}

func (h *hub) empty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners) == 0
}

func (h *hub) announce() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.version++
	for ch := range h.listeners {
		select {
		case <-ch: // not fetched yet: outdated
		default:
		}
		ch <- h.version
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for ch := range h.listeners {
		close(ch)
	}
	clear(h.listeners)
}

// Run announces changes to live pages until ctx is done, then ends their streams. It looks for changes only while
// somebody has a page open.
func (w *Web) Run(ctx context.Context) error {
	defer w.hub.close()
	tick := time.NewTicker(w.cfg.Refresh)
	defer tick.Stop()
	var last uint64
	for {
		if w.hub.empty() {
			select {
			case <-ctx.Done():
				return nil
			case <-w.hub.arrived:
				continue
			}
		}
		if seen := w.fingerprint(ctx); seen != last {
			last = seen
			w.hub.announce()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// fingerprint changes when anything that the pages show has changed.
func (w *Web) fingerprint(ctx context.Context) uint64 {
	ctx, cancel := beside(ctx)
	defer cancel()
	h := fnv.New64a()
	if w.cfg.Notice != nil {
		h.Write([]byte(w.cfg.Notice()))
	}
	for _, s := range w.cfg.Ledger.Statuses(w.cfg.Now()) {
		h.Write([]byte(s.Objective.Key))
		numbers(h, uint64(s.Window.Good), uint64(s.Window.Total), uint64(s.Window.Observed), s.Revision, uint64(slo.MinuteOf(s.LastSample)), math.Float64bits(s.Budget.Remaining))
		for _, b := range s.Burn {
			numbers(h, math.Float64bits(b.Rate))
		}
	}
	if w.cfg.Freezes != nil {
		states, err := w.cfg.Freezes(ctx)
		fmt.Fprint(h, err)
		for _, f := range states {
			fmt.Fprint(h, f.Service, f.Environment, f.Phase, f.Since.Unix(), f.Manual)
		}
	}
	if w.cfg.Incidents != nil {
		for _, filter := range []incidents.Filter{newestOpen(), newest()} {
			list, err := w.cfg.Incidents.List(ctx, incidents.Viewer{System: true}, filter) // members watch private ones
			fmt.Fprint(h, err)
			for _, i := range list {
				fmt.Fprint(h, i.Ref, i.Changed.UnixNano(), i.Entries)
			}
		}
	}
	w.fingerprintAlerts(ctx, h)
	return h.Sum64()
}

func numbers(h hash.Hash, ns ...uint64) {
	var b [8]byte
	for _, n := range ns {
		binary.LittleEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
}

const (
	// heartbeat keeps proxies from closing a quiet stream and lets the page notice a dead one.
	heartbeat = 15 * time.Second
	// writeWithin bounds one event, so that a reader who takes nothing more is let go.
	writeWithin = 10 * time.Second
)

// events streams "change" events.
func (w *Web) events(rw http.ResponseWriter, r *http.Request) {
	ch, ok := w.hub.listen()
	if !ok {
		http.Error(rw, "the server is stopping", http.StatusServiceUnavailable)
		return
	}
	defer w.hub.leave(ch)
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("X-Accel-Buffering", "no")
	flusher := http.NewResponseController(rw)
	send := func(event string) bool {
		_ = flusher.SetWriteDeadline(time.Now().Add(writeWithin)) // what cannot set one is no connection
		_, err := io.WriteString(rw, event)
		return err == nil && flusher.Flush() == nil
	}
	if !send("retry: 2000\n\n") {
		return // somewhere on the way is something that cannot stream; the page works without
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for sent := true; sent; {
		select {
		case <-r.Context().Done():
			return
		case version, open := <-ch:
			if !open {
				return
			}
			sent = send(fmt.Sprintf("event: change\ndata: %d\n\n", version))
		case <-beat.C:
			sent = send(": still here\n\n")
		}
	}
}
