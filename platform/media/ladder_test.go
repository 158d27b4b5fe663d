package media

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/platform/media/fmp4"
)

func TestRenditions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		width, height int
		want          []rendition
	}{
		"full HD":   {1920, 1080, []rendition{{"360p", 640, 360, 800}, {"720p", 1280, 720, 3000}, {"1080p", 1920, 1080, 6000}}},
		"portrait":  {720, 1280, []rendition{{"360p", 360, 640, 800}, {"720p", 720, 1280, 3000}}},
		"cinema":    {1920, 800, []rendition{{"360p", 864, 360, 800}, {"720p", 1728, 720, 3000}}},
		"small":     {320, 180, []rendition{{"180p", 320, 180, 800}}},
		"small odd": {161, 91, []rendition{{"90p", 160, 90, 800}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := renditions(&source{width: tc.width, height: tc.height})
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(rendition{})); diff != "" {
				t.Errorf("renditions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRenditionsAreEvenAndNoLargerThanTheSource(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &source{width: rapid.IntRange(2, maxDimension).Draw(t, "width"), height: rapid.IntRange(2, maxDimension).Draw(t, "height")}
		list := renditions(s)
		if len(list) == 0 {
			t.Error("no rendition")
		}
		for _, r := range list {
			if r.width%2 != 0 || r.height%2 != 0 || r.width < 2 || r.height < 2 || r.width > s.width+1 || r.height > s.height+1 {
				t.Errorf("%+v of %d × %d", r, s.width, s.height)
			}
		}
	})
}

func TestTimelineCountsEqualSegments(t *testing.T) {
	t.Parallel()
	fragments := []fmp4.Fragment{{Time: 0, Duration: 4}, {Time: 4, Duration: 4}, {Time: 8, Duration: 4}, {Time: 12, Duration: 1}}
	first, last := uint64(0), uint64(12)
	want := []mpdTimeEntry{{Time: &first, Duration: 4, Repeat: 2}, {Time: &last, Duration: 1}}
	if diff := cmp.Diff(want, timeline(fragments)); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
}
