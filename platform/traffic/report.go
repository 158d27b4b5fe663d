package traffic

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what the client saw.
type Report struct {
	URL       string          `json:"url"`
	StartedAt time.Time       `json:"startedAt"`
	EndedAt   *time.Time      `json:"endedAt,omitempty"` // nil while it goes on
	Roles     map[string]Seen `json:"roles"`             // by role: gateway, edge, storage
	Skipped   int64           `json:"skipped"`           // ticks at which every viewer was busy
	Uploads   Uploads         `json:"uploads"`
}

// Seen is what was seen of the requests to one role.
type Seen struct {
	// Requests is the answered ones: Good + Bad.
	Requests int64 `json:"requests"`
	// Good ones have a status of 2xx, 3xx or 400 to 404, as the availability objective has it.
	Good int64 `json:"good"`
	Bad  int64 `json:"bad"`
	// Broken is how many of the answered requests had a body that was cut off. They are counted by their status too.
	Broken int64 `json:"broken"`
	// Unanswered requests got no response: the connection was refused or lost, or the time ran out.
	Unanswered int64            `json:"unanswered"`
	Codes      map[string]int64 `json:"codes"`
	Latency    Quantiles        `json:"latency"`
}

// Quantiles of the time from sending a request to the end of its answer, in seconds, each within 2 %.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Uploads counts the clips.
type Uploads struct {
	Started int64 `json:"started"`
	Ready   int64 `json:"ready"`
	Failed  int64 `json:"failed"`
}

// good says whether the availability objective counts a status as good.
func good(code int) bool { return code >= 200 && code < 400 || code >= 400 && code <= 404 }

// WriteTable writes the report for people.
func (r Report) WriteTable(w io.Writer) error {
	end := time.Now()
	if r.EndedAt != nil {
		end = *r.EndedAt
	}
	fmt.Fprintf(w, "%s for %s\n\n", r.URL, end.Sub(r.StartedAt).Round(time.Second))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "role\trequests\tgood\tbad\tunanswered\tp50\tp95\tp99\tmax\tstatus codes\t")
	for _, role := range slices.Sorted(maps.Keys(r.Roles)) {
		s := r.Roles[role]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t\n", role, s.Requests, s.Good, s.Bad, s.Unanswered,
			milliseconds(s.Latency.P50), milliseconds(s.Latency.P95), milliseconds(s.Latency.P99), milliseconds(s.Latency.Max), codes(s.Codes))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nuploads: %d started, %d ready, %d failed; skipped ticks: %d\n", r.Uploads.Started, r.Uploads.Ready, r.Uploads.Failed, r.Skipped)
	return err
}

func milliseconds(s float64) string { return strconv.FormatFloat(s*1000, 'f', 1, 64) + "ms" }

func codes(c map[string]int64) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%s×%d", code, c[code]))
	}
	return strings.Join(parts, " ")
}
