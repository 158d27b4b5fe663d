package risk

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Week is how an objective's budget stood at the end of a week.
type Week struct {
	Ends      time.Time
	Remaining float64 // share of the budget that was left; 0 is spent, below 0 overspent
}

// Spender is an objective with its last weeks.
type Spender struct {
	Objective string // its key
	Title     string // what it promises
	Service   string
	Weeks     []Week // in order, the last one last
}

// The rule for a chronic spender is our choice. It asks for most of a month, so that one bad week, which an incident explains, is no debt.
const (
	ChronicWeeks = 4    // weeks that are looked at
	ChronicSpent = 3    // of them, at least so many ended with little left
	ChronicShare = 0.10 // little left is less than this share of the budget
)

// Reason says why a spender is suggested, or is not.
type Reason string

// The reasons.
const (
	ReasonChronic Reason = "chronic"        // it ended most of the last weeks with little left
	ReasonFew     Reason = "too few weeks"  // fewer than [ChronicWeeks] weeks are known
	ReasonHealthy Reason = "enough is left" // it is not a chronic spender
	ReasonKnown   Reason = "is an item"     // an item that is not done is linked to it
	ReasonSettled Reason = "was accepted"   // somebody decided to live with it
)

// Suggestion is an item that somebody might add. Its scores and cost are for people to judge.
type Suggestion struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Service     string `json:"service"`
	Objective   string `json:"objective"`
	Because     string `json:"because"`
}

// Suggest returns the item that a chronic spender asks for, and why there is none otherwise. Items are those of the register.
func Suggest(s Spender, items []Item) (Suggestion, Reason) {
	if len(s.Weeks) < ChronicWeeks {
		return Suggestion{}, ReasonFew
	}
	last := s.Weeks[len(s.Weeks)-ChronicWeeks:]
	spent := 0
	var shares []string
	for _, w := range last {
		if w.Remaining < ChronicShare {
			spent++
		}
		shares = append(shares, strconv.FormatFloat(w.Remaining*100, 'f', 0, 64)+" %")
	}
	if spent < ChronicSpent {
		return Suggestion{}, ReasonHealthy
	}
	for _, i := range items {
		for _, key := range i.Links.Objectives {
			switch {
			case key != s.Objective || i.State == Done:
			case i.State == Accepted:
				return Suggestion{}, ReasonSettled
			default:
				return Suggestion{}, ReasonKnown
			}
		}
	}
	because := fmt.Sprintf("%s ended %d of its last %d weeks with less than %.0f %% of its budget left: %s", s.Objective, spent, ChronicWeeks,
		ChronicShare*100, strings.Join(shares, ", "))
	title := []rune(fmt.Sprintf("%s does not keep its promise: %s", s.Service, s.Title))
	return Suggestion{
		Title:       string(title[:min(len(title), MaxTitle)]),
		Description: fmt.Sprintf("“%s” is promised to customers of %s, and was not kept in most of the last %d weeks.", s.Title, s.Service, ChronicWeeks),
		Service:     s.Service, Objective: s.Objective, Because: because,
	}, ReasonChronic
}
