package alerts_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"plimsoll/alerts"
)

// A burn that hovers about its factor for a day, with up to half an hour of quiet in between, is one episode, and is told of no more often than
// returns double what has to pass before it is called over: first, four ends and four returns, an end in the end, and six repetitions.
func TestHoveringIsOneEpisode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		tier, base := alerts.Tiers()[0], time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
		a := alerts.Alert{Objective: "video-api/availability", Tier: tier.Name, State: alerts.Inactive}
		var told alerts.Told
		episodes, notices := map[string]bool{}, 0
		burning, left := true, 0
		for minute := range 24 * 60 {
			if left == 0 {
				burning = !burning
				left = rapid.IntRange(1, 30).Draw(rt, "minutes")
			}
			left--
			v := alerts.Verdict{Tier: tier, Reason: alerts.Over}
			if burning {
				v.Reason = alerts.Burning
			}
			at := base.Add(time.Duration(minute) * time.Minute)
			a, _ = alerts.Transition(a, v, at, alerts.DefaultTiming())
			group := []alerts.Alert{a}
			now := alerts.Summary(group, at)
			if told = told.Watch(len(now.Firing) > 0, at); told.Forgotten(at, alerts.DefaultCadence()) {
				told = alerts.Told{}
			}
			cause, due := alerts.Due(group, told, at, alerts.DefaultCadence())
			if !due {
				continue
			}
			notices++
			told = told.Next(now, cause, at.String())
			episodes[told.Episode] = true
		}
		if notices > 16 || len(episodes) > 1 {
			rt.Fatalf("%d notices of %d episodes", notices, len(episodes))
		}
	})
}
