package argo

import (
	"encoding/json"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/gatetest"
)

// TestAnswerOfEveryReason holds what an AnalysisRun is told of each decision.
func TestAnswerOfEveryReason(t *testing.T) {
	t.Parallel()
	gatetest.Golden(t, "answers.golden", func(d gate.Decision) string {
		b, err := json.Marshal(answer(d))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	})
}
