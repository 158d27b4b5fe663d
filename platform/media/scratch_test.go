package media

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Workers that share a directory start and stop at the same time; none takes another's files for a leftover, and all
// that is left in the end is the lock.
func TestScratchIsShared(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, ownDirs+"crashed"), 0o700); err != nil {
		t.Fatal(err)
	}
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for range 50 {
				s, err := openScratch(root)
				if err != nil {
					t.Error(err)
					return
				}
				if _, _, err := s.task("task-1-1"); err != nil {
					t.Error(err)
				}
				if err := s.close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	left, err := os.ReadDir(root)
	if err != nil || len(left) != 1 || left[0].Name() != lockName {
		t.Errorf("left: %v, %v", left, err)
	}
}
