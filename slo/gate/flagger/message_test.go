package flagger

import (
	"fmt"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/gatetest"
)

// TestAnswerOfEveryReason holds what Flagger is told of each decision, and shows in the canary's events.
func TestAnswerOfEveryReason(t *testing.T) {
	t.Parallel()
	gatetest.Golden(t, "answers.golden", func(d gate.Decision) string {
		r := answer(d)
		return fmt.Sprintf("%d %s", r.Status, r.Body)
	})
}
