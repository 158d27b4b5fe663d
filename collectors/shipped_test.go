package collectors_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/collectors"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/openslo"
)

func shipped(t *testing.T) []*slo.Objective {
	t.Helper()
	objs, err := openslo.Load(openslo.Config{CheckIndicator: collectors.CheckIndicator, Grouping: collectors.Grouping, MaxWindow: ledger.DefaultRetention}, "../deploy/objectives")
	if err != nil {
		t.Fatal(err)
	}
	return objs
}

// The objectives that are shipped are read without a problem and can be counted.
func TestShippedObjectives(t *testing.T) {
	t.Parallel()
	objs := shipped(t)
	got := map[string]string{}
	for _, o := range objs {
		if o.Window.Length != 30*24*time.Hour || o.Owner == "" || o.Description == "" {
			t.Errorf("%s: window %s, owner %q, description %q", o.Key, o.Window, o.Owner, o.Description)
		}
		got[string(o.Key)] = o.Target.Percent()
	}
	want := map[string]string{
		"video-api/availability": "99.9", "video-api/latency-300ms": "95", "video-api/latency-1s": "99",
		"video-api/playback-availability": "99.9", "video-api/time-to-ready": "99",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

// The shipped availability counts what the service answered, and not the requests that clients abandoned.
func TestShippedAvailability(t *testing.T) {
	t.Parallel()
	for key, role := range map[slo.Key]string{"video-api/availability": "gateway", "video-api/playback-availability": "edge"} {
		for code, want := range map[string]slo.Counts{
			"200": {Good: 60, Total: 60}, "304": {Good: 60, Total: 60}, "404": {Good: 60, Total: 60},
			"429": {Total: 60}, "500": {Total: 60}, "499": {},
		} {
			t.Run(role+" "+code, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, shipped(t)...)
				for _, after := range []time.Duration{0, time.Minute} {
					d.scrape(after, []string{"job", "platform", "instance", "a:1"}, 1,
						[]string{"__name__", "platform_http_requests_total", "role", role, "code", code})
				}
				r, _ := d.ledger.Reader(key)
				if got := r.Read(0, slo.MinuteOf(d.now)).Counts; got != want {
					t.Errorf("%+v, want %+v", got, want)
				}
			})
		}
	}
}
