package collectors_test

import (
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

func (d *desk) meet() { d.collector.From("").History().Meet() }

// A server that samples rarely, and a live scrape between two of its samples: what lies between is counted when all history is filled, once,
// whatever comes before and after.
func TestMeet(t *testing.T) {
	t.Parallel()
	gone := labels.FromStrings("__name__", "requests_total", "code", "gone")
	d := newDesk(t, allRequests)
	d.counter("history", requests, -60, -30, 0)
	d.meet()
	d.wantTotal(allRequests.Key, 60*60) // nothing is counted live yet
	d.counter("live", requests, 10, 11)
	d.wantTotal(allRequests.Key, 71*60) // as before: live goes on from where history is
	d.meet()
	d.wantTotal(allRequests.Key, 71*60)

	d = newDesk(t, allRequests)
	d.counter("live", requests, 10, 11)
	d.counter("history", requests, -60, -30, 0)
	d.counter("history", gone, -60, -30) // ends in history
	d.wantTotal(allRequests.Key, 61*60+30*60)
	for range 2 {
		d.meet()
		d.wantTotal(allRequests.Key, 71*60+30*60)
	}
	d.restart(allRequests)
	d.counter("history", requests, -30, 0, 30) // the same again, and what comes at last
	d.meet()
	d.counter("live", requests, 12)
	d.wantTotal(allRequests.Key, 72*60+30*60)
}

// History that ends long before the first live sample is not known to be the same counter.
func TestMeetOfWhatIsFarAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t, allRequests)
	d.counter("live", requests, 10, 11)
	d.counter("history", requests, -180, -120)
	d.meet()
	d.wantTotal(allRequests.Key, 61*60)
}
