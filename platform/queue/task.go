package queue

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"plimsoll/platform/catalog"
)

// Task is a claimed task: the right, until the lease is lost, to do a piece of work and publish its result.
type Task struct {
	ID          int64
	VideoID     catalog.VideoID
	Generation  int
	Attempt     int // of this claim, from 1; no two claims of a task have the same
	Failures    int // tries that were spent before
	MaxFailures int
	CreatedAt   time.Time

	lease    string
	progress atomic.Uint32 // float32 bits
	mu       sync.Mutex
	log      strings.Builder
}

// Progress notes how much of the work is done, from 0 to 1. It is written with the next heartbeat.
func (t *Task) Progress(fraction float64) {
	t.progress.Store(math.Float32bits(float32(min(max(fraction, 0), 1))))
}

// maxLog bounds the log that is kept of all attempts at a task, in characters; the latest are kept.
const maxLog = 64 << 10

// Logf adds a line to the log that is kept with the task.
func (t *Task) Logf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.log.Len() < maxLog {
		fmt.Fprintf(&t.log, format+"\n", args...)
	}
}

func (t *Task) logged() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return plain(t.log.String())
}

// plain makes text of a program's output fit for the database.
func plain(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}
