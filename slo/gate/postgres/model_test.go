package postgres_test

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"plimsoll/slo/gate"
)

type kind string

const (
	freeze  kind = "freeze"
	thaw    kind = "thaw"
	ask     kind = "ask for override"
	approve kind = "approve override"
	check   kind = "check"
)

// request is what a client asks.
type request struct {
	kind     kind
	service  string
	change   int   // the commit of an override or check; 0 is one that nobody asks an override for
	override int64 // to approve
}

// answer is what it is told.
type answer struct {
	lost       bool // nobody knows whether the request took effect
	refused    bool // no more overrides, or the override is approved or used already
	override   int64
	outcome    gate.Outcome
	overridden bool
}

// service is the state of the model: one place that takes one request at a time.
type service struct {
	frozen    bool
	asked     int
	overrides [gate.OverrideQuota]struct {
		change int
		status status
	}
}

type status int

const (
	pending status = iota
	approved
	used
)

func (s *service) statusOf(change int) (at *status) {
	for i := range s.asked {
		if s.overrides[i].change == change {
			at = &s.overrides[i].status
		}
	}
	return at
}

// take gives the state after a request, and whether the answer is the one that this state gives. Any is, where it was lost.
func (s service) take(in request, out answer) (bool, service) {
	switch in.kind {
	case freeze:
		s.frozen = true
	case thaw:
		s.frozen = false
	case ask:
		if s.asked == len(s.overrides) {
			return out.lost || out.refused, s
		}
		s.overrides[s.asked].change = in.change
		s.asked++
		return !out.refused, s
	case approve:
		o := s.statusOf(in.change)
		if o == nil || *o != pending {
			return out.lost || o != nil && out.refused, s
		}
		*o = approved
		return !out.refused, s
	case check:
		if o := s.statusOf(in.change); o != nil && *o == approved {
			*o = used
			return out.lost || out.overridden && out.outcome == gate.Allow, s
		}
		want := gate.Allow
		if s.frozen {
			want = gate.Deny
		}
		return out.lost || !out.overridden && out.outcome == want, s
	}
	return true, s
}

// oneGate is the model. Services have nothing to do with each other.
var oneGate = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		of := map[string]int{}
		var parts [][]porcupine.Operation
		for _, op := range history {
			name := op.Input.(request).service
			i, ok := of[name]
			if !ok {
				i, of[name] = len(parts), len(parts)
				parts = append(parts, nil)
			}
			parts[i] = append(parts[i], op)
		}
		return parts
	},
	Init: func() any { return service{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(service).take(input.(request), output.(answer))
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}
