package gate

import "time"

// Filter picks entries of the audit log. The zero value picks all.
type Filter struct {
	Service     string
	Environment string
	Outcome     Outcome   // of decisions
	From, To    time.Time // [From, To)
	Before      int64     // entries before this place in the log
	Limit       int       // at most so many; 0 for all
}

// Verification is what a walk along the audit log found.
type Verification struct {
	Entries int64  `json:"entries" doc:"Entries that hold, from the first"`
	Head    string `json:"head" doc:"Hash of the last of them"`
	// Broken is the first link that does not hold; nil if all do.
	Broken *BrokenLink `json:"broken,omitempty"`
}

// BrokenLink is a place at which the audit log was tampered with.
type BrokenLink struct {
	Seq     int64  `json:"seq"`
	Problem string `json:"problem"`
}
