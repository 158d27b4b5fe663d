package imports

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"plimsoll/slo/openslo"
)

// check reads the documents as a server would, and reports what is wrong with one at what it was made of. That something cannot be counted is not the
// import's to say.
func (im *importer) check() {
	files := make([]openslo.File, len(im.docs))
	made := map[string]converted{}
	for i, d := range im.docs {
		var text bytes.Buffer
		if err := openslo.Write(&text, d.Document); err != nil {
			d.at.Fail("cannot be written as OpenSLO v1: %v", err)
			return
		}
		files[i] = openslo.File{Name: fmt.Sprintf("document %d", i+1), Data: text.Bytes()}
		made[files[i].Name] = d
	}
	_, err := openslo.Read(openslo.Config{}, files...)
	problems, _ := err.(openslo.Problems)
	for _, p := range problems.Of(openslo.Error) {
		d := made[p.File]
		message := otherPlace.ReplaceAllStringFunc(p.Message, func(place string) string {
			name, _, _ := strings.Cut(place, ":")
			return fmt.Sprintf("%s:%d", made[name].at.File, made[name].at.Line)
		})
		origin(d.at, p.Path).Fail("becomes no valid %s: %s: %s", d.Kind, p.Path, message)
	}
}

// otherPlace is how a problem names a place in another document.
var otherPlace = regexp.MustCompile(`document [0-9]+:[0-9]+`)

// origins are what fields of OpenSLO v1 are called elsewhere.
var origins = map[string][]string{
	"indicator":       {"sli"},
	"indicatorRef":    {"sliRef"},
	"timeWindow":      {"timeWindows"},
	"metricSourceRef": {"dataSourceRef"},
	"type":            {"source"},
	"service":         {"serviceRef"},
}

var pathStep = regexp.MustCompile(`[^.\[\]]+|\[[0-9]+\]`)

// origin follows the path of a field from what its document was made of, as far as the same fields are found there.
func origin(n node, path string) node {
	for _, step := range pathStep.FindAllString(path, -1) {
		if strings.HasPrefix(step, "[") {
			i, err := strconv.Atoi(strings.Trim(step, "[]"))
			if err != nil || !n.IsList() || i >= len(n.Content) {
				return n
			}
			n = n.List()[i]
			continue
		}
		for _, name := range append([]string{step}, origins[step]...) {
			if next, ok := n.Key(name); ok {
				n = next
				break
			}
		}
	}
	return n
}
