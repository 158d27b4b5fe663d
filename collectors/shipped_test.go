package collectors_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/collectors"
	"plimsoll/slo/ledger"
	"plimsoll/slo/openslo"
)

// The objectives that are shipped are read without a problem and can be counted.
func TestShippedObjectives(t *testing.T) {
	t.Parallel()
	objs, err := openslo.Load(openslo.Config{CheckQuery: collectors.Check, MaxWindow: ledger.DefaultRetention}, "../deploy/objectives")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, o := range objs {
		if o.Window.Length != 30*24*time.Hour || o.Owner == "" || o.Description == "" {
			t.Errorf("%s: window %s, owner %q, description %q", o.Key, o.Window, o.Owner, o.Description)
		}
		got[string(o.Key)] = o.Target.Percent()
	}
	want := map[string]string{
		"video-api/availability": "99.9", "video-api/latency-300ms": "95", "video-api/latency-1s": "99",
		"video-api/playback-availability": "99.9",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}
