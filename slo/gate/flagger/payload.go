package flagger

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
	"plimsoll/slo/gate"
)

// payload is what Flagger posts. Later versions of Flagger say more, which does not matter here.
type payload struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Phase     string            `json:"phase"`
	Checksum  string            `json:"checksum"`
	Type      string            `json:"type"` // of the hook; older versions do not say
	Metadata  map[string]string `json:"metadata"`
}

// errMetadata is what a webhook's metadata must hold.
var errMetadata = errors.New("the webhook's metadata must name service and environment")

func parse(body []byte) (payload, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return payload{}, fmt.Errorf("the body must be the JSON that Flagger posts: %w", err)
	}
	if p.Name == "" || p.Namespace == "" {
		return payload{}, errors.New("the body must be the JSON that Flagger posts: name and namespace of the canary are missing")
	}
	return p, nil
}

// stage is what a hook is for.
type stage int

const (
	goesOut   stage = iota // the canary waits for leave to go on
	isOver                 // nothing goes out any more, or somebody is only told
	rollsBack              // a success would roll the canary back
)

// hooks are the types of Flagger's webhooks that do not ask for leave, and those that do, whatever phase the canary is in.
var hooks = map[string]stage{"post-rollout": isOver, "event": isOver, "rollback": rollsBack,
	"confirm-rollout": goesOut, "confirm-traffic-increase": goesOut, "confirm-promotion": goesOut}

// phases are those of a canary in which nothing goes out any more.
var phases = map[string]stage{"Finalising": isOver, "Succeeded": isOver, "Failed": isOver, "Terminating": isOver, "Terminated": isOver}

// stage is what the hook is for. Older versions do not say the type of an event, but no other hook has a message.
func (p payload) stage() stage {
	if p.Type == "" && p.Metadata["eventMessage"] != "" {
		return isOver
	}
	if s, ok := hooks[p.Type]; ok {
		return s
	}
	return phases[p.Phase]
}

// change translates a hook that asks for leave. A canary rolls out in steps that stop by themselves.
func (p payload) change() (gate.Change, error) {
	for _, key := range []string{"service", "environment"} {
		if p.Metadata[key] == "" {
			found := ""
			if near, ok := nearest.Of(key, slices.Sorted(maps.Keys(p.Metadata))); ok {
				found = fmt.Sprintf(", found %q", near)
			}
			return gate.Change{}, fmt.Errorf("%w: %s is missing%s", errMetadata, key, found)
		}
	}
	c := gate.Change{
		Service: p.Metadata["service"], Environment: p.Metadata["environment"],
		Commit: cmp.Or(p.Metadata["commit"], p.Checksum), Version: p.Metadata["version"], Author: p.Metadata["author"],
		Class: gate.Class(p.Metadata["class"]), Progressive: true,
	}
	for ref := range strings.SplitSeq(p.Metadata["refs"], ",") {
		if ref = strings.TrimSpace(ref); ref != "" {
			c.Refs = append(c.Refs, ref)
		}
	}
	return c, nil
}
