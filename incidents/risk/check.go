package risk

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The bounds of what an item may hold.
const (
	MaxTitle       = 200     // letters
	MaxDescription = 5_000   // letters
	MaxPersonDays  = 10_000  // days
	MaxPeople      = 1_000   // people
	MaxWeeks       = 520     // weeks, ten years
	MaxMoney       = 1 << 40 // units; products with weeks stay far below the largest int64
	maxList        = 50      // entries
)

var (
	currency  = regexp.MustCompile(`^[A-Z]{3}$`)
	word      = regexp.MustCompile(`^\S{1,200}$`)
	reference = regexp.MustCompile(`^INC-[1-9][0-9]{0,17}$`)
)

// checks collects problems.
type checks []Problem

func (c *checks) add(field, found, want string) { *c = append(*c, Problem{field, found, want}) }

func (c *checks) text(field, s string, most int, needed bool) {
	switch n := utf8.RuneCountInString(s); {
	case strings.TrimSpace(s) == "" && needed:
		c.add(field, "", fmt.Sprintf("1 to %d letters", most))
	case n > most:
		c.add(field, string([]rune(s)[:20])+"…", fmt.Sprintf("at most %d letters, found %d", most, n))
	case strings.ContainsRune(s, 0):
		c.add(field, s, "text without a null character")
	}
}

func (c *checks) line(field, s string) {
	c.text(field, s, MaxTitle, true)
	if strings.ContainsAny(s, "\r\n") {
		c.add(field, s, "one line")
	}
}

func (c *checks) whole(field string, n, from, to int) {
	if n < from || n > to {
		c.add(field, strconv.Itoa(n), fmt.Sprintf("%d to %d", from, to))
	}
}

func (c *checks) money(field string, m Money) {
	if m < 0 || m > MaxMoney {
		c.add(field, strconv.FormatInt(int64(m), 10), fmt.Sprintf("an amount of 0 to %d", int64(MaxMoney)))
	}
}

func (c *checks) amount(field string, f, most float64) {
	if !(f > 0 && f <= most) { // also refuses NaN
		c.add(field, strconv.FormatFloat(f, 'g', -1, 64), fmt.Sprintf("more than 0 and at most %g", most))
	}
}

func (c *checks) list(field string, list []string, allowed *regexp.Regexp, want string) {
	if len(list) > maxList {
		c.add(field, strconv.Itoa(len(list)), fmt.Sprintf("at most %d entries", maxList))
	}
	for i, s := range list {
		if !allowed.MatchString(s) || strings.ContainsRune(s, 0) {
			c.add(fmt.Sprintf("%s[%d]", field, i), s, want)
		}
	}
}

// Check returns an [*InvalidError] with everything that is wrong with a content, or nil.
func (t *Content) Check() error {
	var c checks
	c.line("title", t.Title)
	c.text("description", t.Description, MaxDescription, false)
	c.line("owner", t.Owner)
	c.list("services", t.Services, word, "a name without blanks")
	for _, s := range t.Scores.named() {
		c.whole("scores."+s.name, s.value, 1, 5)
	}
	c.amount("cost.personDays", t.Cost.PersonDays, MaxPersonDays)
	c.whole("cost.people", t.Cost.People, 0, MaxPeople)
	t.checkMoney(&c)
	c.list("links.incidents", t.Links.Incidents, reference, "a reference such as INC-7")
	c.list("links.fmea", t.Links.FMEA, regexp.MustCompile(`^.{1,200}$`), "1 to 200 letters in one line")
	c.list("links.objectives", t.Links.Objectives, word, "a key such as video-api/latency")
	if len(c) > 0 {
		return &InvalidError{c}
	}
	return nil
}

func (t *Content) checkMoney(c *checks) {
	if m := t.Cost.Money; m != nil {
		c.money("cost.money", *m)
		if *m == 0 {
			c.add("cost.money", "0", "an amount above 0, or none")
		}
	}
	if l := t.Loss; l != nil {
		c.money("loss.before", l.Before)
		c.money("loss.after", l.After)
		if l.After > l.Before {
			c.add("loss.after", strconv.FormatInt(int64(l.After), 10), "at most loss.before: putting it right does not raise the loss")
		}
		if l.Chance != nil && !(*l.Chance > 0 && *l.Chance < 1) {
			c.add("loss.chance", strconv.FormatFloat(*l.Chance, 'g', -1, 64), "a probability above 0 and below 1")
		}
	}
	if f := t.Displaces; f != nil {
		c.line("displaces.title", f.Title)
		c.money("displaces.perWeek", f.PerWeek)
		c.amount("displaces.weeks", f.Weeks, MaxWeeks)
	}
	money := t.Cost.Money != nil || t.Loss != nil || t.Displaces != nil
	if t.Currency != "" && !currency.MatchString(t.Currency) || t.Currency == "" && money {
		c.add("currency", t.Currency, "a code of three capital letters such as EUR")
	}
}

type namedScore struct {
	name  string
	value int
}

func (s Scores) named() []namedScore {
	return []namedScore{{"compliance", s.Compliance}, {"security", s.Security}, {"blastRadius", s.BlastRadius}, {"probability", s.Probability}}
}

// round rounds an amount to whole units.
func round(f float64) Money { return Money(math.Round(f)) }
