package openslo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// annotationPrefix is that of the extensions: what an objective can say beyond OpenSLO.
const annotationPrefix = "plimsoll.dev/"

// annotations are the extensions. They stand on an SLO, and some also on a Service, as the default of its SLOs.
var annotations = []struct {
	name    string
	service bool
	read    func(value node, text string) setting // nil after it has reported why there is none
}{
	{"owner", true, readOwner},
	{"no-data", true, readNoData},
	{"low-traffic", true, readLowTraffic},
	{"tier", true, readTier},
	{"gate", true, readGate},
	{"depends-on", true, readDependsOn},
	{"alerts", true, readAlertTiers},
	{"effective-from", false, readEffectiveFrom},
	{"max-children", false, readMaxChildren},
}

func readAnnotation(kind, name string, key, value node) setting {
	var allowed []string
	for _, a := range annotations {
		if kind == kindSLO || (kind == kindService && a.service) {
			allowed = append(allowed, annotationPrefix+a.name)
		}
	}
	if len(allowed) == 0 {
		key.Assume(fmt.Sprintf("annotations with the prefix %s have no effect here; allowed: on an SLO or a Service", annotationPrefix), "left out")
		return nil
	}
	if !slices.Contains(allowed, annotationPrefix+name) {
		key.Assume(fmt.Sprintf("unknown annotation %q%s; allowed with this prefix: %s", key.Value, nearest.Hint(key.Value, allowed),
			strings.Join(allowed, ", ")), "left out")
		return nil
	}
	text := value.Text()
	if text == "" {
		return nil
	}
	for _, a := range annotations {
		if a.name == name {
			return a.read(value, text)
		}
	}
	return nil
}

func readOwner(_ node, text string) setting {
	return func(o *slo.Objective, _ Config) { o.Owner = text }
}

func readTier(_ node, text string) setting { return func(o *slo.Objective, _ Config) { o.Tier = text } }

var gaps = []string{string(slo.GapIgnored), string(slo.GapGood), string(slo.GapBad), string(slo.GapHold)}

// readNoData reads what a gap means for each use, such as "gate=hold,alert=ignore,report=bad".
func readNoData(value node, text string) setting {
	var d slo.NoData
	uses := map[string]*slo.Gap{"gate": &d.Gate, "alert": &d.Alert, "report": &d.Report}
	for use, gap := range pairs(value, text, "gate", "alert", "report") {
		if !slices.Contains(gaps, gap) {
			value.Fail("found %q for %s%s; allowed: %s", gap, use, nearest.Hint(gap, gaps), strings.Join(gaps, ", "))
			return nil
		}
		*uses[use] = slo.Gap(gap)
	}
	return func(o *slo.Objective, _ Config) { o.NoData = d }
}

// readLowTraffic reads what must have been seen before the budget is judged, such as "bad=10,total=100".
func readLowTraffic(value node, text string) setting {
	var t slo.LowTraffic
	least := map[string]*int64{"bad": &t.MinBad, "total": &t.MinTotal}
	for of, number := range pairs(value, text, "bad", "total") {
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 1 {
			value.Fail("found %q for %s; allowed: a whole number of events, at least 1", number, of)
			return nil
		}
		*least[of] = n
	}
	return func(o *slo.Objective, _ Config) { o.LowTraffic = t }
}

// pairs reads "key=value,key=value" with keys of the given ones. It reports what is wrong and returns what is right.
func pairs(n node, text string, keys ...string) map[string]string {
	found := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		_, twice := found[key]
		switch {
		case !ok || value == "":
			n.Fail("found %q; allowed: %s=…, separated by commas", strings.TrimSpace(part), strings.Join(keys, "=…, "))
		case !slices.Contains(keys, key):
			n.Fail("found %q%s; allowed: %s", key, nearest.Hint(key, keys), strings.Join(keys, ", "))
		case twice:
			n.Fail("%s stands twice", key)
		default:
			found[key] = value
		}
	}
	return found
}

func readGate(value node, _ string) setting {
	word, ok := value.OneOf("in", "out")
	if !ok {
		return nil
	}
	return func(o *slo.Objective, _ Config) { o.OutOfGate = word == "out" }
}

func readDependsOn(value node, text string) setting {
	var services []string
	for part := range strings.SplitSeq(text, ",") {
		service := strings.TrimSpace(part)
		switch {
		case !nameForm.MatchString(service):
			value.Fail("found the service %q; %s", service, nameRule)
		case slices.Contains(services, service):
			value.Fail("the service %s stands twice", service)
		default:
			services = append(services, service)
		}
	}
	return func(o *slo.Objective, _ Config) {
		if slices.Contains(services, o.Service) {
			value.Fail("the service %s depends on itself", o.Service)
		}
		o.DependsOn = services
	}
}

func readEffectiveFrom(value node, text string) setting {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse(time.DateOnly, text)
	}
	if err != nil || at.Year() < 1970 || at.Year() > 2099 {
		value.Fail("found %q; allowed: a date such as 2026-01-31 (at midnight UTC), or a time such as 2026-01-31T12:00:00Z", text)
		return nil
	}
	return func(o *slo.Objective, _ Config) { o.EffectiveFrom = at.UTC() }
}

const (
	defaultMaxChildren = 100
	mostChildren       = 10_000
)

func readMaxChildren(value node, text string) setting {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostChildren {
		value.Fail("found %q; allowed: a whole number from 1 to %d", text, mostChildren)
		return nil
	}
	return func(o *slo.Objective, _ Config) {
		if o.Indicator.GroupBy == nil {
			if o.Method == slo.Composite {
				return // its components may be divided
			}
			value.Warn("has no effect, because no query is divided by labels (sum by)")
			return
		}
		o.MaxChildren = n
	}
}
