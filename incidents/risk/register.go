package risk

// Filter selects items; its zero value selects all.
type Filter struct {
	States  []State // any, if empty
	Service string  // any, if empty
}

// Outcome is what an import did with the items that it was given.
type Outcome struct {
	Added     []Ref `json:"added"`
	Changed   []Ref `json:"changed"`
	Unchanged []Ref `json:"unchanged"`
}
