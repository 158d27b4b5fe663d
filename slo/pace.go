package slo

import (
	"math"
	"math/big"
	"time"
)

// Pace is a speed of spending for which somebody is woken: Share of the whole budget within Lookback, still going on over Short.
type Pace struct {
	Share           Ratio
	Lookback, Short time.Duration
}

// pagePaces are the tiers that page, fastest first. Source: Google SRE Workbook, "Alerting on SLOs", table 5-8.
var pagePaces = [...]Pace{
	{20_000_000, time.Hour, 5 * time.Minute},
	{50_000_000, 6 * time.Hour, 30 * time.Minute},
}

// PagePaces returns the paces for which somebody is paged, the fastest first.
func PagePaces() []Pace { return append([]Pace(nil), pagePaces[:]...) }

// Factor is the burn rate at which the pace begins:
//
//	share of the budget × window / lookback
//
// It is 14.4 and 6 for those of [PagePaces] and a window of 30 days. Below 1 a budget lasts, whatever the window, so it is never less.
func (p Pace) Factor(w Window) float64 {
	return max(1, p.Share.Float()*float64(w.Length)/float64(p.Lookback))
}

// near is how close, relatively, a burn rate may come to the factor before rounding could decide between them.
const near = 1e-9

// Reached reports whether a burn rate of o is at least the factor, exactly where it was counted in events:
//
//	bad / (total × (1 − target)) ≥ share × window / lookback
func (p Pace) Reached(o *Objective, b Burn) bool {
	factor := p.Factor(o.Window)
	if b.Total <= 0 || math.Abs(b.Rate-factor) > near*factor {
		return b.Rate >= factor
	}
	burn := new(big.Rat).SetFrac(product(b.Bad(), int64(One)), product(b.Total, int64(o.Budget())))
	least := new(big.Rat).SetFrac(product(int64(p.Share), int64(o.Window.Length)), product(int64(p.Lookback), int64(One)))
	if one := big.NewRat(1, 1); least.Cmp(one) < 0 {
		least = one
	}
	return burn.Cmp(least) >= 0
}

func product(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }
