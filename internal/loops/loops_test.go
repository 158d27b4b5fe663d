package loops_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/internal/loops"
)

// log notes which loops go on, and how often each has begun.
type log struct {
	mu      sync.Mutex
	going   map[string]int // by definition
	started map[string]int
	twice   bool
}

func (l *log) loop(ctx context.Context, definition [2]string) {
	name, key := definition[0], fmt.Sprint(definition)
	l.mu.Lock()
	l.started[key]++
	l.going[name]++
	l.twice = l.twice || l.going[name] > 1
	l.mu.Unlock()
	<-ctx.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.going[name]--; l.going[name] == 0 {
		delete(l.going, name)
	}
}

// Whatever is applied, exactly the wanted loops go on, none twice at a time, and one that stays is not begun anew.
func TestSetFollowsDefinitions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		definitions := rapid.SliceOfN(rapid.MapOfN(rapid.StringMatching("[abc]"), rapid.StringMatching("[12]"), 0, 3), 1, 6).Draw(rt, "definitions")
		synctest.Test(t, func(t *testing.T) {
			l := &log{going: map[string]int{}, started: map[string]int{}}
			set := loops.New(l.loop, func(a, b [2]string) bool { return a == b })
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			wantStarted, before := map[string]int{}, map[string]string{}
			for i, wanted := range definitions {
				apply := map[string][2]string{}
				for name, version := range wanted {
					apply[name] = [2]string{name, version}
				}
				set.Apply(apply)
				if i == 0 {
					go func() { defer close(done); set.Run(ctx) }()
				}
				synctest.Wait()
				going := map[string]int{}
				for name, version := range wanted {
					going[name] = 1
					if before[name] != version {
						wantStarted[fmt.Sprint([2]string{name, version})]++
					}
				}
				before = maps.Clone(wanted)
				if diff := cmp.Diff(going, l.going); diff != "" {
					rt.Fatalf("after %d: going (-want +got):\n%s", i, diff)
				}
				if diff := cmp.Diff(wantStarted, l.started); diff != "" {
					rt.Fatalf("after %d: started (-want +got):\n%s", i, diff)
				}
			}
			stop()
			<-done
			if len(l.going) > 0 || l.twice {
				rt.Fatalf("after the end %v go on; two of one name: %v", l.going, l.twice)
			}
		})
	})
}
