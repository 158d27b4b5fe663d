package postgres

import (
	"context"

	"plimsoll/incidents"
)

// Known returns those of the incidents that exist and that the viewer may see, by number.
func (s *Store) Known(ctx context.Context, v incidents.Viewer, refs []incidents.Ref) ([]incidents.Incident, error) {
	numbers := make([]int64, len(refs))
	for n, ref := range refs {
		numbers[n] = int64(ref)
	}
	return s.list(ctx, v, `number = ANY ($3) ORDER BY number`, numbers)
}
