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
	// Rate is the burn rate at which it begins, in parts per billion and at least [One], whatever the window is; 0: what Share comes to.
	Rate Ratio
}

// pagePaces are the tiers that page, fastest first. Source: Google SRE Workbook, "Alerting on SLOs", table 5-8.
var pagePaces = [...]Pace{
	{Share: 20_000_000, Lookback: time.Hour, Short: 5 * time.Minute},
	{Share: 50_000_000, Lookback: 6 * time.Hour, Short: 30 * time.Minute},
}

// PagePaces returns the paces for which somebody is paged, the fastest first.
func PagePaces() []Pace { return append([]Pace(nil), pagePaces[:]...) }

// PaceReason is why a budget is spent at a pace, or is not said to be.
type PaceReason string

const (
	// PaceBurning: both lookbacks are at least as fast as the pace, and enough was seen to say so.
	PaceBurning PaceReason = "burning"
	// PaceCalm: the long lookback is slower than the pace.
	PaceCalm PaceReason = "calm"
	// PaceOver: the long lookback is fast enough, the short one no longer is.
	PaceOver PaceReason = "over"
	// PaceTooFew: fewer events, or fewer bad ones, than [Objective.GuardOver] asks for.
	PaceTooFew PaceReason = "too few events"
	// PaceTooLittleSeen: too little of a lookback was observed.
	PaceTooLittleSeen PaceReason = "too little observed"
	// PaceUnreachable: the objective can never burn so fast, or has too few slices in the lookbacks to tell.
	PaceUnreachable PaceReason = "unreachable"
)

// PaceVerdict is what a pace says of a status.
type PaceVerdict struct {
	Reason      PaceReason
	Factor      float64 // the burn rate at which the pace begins
	Long, Short Burn
}

// MinCoverage is the share of a lookback that must have been observed for its burn rate to be believed: a source that missed scrapes is,
// a half-filled backfill is not.
const MinCoverage = 0.5

// Judge decides whether a budget is spent at the pace. The status is that of the use [ForAlert] where the objective says what gaps mean.
// coverage is the least share of the minutes of both lookbacks that must have been observed. Of the long one that is not asked where nothing
// was ever observed before it: what a new source shows is all there is, and its first outage must not wait for half an hour of measurements. Nor is
// it asked where the objective says that gaps are good or bad.
// What is silent now is neither calm nor over: without data nobody knows. The other guards are asked only of a budget that seems to burn, so that
// their reasons are news.
func (p Pace) Judge(s Status, coverage float64) PaceVerdict {
	if s.Gaps.Estimated {
		coverage = 0 // the objective says what was not observed
	}
	long, short, ok := p.Lookbacks(s.Objective)
	v := PaceVerdict{Factor: p.Factor(s.Objective.Window), Long: s.BurnOver(long), Short: s.BurnOver(short)}
	switch {
	case !ok || p.Unreachable(s.Objective) != "" || s.Objective.Method == Composite && v.Factor >= s.fastest():
		v.Reason = PaceUnreachable
	case s.Gaps.Hold != "", v.Short.Minutes > 0 && v.Short.Coverage() < coverage: // none are asked for where a correction excludes them all
		v.Reason = PaceTooLittleSeen
	case !p.Reached(s.Objective, v.Long):
		v.Reason = PaceCalm
	case !p.Reached(s.Objective, v.Short):
		v.Reason = PaceOver
	case !s.Seen(v.Long, coverage):
		v.Reason = PaceTooLittleSeen
	case !s.JudgedOver(long):
		v.Reason = PaceTooFew
	default:
		v.Reason = PaceBurning
	}
	return v
}

// Seen reports whether at least a share of a lookback of s was observed, or all that ever was lies within it.
func (s Status) Seen(b Burn, coverage float64) bool {
	known := s.Window.Observed
	if n := len(s.Burn); n > 0 {
		known = max(known, s.Burn[n-1].Observed) // the longest, for a calendar window may just have begun
	}
	return b.Coverage() >= coverage || b.Observed > 0 && known <= b.Observed
}

// Factor is the burn rate at which the pace begins:
//
//	share of the budget × window / lookback
//
// It is 14.4 and 6 for those of [PagePaces] and a window of 30 days. Below 1 a budget lasts, whatever the window, so it is never less.
func (p Pace) Factor(w Window) float64 {
	if p.Rate > 0 {
		return max(1, p.Rate.Float())
	}
	return max(1, p.Share.Float()*float64(w.Length)/float64(p.Lookback))
}

// near is how close, relatively, a burn rate may come to a bound before rounding could decide between them.
const near = 1e-9

// Reached reports whether a burn rate of o is at least the factor, exactly where it was counted in events:
//
//	bad / (total × (1 − target)) ≥ share × window / lookback
func (p Pace) Reached(o *Objective, b Burn) bool {
	factor := p.Factor(o.Window)
	if b.Total <= 0 || math.Abs(b.Rate-factor) > near*factor {
		return b.Rate >= factor
	}
	least := new(big.Rat).SetFrac(product(int64(p.Share), int64(o.Window.Length)), product(int64(p.Lookback), int64(One)))
	if p.Rate > 0 {
		least.SetFrac64(int64(p.Rate), int64(One))
	}
	if one := big.NewRat(1, 1); least.Cmp(one) < 0 {
		least = one
	}
	return b.exact(o).Cmp(least) >= 0
}

// exact is the burn rate of o as it follows from the events, of which there are some.
func (b Burn) exact(o *Objective) *big.Rat {
	return new(big.Rat).SetFrac(product(b.Bad(), int64(One)), product(b.Total, int64(o.Budget())))
}

func product(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }
