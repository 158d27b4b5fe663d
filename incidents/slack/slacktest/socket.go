package slacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one connection of Socket Mode.
type socket struct {
	w    *Workspace
	conn *websocket.Conn

	mu      sync.Mutex
	waiting map[string]chan []byte
}

func (w *Workspace) connection(url.Values) (map[string]any, string) {
	return map[string]any{"url": "ws" + strings.TrimPrefix(w.URL, "http") + "/socket?ticket=1"}, ""
}

// takeSocket greets the app and takes its acknowledgements until the connection ends.
func (w *Workspace) takeSocket(rw http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	defer conn.Close()
	s := &socket{w: w, conn: conn, waiting: map[string]chan []byte{}}
	if err := s.write(map[string]any{
		"type": "hello", "num_connections": 1, "connection_info": map[string]any{"app_id": "A123456"},
		"debug_info": map[string]any{"host": "applink-test", "started": "2026-03-02 12:00:00.000", "build_number": 1, "approximate_connection_time": 18060},
	}); err != nil {
		return
	}
	w.mu.Lock()
	w.socket = s
	w.mu.Unlock()
	for {
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if err := conn.ReadJSON(&ack); err != nil {
			break
		}
		s.mu.Lock()
		if c := s.waiting[ack.ID]; c != nil {
			c <- ack.Payload
			delete(s.waiting, ack.ID)
		}
		s.mu.Unlock()
	}
	w.mu.Lock()
	if w.socket == s {
		w.socket = nil
	}
	w.mu.Unlock()
}

func (s *socket) write(v any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.WriteJSON(v)
}

// ackWithin is how long Slack waits for an acknowledgement.
const ackWithin = 3 * time.Second

// deliver sends an envelope and returns what its acknowledgement says. One that is not acknowledged is delivered again.
func (s *socket) deliver(kind string, payload any) []byte {
	s.w.t.Helper()
	s.w.mu.Lock()
	s.w.serial++
	id := fmt.Sprintf("dbdd0ef3-1543-4f94-bfb4-%012d", s.w.serial)
	s.w.mu.Unlock()
	acked := make(chan []byte, 1)
	s.mu.Lock()
	s.waiting[id] = acked
	s.mu.Unlock()
	envelope := map[string]any{"envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": kind != "events_api"}
	if kind == "events_api" {
		envelope["retry_attempt"], envelope["retry_reason"] = 0, ""
	}
	if err := s.write(envelope); err != nil {
		s.w.t.Errorf("send an envelope: %v", err)
		return nil
	}
	select {
	case said := <-acked:
		return said
	case <-time.After(20 * ackWithin): // the machine may be slow; the app is measured elsewhere
		s.w.t.Errorf("an envelope of kind %s was not acknowledged", kind)
		return nil
	}
}

// Renew asks the app to make its connection again, as Slack does every few hours, and ends the old one.
func (w *Workspace) Renew() {
	w.t.Helper()
	w.mu.Lock()
	s := w.socket
	w.socket = nil
	w.mu.Unlock()
	if err := s.write(map[string]any{"type": "disconnect", "reason": "refresh_requested", "debug_info": map[string]any{"host": "applink-test"}}); err != nil {
		w.t.Errorf("ask to renew a connection: %v", err)
	}
}

// AwaitSocket waits until the app is connected by Socket Mode.
func (w *Workspace) AwaitSocket() {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		connected := w.socket != nil
		w.mu.Unlock()
		if connected {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatal("the app did not connect")
		}
	}
}
