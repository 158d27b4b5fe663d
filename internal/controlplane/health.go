package controlplane

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/slo/ledger/replica"
)

// staleAfter is after how much time without a checkpoint a process is not ready, if checkpoints are more often.
const staleAfter = 30 * time.Second

// Status is how this process and what it answers fare.
type Status struct {
	Role  replica.Role `json:"role" enum:"starting,following,leading,suspended" doc:"following: another process counts, and this one answers as of its last checkpoint; suspended: it counts but cannot save"`
	Since time.Time    `json:"since" doc:"Since when it has this role"`
	Epoch int64        `json:"epoch" doc:"How often a process has taken over"`
	// Leader is empty while nobody leads, or if the leader told no address.
	Leader string `json:"leader,omitempty" doc:"Where the process that leads is reached"`
	// DataAt, AgeSeconds and SavedAt are nil before the first checkpoint.
	DataAt     *time.Time `json:"dataAt,omitempty" doc:"The instant up to which what is answered is known"`
	AgeSeconds *float64   `json:"ageSeconds,omitempty" doc:"How old that is"`
	SavedAt    *time.Time `json:"savedAt,omitempty" doc:"The instant of the newest checkpoint"`
	Database   bool       `json:"database" doc:"Whether the database answered when it was last needed for events"`
	Ready      bool       `json:"ready" doc:"Whether requests should be sent here"`
	Reason     string     `json:"reason,omitempty" doc:"Why not, or what is wrong"`
}

// status is how this process fares now.
func (a *App) status(now time.Time) Status {
	r := a.replica.Status()
	s := Status{Role: r.Role, Since: r.Since.UTC(), Epoch: r.Position.Epoch, Leader: r.Position.Leader, Database: r.Err == nil}
	saved, err := r.Position.At, r.Err
	if r.Role.Counts() {
		s.Epoch, s.Leader = r.Epoch, a.url
	}
	if t := a.term.Load(); t != nil {
		health := t.saver.Health()
		if !health.Saved.IsZero() {
			saved = health.Saved
		}
		if err == nil {
			err = health.Err
		}
		s.Database = err == nil
	}
	if at := r.DataAt(now); !at.IsZero() {
		s.DataAt, s.AgeSeconds = new(at.UTC()), new(max(0, now.Sub(at).Seconds()))
	}
	if !saved.IsZero() {
		s.SavedAt = new(saved.UTC())
	}
	s.Reason = a.reason(r, saved, err, now)
	s.Ready = s.Reason == ""
	return s
}

// reason says why a process is not ready; nothing if it is.
func (a *App) reason(r replica.Status, saved time.Time, err error, now time.Time) string {
	switch age := now.Sub(saved); {
	case r.Role == replica.Starting:
		return "it is not known yet whether another process leads"
	case err != nil && r.Role.Counts():
		return "events are not being saved: " + err.Error()
	case err != nil:
		return "checkpoints cannot be followed: " + err.Error()
	case r.Role == replica.Suspended:
		return "events are not being saved: the lock of the leader is lost"
	case !saved.IsZero() && age > max(staleAfter, 3*a.cfg.CheckpointEvery) && now.Sub(r.Since) > staleAfter:
		return fmt.Sprintf("the newest checkpoint is %v old", age.Round(time.Second))
	}
	return ""
}

// notice is what pages say first; nothing if all is well. It names instants and not ages, so that it changes only when something does.
func (a *App) notice() string {
	s := a.status(time.Now())
	clock := func(t *time.Time) string {
		if t == nil {
			return "nothing that is known"
		}
		return t.Format("2 Jan 15:04:05 UTC")
	}
	switch {
	case s.Ready || s.Role == replica.Starting:
		return ""
	case s.Role.Counts():
		return "Events are counted but not being saved. What was saved last is of " + clock(s.SavedAt) + "."
	}
	return "These figures are old: they are of " + clock(s.DataAt) + "."
}

// ready answers 200 when requests should be sent here. Reads and gate checks are answered in any case.
func (a *App) ready(w http.ResponseWriter, _ *http.Request) {
	s := a.status(time.Now())
	writeStatus(w, s, s.Ready)
}

// readyLeader answers 200 on the process that takes pushes.
func (a *App) readyLeader(w http.ResponseWriter, _ *http.Request) {
	s := a.status(time.Now())
	writeStatus(w, s, s.Ready && s.Role == replica.Leading)
}

func writeStatus(w http.ResponseWriter, s Status, ok bool) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(s) // a client that has gone needs no answer
}

// Register adds what this process says of itself to the API.
func (a *App) Register(api huma.API) {
	a.registerSources(api)
	huma.Register(api, huma.Operation{
		OperationID: "get-status", Method: http.MethodGet, Path: "/v1/status", Tags: []string{"server"},
		Summary: "Say who leads and how old the answers are",
	}, func(context.Context, *struct{}) (*struct{ Body Status }, error) {
		return &struct{ Body Status }{a.status(time.Now())}, nil
	})
}
