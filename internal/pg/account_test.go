package pg

import (
	"os/exec"
	"testing"
	"time"
)

// A server that this process has inherited does not live on as a zombie.
func TestDeadChildIsNotAlive(t *testing.T) {
	t.Parallel()
	child := exec.Command("cat") // until its input ends
	input, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil { // nobody waits for it
		t.Fatal(err)
	}
	if !alive(child.Process.Pid) {
		t.Error("a child that runs is not alive")
	}
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); alive(child.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a child that has ended is alive")
		}
	}
}
