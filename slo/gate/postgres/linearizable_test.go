package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

type operation struct {
	kind string // freeze, thaw or check
}

// frozen is the model: a freeze denies every check after it, until a thaw.
var frozen = porcupine.Model{
	Init: func() any { return false },
	Step: func(state, input, output any) (bool, any) {
		switch input.(operation).kind {
		case "freeze":
			return true, true
		case "thaw":
			return true, false
		default:
			return output.(gate.Outcome) == gate.Deny == state.(bool), state
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprint(input.(operation).kind, " → ", output) },
}

// TestLinearizable lets people freeze and thaw while others check, through two gates on one database, and proves that the
// history is one of a single place that takes one request at a time.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	gates := []*postgres.Gate{f.Gate, f.another(t, nil)}
	until := f.clock.now().Add(time.Hour)
	start := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	do := func(client int, kind string) {
		g := gates[client%len(gates)]
		called := time.Since(start)
		var output any = gate.Outcome("")
		var err error
		switch kind {
		case "freeze":
			_, err = g.Freeze(t.Context(), "ada", "video-api", "production", "drill", until)
		case "thaw":
			_, err = g.Thaw(t.Context(), "ada", "video-api", "production", "drill", until)
		default:
			var d gate.Decision
			d, err = g.Check(t.Context(), "ci", change(gate.Feature, "c0ffee"))
			output = d.Outcome
		}
		returned := time.Since(start)
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		history = append(history, porcupine.Operation{ClientId: client, Input: operation{kind}, Call: int64(called), Output: output, Return: int64(returned)})
	}
	do(1, "check")
	var wg sync.WaitGroup
	for client := range 8 {
		wg.Go(func() {
			for i := range 25 {
				switch {
				case client == 0 && i%2 == 0:
					do(client, "freeze")
				case client == 0:
					do(client, "thaw")
				default:
					do(client, "check")
				}
			}
		})
	}
	wg.Wait()
	do(1, "check") // the last word was a freeze
	if result, _ := porcupine.CheckOperationsVerbose(frozen, history, 30*time.Second); result != porcupine.Ok {
		t.Error(result)
	}
	if v := f.verify(t); v.Broken != nil {
		t.Errorf("%+v", v.Broken)
	}
}
