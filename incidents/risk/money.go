package risk

import "math"

const (
	// WeeksPerYear is 365.25 / 7, the weeks of a mean year.
	WeeksPerYear = 365.25 / 7
	// DaysPerWeek are the working days of a week.
	DaysPerWeek = 5
)

// Rate is the rate λ per year of a Poisson process that has at least one arrival within a year with probability chance:
//
//	chance = 1 − e^(−λ)   ⇒   λ = −ln(1 − chance)
//
// chance is above 0 and below 1.
func Rate(chance float64) float64 { return -math.Log1p(-chance) }

// ChanceWithin is the probability of at least one failure within so many weeks, 1 − e^(−λ·T), given that within a year.
func ChanceWithin(chance, weeks float64) float64 {
	return -math.Expm1(-Rate(chance) * weeks / WeeksPerYear)
}

// AnnualLoss is the annual loss expectancy λ × (loss of one failure), for failures that arrive as a Poisson process: λ is the mean number of
// failures a year, of which chance is the probability that there is any.
func AnnualLoss(chance float64, perFailure Money) Money {
	return round(Rate(chance) * float64(perFailure))
}

// Saved is what an item spares each year once it is done: the annual loss expectancy before less that after.
func (t *Content) Saved() (Money, bool) {
	if t.Loss == nil {
		return 0, false
	}
	return t.Loss.Before - t.Loss.After, true
}

// Leverage is what each unit of money spent on the item spares a year, (ALE before − ALE after) / cost; the return on security investment of
// the literature is this less 1 over one year. It is unknown without both sums.
func (t *Content) Leverage() (float64, bool) {
	saved, ok := t.Saved()
	if !ok || t.Cost.Money == nil || *t.Cost.Money <= 0 {
		return 0, false
	}
	return float64(saved) / float64(*t.Cost.Money), true
}

// Weeks is how long putting the item right takes: person-days / (people × [DaysPerWeek]).
func (c Cost) Weeks() float64 { return c.PersonDays / float64(max(c.People, 1)*DaysPerWeek) }

// Delay weighs an item against the feature that it displaces. Only one of them can go first; the other waits meanwhile.
type Delay struct {
	ItemWeeks    float64 `json:"itemWeeks" doc:"How long the item takes: the feature waits for so long if the item goes first"`
	FeatureWeeks float64 `json:"featureWeeks" doc:"How long the feature takes: the item waits for so long if the feature goes first"`
	// OfFeature is the cost of delay: what waiting costs the feature, per week × item weeks.
	OfFeature Money `json:"costOfDelay" doc:"What it costs that the feature waits for the item"`
	// OfItem is the cost of failure: the loss to expect while the item waits.
	OfItem Money `json:"costOfFailure" doc:"The loss to expect while the item waits for the feature"`
	// Chance of at least one failure while the item waits; nil where that of a year is not known.
	Chance *float64 `json:"chance,omitempty" doc:"Probability of at least one failure while the item waits"`
	// ItemFirst is whether the item should go first.
	ItemFirst bool `json:"itemFirst" doc:"Whether the item should go first: waiting costs it more than it costs the feature"`
}

// Delay compares the two orders in which the item and the feature can be done, as Reinertsen (The Principles of Product Development Flow, 2009,
// economic sequencing by cost of delay over duration) does:
//
//	item first:    the feature waits ItemWeeks;    costs PerWeek × ItemWeeks
//	feature first: the item waits FeatureWeeks;    costs (ALE before − ALE after) × FeatureWeeks / [WeeksPerYear]
//
// The arrivals of a Poisson process in a time T number λ·T on average, so the loss to expect in T is ALE × T, however long ago the last failure
// was. The loss that remains after the item is done comes in either order, so it is not in the comparison. The item goes first where its
// waiting costs more; at equality the feature does. False without the loss or the feature.
func (t *Content) Delay() (Delay, bool) {
	saved, ok := t.Saved()
	if !ok || t.Displaces == nil {
		return Delay{}, false
	}
	f := t.Displaces
	d := Delay{ItemWeeks: t.Cost.Weeks(), FeatureWeeks: f.Weeks}
	feature, item := float64(f.PerWeek)*d.ItemWeeks, float64(saved)*d.FeatureWeeks/WeeksPerYear
	d.OfFeature, d.OfItem, d.ItemFirst = round(feature), round(item), item > feature
	if t.Loss.Chance != nil {
		chance := ChanceWithin(*t.Loss.Chance, d.FeatureWeeks)
		d.Chance = &chance
	}
	return d, true
}
