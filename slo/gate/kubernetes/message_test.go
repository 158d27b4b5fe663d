package kubernetes

import (
	"encoding/json"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/gatetest"
)

// TestResponseOfEveryReason holds what the API server is told of each decision.
func TestResponseOfEveryReason(t *testing.T) {
	t.Parallel()
	gatetest.Golden(t, "responses.golden", func(d gate.Decision) string {
		b, err := json.Marshal(translate(d))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	})
}
