package scrape

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	promcommon "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/dns"
	"github.com/prometheus/prometheus/discovery/file"
	"github.com/prometheus/prometheus/discovery/http"
	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v3"

	ownconfig "plimsoll/internal/config"
	"plimsoll/internal/nearest"
)

// discoveries are the keys by which a job finds its targets; they are in no struct of Prometheus.
var discoveries = []string{"static_configs", "file_sd_configs", "http_sd_configs", "dns_sd_configs"}

// keysBelow are keys that parts of a job may have, for the nearest spelling.
func keysBelow() []string {
	keys := []string{"targets", "labels"}
	for _, t := range []reflect.Type{
		reflect.TypeFor[relabel.Config](), reflect.TypeFor[dns.SDConfig](), reflect.TypeFor[file.SDConfig](), reflect.TypeFor[http.SDConfig](),
		reflect.TypeFor[promcommon.HTTPClientConfig](), reflect.TypeFor[promcommon.TLSConfig](), reflect.TypeFor[promcommon.BasicAuth](),
		reflect.TypeFor[promcommon.Authorization](), reflect.TypeFor[promcommon.OAuth2](),
	} {
		keys = append(keys, ownconfig.Keys(t)...)
	}
	return keys
}

var (
	// unknownKey is how Prometheus says that a job, or a part of one, has no such key.
	unknownKey = regexp.MustCompile(`^field (\S+) not found in type `)
	// lineOfText is how the parser begins a message.
	lineOfText = regexp.MustCompile(`^\s*line (\d+): (.*)$`)
)

// explain says in the words and lines of the person's file what Prometheus found wrong with the i-th job.
func explain(job *yaml.Node, i int, err error) error {
	name := fmt.Sprintf("scrape job %d", i+1)
	if n := value(job, "job_name"); n != "" {
		name = fmt.Sprintf("scrape job %q", n)
	}
	text, _ := compile(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{job}})
	lines := linesOf(text, job)
	var problems []error
	for message := range strings.SplitSeq(strings.TrimPrefix(err.Error(), "yaml: "), "\n") {
		line := job.Line
		if found := lineOfText.FindStringSubmatch(message); found != nil {
			at, _ := strconv.Atoi(found[1])
			message = found[2]
			if original, ok := lines[at]; ok {
				line = original
			}
		} else if message == "unmarshal errors:" {
			continue
		}
		if found := unknownKey.FindStringSubmatch(message); found != nil {
			message = unknown(job, found[1])
		}
		problems = append(problems, ownconfig.At(line, fmt.Errorf("%s: %s", name, message)))
	}
	return errors.Join(problems...)
}

// unknown says what is meant or possible instead of a key that there is not.
func unknown(job *yaml.Node, key string) string {
	switch {
	case strings.HasSuffix(key, "_sd_configs"):
		return fmt.Sprintf("%s is not built in; targets are found by %s. Whatever else knows the targets can serve them to http_sd_configs or write them to file_sd_configs, "+
			"and an agent beside them can push its samples by remote write", key, strings.Join(discoveries, ", "))
	case member(job, key) != nil:
		return fmt.Sprintf("unknown key %q%s", key, nearest.Hint(key, append(ownconfig.Keys(reflect.TypeFor[config.ScrapeConfig]()), discoveries...)))
	default:
		return fmt.Sprintf("unknown key %q%s", key, nearest.Hint(key, keysBelow()))
	}
}

// linesOf maps the lines of a compiled job to those of the file that it came from. Both are the same tree.
func linesOf(text []byte, job *yaml.Node) map[int]int {
	var compiled struct {
		Jobs yaml.Node `yaml:"scrape_configs"`
	}
	lines := map[int]int{}
	if yaml.Unmarshal(text, &compiled) != nil || len(compiled.Jobs.Content) != 1 {
		return lines
	}
	var walk func(written, original *yaml.Node)
	walk = func(written, original *yaml.Node) {
		if _, ok := lines[written.Line]; !ok {
			lines[written.Line] = original.Line
		}
		for i := range min(len(written.Content), len(original.Content)) {
			walk(written.Content[i], original.Content[i])
		}
	}
	walk(compiled.Jobs.Content[0], job)
	return lines
}

// value returns a scalar member of a mapping, or nothing.
func value(n *yaml.Node, key string) string {
	if m := member(n, key); m != nil && m.Kind == yaml.ScalarNode {
		return m.Value
	}
	return ""
}

// member returns a member of a mapping, or nil.
func member(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
