package controlplane

import (
	"errors"
	"fmt"
	"maps"

	"plimsoll/incidents/slack"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/nearest"
	"plimsoll/slo/gate/flagger"
	"plimsoll/slo/gate/github"
	"plimsoll/slo/gate/kubernetes"
)

// Readers are those who may read.
type Readers string

const (
	// Anybody may read, also without a token.
	Anybody Readers = "anonymous"
	// Identified are those who have proved who they are.
	Identified Readers = "identified"
)

func (r Readers) check(key string) error {
	known := []string{string(Anybody), string(Identified)}
	if r == "" || r == Anybody || r == Identified {
		return nil
	}
	return fmt.Errorf("%s: %q is neither %s nor %s%s", key, string(r), known[0], known[1], nearest.Hint(string(r), known))
}

func (c IdentityConfig) checkReaders() error {
	if c.Metrics == Identified && c.Reads != Identified {
		return fmt.Errorf("identity.metrics: %s hides nothing while everybody reads the same on the pages; set identity.reads to %s, too", Identified, Identified)
	}
	return errors.Join(c.Reads.check("identity.reads"), c.Metrics.check("identity.metrics"))
}

// openTo are the routes that answer everybody although reading is closed, each with the reason.
var openTo = map[string]string{
	"/healthz":       "tells that the process lives, and nothing else",
	"/readyz":        "asked by load balancers: the role, since when, and who leads",
	"/readyz/leader": "asked by load balancers: the role, since when, and who leads",
	"/login":         "where people prove who they are",
	"/logout":        "takes away a session, which it needs none for",
	"/static/*":      "style and script of the page where people sign in",
	"/favicon.ico":   "its mark",
	"/v1/gate/keys":  "public keys, with which whoever has a signed decision verifies it",

	slack.CommandsPath:           "signed by Slack",
	slack.InteractionsPath:       "signed by Slack",
	slack.EventsPath:             "signed by Slack",
	github.Path:                  "signed by GitHub",
	flagger.Path:                 "the body holds Flagger's token, since Flagger sends no headers",
	kubernetes.Path:              "asks for a token itself, as the next",
	kubernetes.Path + "/{token}": "the path holds the token of the API server, which sends no headers",
	"/api/v1/write":              "takes samples, and shows none; push.anonymous says from whom",
	"/api/v1/otlp/v1/metrics":    "takes samples, and shows none; push.anonymous says from whom",
}

// closed is what nobody reads without an identity; nil where everybody reads everything.
func (c Config) closed() *httpapi.Closed {
	if c.Identity.Reads != Identified {
		return nil
	}
	routes := maps.Clone(openTo)
	if c.Identity.Metrics == Anybody {
		routes["/metrics"] = "identity.metrics says so"
	}
	return &httpapi.Closed{Open: routes, SignIn: "/login"}
}

// requireIdentity reports whether the gate answers only those who prove who they are: its answers hold figures, too.
func (c Config) requireIdentity() bool {
	return c.Gate.RequireIdentity || c.Identity.Reads == Identified
}
