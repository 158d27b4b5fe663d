package alerts

import "slices"

// Overtake is the notice n as it is told to a receiver that was told none of the missed ones before it, the oldest first: with what ended
// in them, and with what was new in them and fires still.
func Overtake(missed []Notice, n Notice) Notice {
	firing := slices.Clone(n.Firing)
	ended := slices.Clone(n.Ended)
	at := func(list []Entry, e Entry) int {
		return slices.IndexFunc(list, func(other Entry) bool { return other.Objective == e.Objective && other.Tier == e.Tier })
	}
	for _, m := range slices.Backward(missed) { // what was said of an end last is true
		for _, e := range m.Firing {
			if i := at(firing, e); i >= 0 && e.New {
				firing[i].New = true
			}
		}
		for _, e := range m.Ended {
			if at(firing, e) < 0 && at(ended, e) < 0 {
				ended = append(ended, e)
			}
		}
	}
	n.Firing, n.Ended = firing, ended
	return n
}
