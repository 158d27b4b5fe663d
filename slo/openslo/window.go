package openslo

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"plimsoll/slo"
)

// The units of OpenSLO's duration shorthand that have a fixed length. Months, quarters and years have none and
// belong to calendar windows.
var durationUnits = map[string]time.Duration{
	"m": time.Minute,
	"h": time.Hour,
	"d": 24 * time.Hour,
	"w": 7 * 24 * time.Hour,
}

var durationForm = regexp.MustCompile(`^([0-9]{1,6})([a-zA-Z])$`)

const onlyRolling = "calendar windows are not supported; supported: isRolling: true"

// readWindow reads the timeWindow of an SLO: a list of exactly one window.
func (s *set) readWindow(n node) slo.Window {
	items := n.list()
	if n.isList() && len(items) != 1 {
		n.fail("found %d windows; allowed: exactly one", len(items))
	}
	if len(items) != 1 {
		return slo.Window{}
	}
	o := items[0].object(
		field{name: "duration", required: true},
		field{name: "isRolling", required: true},
		field{name: "calendar", unsupported: onlyRolling},
	)
	if rolling, ok := o.get("isRolling"); ok {
		if isTrue, ok := rolling.isTrue(); ok && !isTrue {
			rolling.fail(onlyRolling)
		}
	}
	if d, ok := o.get("duration"); ok {
		return slo.Window{Length: s.readDuration(d)}
	}
	return slo.Window{}
}

// readDuration returns a length of whole minutes, or 0 after it has reported why there is none.
func (s *set) readDuration(n node) time.Duration {
	text := n.text()
	if text == "" {
		return 0
	}
	parts := durationForm.FindStringSubmatch(text)
	if parts == nil {
		n.fail("found %q; allowed: a number and one of the units m, h, d, w, such as 30d", text)
		return 0
	}
	unit, ok := durationUnits[parts[2]]
	if !ok {
		if strings.Contains("MQY", parts[2]) {
			n.fail("found %q; months, quarters and years have no fixed length and need a calendar window, which is not supported; allowed units: m, h, d, w", text)
		} else {
			n.fail("found %q; allowed units: m, h, d, w", text)
		}
		return 0
	}
	count, err := strconv.Atoi(parts[1])
	length := time.Duration(count) * unit
	switch limit := s.config.MaxWindow; {
	case err != nil || length == 0:
		n.fail("a window of zero holds no events")
	case limit > 0 && length > limit:
		n.fail("found %s; events are kept for %s, so a window can be no longer", text, slo.ShortDuration(limit))
	default:
		return length
	}
	return 0
}
