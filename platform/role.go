package platform

import (
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
)

// Role is a part of the platform that a process can have.
type Role string

const (
	// Gateway is the public API's listener. It serves the operations of Ingest and Playback of the same process.
	Gateway Role = "gateway"
	// Ingest takes uploads in.
	Ingest Role = "ingest"
	// Worker makes videos of uploads.
	Worker Role = "worker"
	// Playback reads videos, for the public API and for edges.
	Playback Role = "playback"
	// Edge serves manifests and segments to viewers.
	Edge Role = "edge"
	// Blob is the object storage, unless another is configured.
	Blob Role = "blob"
)

// Roles are all of them.
func Roles() []Role { return []Role{Gateway, Ingest, Worker, Playback, Edge, Blob} }

// ParseRoles reads names of roles.
func ParseRoles(names []string) ([]Role, error) {
	var known []string
	for _, r := range Roles() {
		known = append(known, string(r))
	}
	var roles []Role
	for _, name := range names {
		r := Role(strings.TrimSpace(name))
		if !slices.Contains(Roles(), r) {
			return nil, fmt.Errorf("roles: there is no role %q%s; roles: %s", name, nearest.Hint(name, known), strings.Join(known, ", "))
		}
		if !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	}
	return roles, nil
}
