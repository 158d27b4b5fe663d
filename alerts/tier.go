package alerts

import (
	"math"
	"math/big"
	"time"

	"plimsoll/slo"
)

// Severity says who is to look, and when.
type Severity string

const (
	// Page wakes somebody now.
	Page Severity = "page"
	// Ticket can wait for a working day.
	Ticket Severity = "ticket"
)

// Tier is a speed at which a budget is spent, and what to do about it.
type Tier struct {
	Name     string
	Severity Severity
	// Share of the whole budget that is spent in Lookback at the speed that the tier stands for.
	Share    slo.Ratio
	Lookback time.Duration
	// Short is the lookback over which the speed must still hold; a twelfth of Lookback in the table below.
	Short time.Duration
}

// tiers are those of the Site Reliability Workbook, "Alerting on SLOs", section 6 (multiwindow, multi-burn-rate alerts), table 5-8, and
// its ticket tier at a tenth of the budget divided into a fast one and a slow one.
var tiers = []Tier{
	{"page-fast", Page, 20_000_000, time.Hour, 5 * time.Minute},
	{"page-slow", Page, 50_000_000, 6 * time.Hour, 30 * time.Minute},
	{"ticket-fast", Ticket, 100_000_000, 24 * time.Hour, 2 * time.Hour},
	{"ticket-slow", Ticket, 100_000_000, 3 * 24 * time.Hour, 6 * time.Hour},
}

// Tiers returns the tiers that hold where nothing else is said, the most urgent first.
func Tiers() []Tier { return append([]Tier(nil), tiers...) }

// Factor is the burn rate at which the tier begins:
//
//	share of the budget × window / lookback
//
// For a window of 30 days it is 14.4, 6, 3 and 1 for the tiers of [Tiers]. Below 1 a budget lasts, whatever the window, so it is never less.
func (t Tier) Factor(w slo.Window) float64 {
	return max(1, t.Share.Float()*float64(w.Length)/float64(t.Lookback))
}

// Reachable reports whether the tier can ever burn: not even a service of which every event is bad burns faster than 1 ÷ (1 − target).
func (t Tier) Reachable(o *slo.Objective) bool {
	return t.Factor(o.Window)*o.Budget().Float() < 1
}

// lookbacks returns the two lookbacks of the tier for an objective. Where its slices are longer than the short one, that is the shortest lookback
// in which at least one slice ends; false if that is no shorter than the long one.
func (t Tier) lookbacks(o *slo.Objective) (long, short time.Duration, ok bool) {
	short = t.Short
	if slice := o.Slice.Length; slice > short {
		for _, l := range slo.Lookbacks() {
			if short = l; l >= slice {
				break
			}
		}
	}
	return t.Lookback, short, short < t.Lookback
}

// near is how close, relatively, a burn rate may come to the factor before rounding could decide between them.
const near = 1e-9

// reached reports whether a burn rate is at least the factor, exactly where it was counted in events:
//
//	bad / (total × (1 − target)) ≥ share × window / lookback
func (t Tier) reached(o *slo.Objective, b slo.Burn) bool {
	factor := t.Factor(o.Window)
	if b.Total <= 0 || math.Abs(b.Rate-factor) > near*factor {
		return b.Rate >= factor
	}
	burn := new(big.Rat).SetFrac(product(b.Bad(), int64(slo.One)), product(b.Total, int64(o.Budget())))
	least := new(big.Rat).SetFrac(product(int64(t.Share), int64(o.Window.Length)), product(int64(t.Lookback), int64(slo.One)))
	if one := big.NewRat(1, 1); least.Cmp(one) < 0 {
		least = one
	}
	return burn.Cmp(least) >= 0
}

func product(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }
