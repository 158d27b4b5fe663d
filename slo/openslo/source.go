package openslo

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
)

// Source is a DataSource that objectives name: a server that is asked for their samples.
type Source struct {
	Name        string
	DisplayName string
	Description string
	Type        string // one of those that are compatible with Prometheus, as it was written
	URL         string // connectionDetails.url; empty if the configuration of the server says where it is
	File        string
	Line        int
}

// compatible are the types of metric sources that answer PromQL. OpenSLO prescribes no names, and its own examples spell them in both
// cases.
var compatible = []string{"Prometheus", "Thanos", "Mimir", "Cortex", "VictoriaMetrics"}

func isCompatible(typ string) bool {
	return slices.ContainsFunc(compatible, func(c string) bool { return strings.EqualFold(c, typ) })
}

// incompatible says why the queries of a type cannot be counted.
func incompatible(typ string) string {
	return fmt.Sprintf("sources of the type %q%s cannot be asked; supported: %s", typ, nearest.Hint(typ, compatible), strings.Join(compatible, ", "))
}

// readSource reads a document of kind DataSource. How it is reached is whatever its type wants; of the compatible ones only the URL is looked
// at, because secrets belong in the configuration of the server.
func (s *set) readSource(h header, spec node) {
	o := spec.Object(may("description"), must("type"), may("connectionDetails"))
	source := &Source{Name: h.name, DisplayName: h.displayName, Description: readDescription(o), Type: o.Text("type"), File: h.at.File, Line: h.at.Line}
	if details, ok := o.Get("connectionDetails"); ok && isCompatible(source.Type) {
		source.URL = readURL(details)
	}
	if s.declare(h) {
		s.sources[h.name] = source
	}
}

// readURL finds the URL in connection details: a mapping, or a list of mappings as in examples of the specification.
func readURL(details node) (address string) {
	parts := []node{details}
	if details.IsList() {
		parts = details.List()
	}
	for _, part := range parts {
		if !part.IsMapping() {
			continue
		}
		part.EachPair(func(key, value node) {
			if strings.EqualFold(key.Value, "url") {
				address = value.Text()
				checkURL(value, address)
			}
		})
	}
	return address
}

func checkURL(n node, address string) {
	u, err := url.Parse(address)
	switch {
	case address == "":
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		n.Fail("found %q; allowed: a URL such as http://prometheus:9090", address)
	case u.User != nil:
		n.Fail("holds a password, which belongs in the configuration of the server")
	}
}
