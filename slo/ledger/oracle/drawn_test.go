package oracle_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// class is something that histories are drawn to contain. One that never is proves nothing.
type class string

// The classes, in the order in which they are shown.
const (
	sawScrape     class = "transactions committed"
	sawRollback   class = "transactions rolled back"
	sawAgain      class = "transactions sent again"
	sawLate       class = "samples late, within the horizon"
	sawTooLate    class = "samples beyond the horizon"
	sawFuture     class = "samples ahead of the clock"
	sawInvalid    class = "values that are none"
	sawVanished   class = "series that vanished"
	sawReset      class = "counters that began anew"
	sawDelta      class = "increases"
	sawOutOfOrder class = "increases that came after newer ones"
	sawStart      class = "start timestamps"
	sawUp         class = "good scrapes"
	sawDown       class = "failed scrapes"
	sawAppeared   class = "series new on a scraped target"
	sawUnnoticed  class = "series that another query did not want"
	sawStandIn    class = "minutes observed by a stand-in"
	sawForgotten  class = "targets forgotten after an hour"
	sawAmount     class = "amounts"
	sawShare      class = "shares"
	sawThreshold  class = "values held against a threshold"
	sawHistory    class = "scrapes read from an archive"
	sawLive       class = "scrapes counted live that an archive has, too"
	sawSave       class = "checkpoints"
	sawKill       class = "kills"
	sawReload     class = "reloads"
	sawVersion    class = "definitions that changed numbers"
	sawPostponed  class = "definitions that take effect later"
	sawLeftOut    class = "objectives left out"
	sawRegrouped  class = "objectives divided by other labels"
	sawChild      class = "children compared"
	sawFull       class = "objectives without room for another child"
	sawCorrection class = "corrections"
	sawUndone     class = "corrections taken back"
	sawExcluded   class = "windows with excluded minutes"
	sawPast       class = "statuses of the past"
	sawCalendar   class = "calendar windows"
	sawLongDay    class = "calendar windows in which the clock changes"
	sawSlices     class = "windows in slices"
	sawShares     class = "windows in slices by ratio"
	sawComposite  class = "composites"
	sawOverspent  class = "budgets that are spent"
	sawGap        class = "gaps that count as events"
	sawHold       class = "gaps to wait for"
	sawExhausts   class = "forecasts of exhaustion"
	sawRecovers   class = "forecasts of recovery"
	sawFollower   class = "followers compared"
)

var classes = []class{
	sawScrape, sawRollback, sawAgain, sawLate, sawTooLate, sawFuture, sawInvalid, sawVanished, sawReset, sawDelta, sawOutOfOrder, sawStart, sawUp, sawDown, sawAppeared, sawUnnoticed,
	sawStandIn, sawForgotten, sawAmount, sawShare, sawThreshold, sawHistory, sawLive, sawSave, sawKill, sawReload, sawVersion, sawPostponed, sawLeftOut, sawRegrouped,
	sawChild, sawFull, sawCorrection, sawUndone, sawExcluded, sawPast, sawCalendar, sawLongDay, sawSlices, sawShares, sawComposite, sawOverspent,
	sawGap, sawHold, sawExhausts, sawRecovers, sawFollower,
}

// drawn counts what histories contained. It is safe for concurrent use.
type drawn struct {
	mu     sync.Mutex
	counts map[class]int
}

// add adds what one history contained.
func (d *drawn) add(saw map[class]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counts == nil {
		d.counts = map[class]int{}
	}
	for c, n := range saw {
		d.counts[c] += n
	}
}

// missing returns the classes that no history contained.
func (d *drawn) missing() []class {
	return slices.DeleteFunc(slices.Clone(classes), func(c class) bool { return d.counts[c] > 0 })
}

// String is a table of all classes.
func (d *drawn) String() string {
	var b strings.Builder
	rest := maps.Clone(d.counts)
	for _, c := range classes {
		fmt.Fprintf(&b, "%10d  %s\n", d.counts[c], c)
		delete(rest, c)
	}
	for c, n := range rest {
		fmt.Fprintf(&b, "%10d  %s, which is not in the list of classes\n", n, c)
	}
	return b.String()
}
