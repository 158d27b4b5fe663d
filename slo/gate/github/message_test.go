package github

import (
	"fmt"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/gatetest"
)

// TestCommentOfEveryReason holds what GitHub is told of each decision: the state and the comment.
func TestCommentOfEveryReason(t *testing.T) {
	t.Parallel()
	gatetest.Golden(t, "comments.golden", func(d gate.Decision) string {
		r, verdict := reviewOf(ReviewArgs{Environment: "production"}, d, Reject)
		return fmt.Sprintf("state %q, verdict %v\n%s", r.State, verdict, r.Comment)
	})
}
