package replica

import (
	"time"

	"plimsoll/slo/ledger"
)

// Role is what a process does.
type Role string

const (
	Starting  Role = "starting"  // it does not know yet who leads, or what that process has counted
	Following Role = "following" // another leads; reads are answered as of its last checkpoint
	Leading   Role = "leading"   // it counts and saves
	Suspended Role = "suspended" // it counts but cannot save, and does not know whether another has taken over
)

// Roles are all roles.
func Roles() []Role { return []Role{Starting, Following, Leading, Suspended} }

// Counts reports whether a process of this role takes samples.
func (r Role) Counts() bool { return r == Leading || r == Suspended }

// Status is how a replica fares.
type Status struct {
	Role  Role
	Since time.Time // when it took that role
	// Position is how far the store had come when it was last read. While this process leads it is where it took over.
	Position ledger.Position
	// Epoch of this process while it counts; 0 otherwise.
	Epoch int64
	// Err is why the store cannot be followed or the lock not be had; nil if all is well.
	Err error
}

// DataAt is the instant up to which what is answered is known; zero if nothing is.
func (s Status) DataAt(now time.Time) time.Time {
	if s.Role.Counts() {
		return now
	}
	return s.Position.At
}
