package playback_test

import (
	"testing"

	"plimsoll/platform/objectstore/blobtest"
)

func TestMain(m *testing.M) { blobtest.Main(m) }
