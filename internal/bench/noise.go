package main

import (
	"fmt"
	"syscall"
	"time"
)

// quiet is the share of time that others may take without being mentioned.
const quiet = 0.1

// taken returns the share of a fifth of a second, 0 to 1, for which this process was ready to run and something else ran.
func taken() (float64, error) {
	began, before, err := time.Now(), time.Duration(0), error(nil)
	if before, err = cpuTime(); err != nil {
		return 0, err
	}
	for time.Since(began) < time.Second/5 {
	}
	wall := time.Since(began)
	after, err := cpuTime()
	return max(0, 1-float64(after-before)/float64(wall)), err
}

// cpuTime returns for how long this process has run.
func cpuTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
