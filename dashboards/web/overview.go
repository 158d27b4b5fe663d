package web

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"plimsoll/dashboards/chart"
	"plimsoll/incidents"
	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// overview is the body of the page "/".
type overview struct {
	Headline          string
	Chips             []chip
	Query             string // text filter
	State             string // condition filter
	Services          []service
	Objectives, Shown int
}

// chip is a link that filters by condition.
type chip struct {
	Label, Tone string
	Count       int
	URL         string
	Current     bool
}

// service is one section of the overview.
type service struct {
	Name, Owner string
	Worst       slo.Condition
	Freezes     []freeze
	Incidents   []incidents.Incident
	Objectives  []row
}

// row is one objective of the overview. Its charts are drawn when the page comes to them.
type row struct {
	slo.Status
	ledger ledger
}

// URL of the objective's own page.
func (r row) URL() string {
	if o := r.Objective; o.Parent != "" {
		return "/objectives/" + string(o.Parent) + "?" + url.Values{"group": {o.Group}}.Encode()
	}
	return "/objectives/" + string(r.Objective.Key)
}

// Counts of the budget in one line: "12 bad of 43.2 allowed".
func (r row) Spending() string {
	m := r.Objective.Measure()
	switch {
	case !r.HasData():
		return "nothing seen yet"
	case r.Objective.Method == slo.Composite:
		return plural(len(r.Parts), "component") + " by weight"
	case r.Budget.Spent && !r.Judged():
		return m.Bad(r.Budget.Bad()) + " bad: too few to judge by"
	}
	return m.Bad(r.Budget.Bad()) + " bad of " + m.Amount(r.Budget.Allowed) + " allowed"
}

// Coverage is the share of the window that was observed; of a new source, since when.
func (r row) Coverage() coverage {
	c := coverage{Share: r.Window.Coverage()}
	if r.Objective.Method == slo.Composite {
		return c
	}
	if reader, ok := r.ledger.ReaderAt(r.Objective.Key, r.At); ok {
		if since, share, ok := slo.Since(r.Status, reader); ok {
			c.Share, c.Since = share, since
		}
	}
	return c
}

// coverage of a window, or of what lies after the first sign of its source.
type coverage struct {
	Share float64
	Since time.Time // zero if the source was seen from the beginning, or never
}

// Over names the window in a few words: "over 30d", "a calendar month".
func (r row) Over() string {
	if r.Objective.Window.Calendar == nil {
		return "over " + r.Objective.Window.String()
	}
	name, _, _ := strings.Cut(r.Objective.Window.Describe(), " in ")
	return "a " + name
}

// Family is how many children the objective has.
func (r row) Family() int { return len(r.ledger.Children(r.Objective.Key)) }

// Signals are what is wrong with the data.
func (r row) Signals() []slo.Signal { return slo.Quality(r.Status, slo.QualityLimits{}) }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return slo.FormatCount(int64(n)) + " " + noun + "s"
}

// Bar is what is left of the budget.
func (r row) Bar() template.HTML { return chart.Bar(r.Status) }

// Spark is the budget over its window.
func (r row) Spark() template.HTML {
	var points []slo.Point
	if reader, ok := r.ledger.ReaderAt(r.Objective.Key, r.At); ok && r.Objective.Method != slo.Composite {
		points = slo.BurnDown(r.Status, reader, sparkSteps)
	}
	return chart.Sparkline(r.Status, points)
}

// SLIText is the SLI as people read it.
func (r row) SLIText() string { return r.FormatSLI() }

// BurnOver writes the burn rate over the last hours; a dash where no slice of the objective fits into them.
func (r row) BurnOver(hours int) string {
	lookback := time.Duration(hours) * time.Hour
	if r.Objective.Slice.Length > lookback {
		return "–"
	}
	return slo.FormatRate(r.BurnRate(lookback))
}

// sparkSteps of a burn-down in a row: 16 hours each for a window of 30 days.
const sparkSteps = 45

// newestIncidents bounds how many incidents a page lists of those that are open, and of all.
const newestIncidents = 100

func newest() incidents.Filter { return incidents.Filter{Limit: newestIncidents} }

// newestOpen asks for the open ones alone: one that goes on for long may have a hundred newer ones.
func newestOpen() incidents.Filter {
	return incidents.Filter{States: incidents.OpenStates(), Limit: newestIncidents}
}

func (w *Web) overview(rw http.ResponseWriter, r *http.Request) {
	now := w.cfg.Now()
	ctx, cancel := beside(r.Context())
	defer cancel()
	gates, err := w.freezes(ctx, now)
	var open []incidents.Incident
	if err == nil {
		open, err = w.openIncidents(ctx)
	}
	statuses := slices.DeleteFunc(w.cfg.Ledger.Statuses(now), func(s slo.Status) bool { return s.Objective.Parent != "" }) // the page of the parent has them
	v := overview{Query: strings.TrimSpace(r.FormValue("q")), State: r.FormValue("state"), Objectives: len(statuses)}
	v.Headline = headline(statuses)
	v.Chips = chips(statuses, v.Query, v.State)
	v.Services = w.services(statuses, v)
	for i := range v.Services {
		s := &v.Services[i]
		v.Shown += len(s.Objectives)
		s.Freezes = gates[s.Name]
		for _, inc := range open {
			if slices.Contains(inc.Services, s.Name) {
				s.Incidents = append(s.Incidents, inc)
			}
		}
	}
	w.render(rw, r, http.StatusOK, "overview", page{Title: "Overview", Nav: "overview", Notices: w.missing(r, err), Body: v})
}

// services groups what passes the filters by service, worst first, and within one by the same order.
func (w *Web) services(statuses []slo.Status, v overview) []service {
	words := strings.Fields(strings.ToLower(v.Query))
	var all []service
	at := map[string]int{}
	for _, s := range statuses {
		if !matches(s, words, v.State) {
			continue
		}
		o := s.Objective
		i, ok := at[o.Service]
		if !ok {
			i = len(all)
			at[o.Service] = i
			all = append(all, service{Name: o.Service, Owner: o.Owner})
		}
		all[i].Objectives = append(all[i].Objectives, row{s, w.cfg.Ledger})
	}
	for i := range all {
		slices.SortStableFunc(all[i].Objectives, func(a, b row) int { return worse(a.Status, b.Status) })
		all[i].Worst = all[i].Objectives[0].Condition()
	}
	slices.SortStableFunc(all, func(a, b service) int { return worse(a.Objectives[0].Status, b.Objectives[0].Status) })
	return all
}

func worse(a, b slo.Status) int {
	return cmp.Or(cmp.Compare(a.Condition().Rank(), b.Condition().Rank()), cmp.Compare(a.Budget.Remaining, b.Budget.Remaining))
}

// matches reports whether an objective has the condition, if one is asked for, and every word somewhere in its names.
func matches(s slo.Status, words []string, condition string) bool {
	if condition != "" && condition != string(s.Condition()) {
		return false
	}
	o := s.Objective
	text := strings.ToLower(strings.Join([]string{string(o.Key), o.DisplayName, o.Owner}, "\n"))
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// headline says the state of everything in one sentence.
func headline(statuses []slo.Status) string {
	if len(statuses) == 0 {
		return "No objectives are defined yet"
	}
	n := count(statuses)
	var parts []string
	for _, c := range []struct {
		condition slo.Condition
		one, many string
	}{
		{slo.Spent, "1 budget is spent", "budgets are spent"},
		{slo.Burning, "1 is burning fast", "are burning fast"},
		{slo.Low, "1 is low", "are low"},
		{slo.Unknown, "1 has no data", "have no data"},
	} {
		switch k := n[c.condition]; {
		case k == 1:
			parts = append(parts, c.one)
		case k > 1:
			parts = append(parts, slo.FormatCount(int64(k))+" "+c.many)
		}
	}
	if len(parts) == 0 {
		return "All budgets are healthy"
	}
	if n[slo.Spent] == 0 { // the noun stands in the first part only
		number, rest, _ := strings.Cut(parts[0], " ")
		noun := "budgets"
		if number == "1" {
			noun = "budget"
		}
		parts[0] = number + " " + noun + " " + rest
	}
	return strings.Join(parts, ", ")
}

func count(statuses []slo.Status) map[slo.Condition]int {
	n := map[slo.Condition]int{}
	for _, s := range statuses {
		n[s.Condition()]++
	}
	return n
}

// conditionLabels are the conditions as the pages write them.
var conditionLabels = map[slo.Condition]string{
	slo.Spent: "Spent", slo.Burning: "Burning", slo.Low: "Low", slo.Unknown: "No data", slo.Healthy: "Healthy",
}

// Label is the condition as the page writes it.
func (r row) Label() string { return conditionLabels[r.Condition()] }

func chips(statuses []slo.Status, query, current string) []chip {
	link := func(condition string) string {
		v := url.Values{}
		if query != "" {
			v.Set("q", query)
		}
		if condition != "" {
			v.Set("state", condition)
		}
		if len(v) == 0 {
			return "/"
		}
		return "/?" + v.Encode()
	}
	n := count(statuses)
	out := []chip{{Label: "All", Tone: "all", Count: len(statuses), URL: link(""), Current: current == ""}}
	for _, c := range slo.Conditions() {
		if n[c] > 0 || current == string(c) {
			out = append(out, chip{conditionLabels[c], string(c), n[c], link(string(c)), current == string(c)})
		}
	}
	return out
}

// openIncidents returns the incidents that are open, most severe first.
func (w *Web) openIncidents(ctx context.Context) ([]incidents.Incident, error) {
	if w.cfg.Incidents == nil {
		return nil, nil
	}
	list, err := w.cfg.Incidents.List(ctx, viewer(ctx), newestOpen())
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b incidents.Incident) int { return cmp.Compare(a.Severity, b.Severity) })
	return list, nil
}

// freeze is the release freeze of one environment as a page shows it.
type freeze struct {
	Environment string
	Tone        string // open, caution, code_red, thawing
	Label       string
	For         time.Duration // how long it has been so; 0 if that is not known
	Detail      string
}

// freezes returns the freezes of each service.
func (w *Web) freezes(ctx context.Context, now time.Time) (map[string][]freeze, error) {
	if w.cfg.Freezes == nil {
		return nil, nil
	}
	states, err := w.cfg.Freezes(ctx)
	if err != nil {
		return nil, err
	}
	of := map[string][]freeze{}
	for _, s := range states {
		of[s.Service] = append(of[s.Service], freezeOf(s, now))
	}
	return of, nil
}

// phaseLabels are the phases of a freeze in plain words.
var phaseLabels = map[gate.Phase]string{
	gate.Open: "releases open", gate.Caution: "releases with caution", gate.CodeRed: "Code Red, releases frozen", gate.Thawing: "thawing, one release at a time",
}

func freezeOf(s gate.State, now time.Time) freeze {
	phase := cmp.Or(s.Phase, gate.Open)
	f := freeze{Environment: s.Environment, Tone: string(phase), Label: phaseLabels[phase]}
	since := s.Since
	if m := s.Manual; m != nil && now.Before(m.Until) {
		since = m.At
		f.Detail = m.Reason
		if s.Frozen(now) {
			f.Tone, f.Label = string(gate.CodeRed), "releases frozen by hand"
		} else {
			f.Tone, f.Label = string(gate.Caution), "freeze lifted by hand"
		}
	}
	if !since.IsZero() && now.After(since) {
		f.For = now.Sub(since)
	}
	return f
}
