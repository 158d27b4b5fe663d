package probe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/config"
)

// file is a file of probes as it is written.
type file struct {
	Probes []writtenProbe `yaml:"probes"`
}

type writtenProbe struct {
	Name      string            `yaml:"name"`
	Service   string            `yaml:"service"`
	Every     *time.Duration    `yaml:"every"`
	Timeout   *time.Duration    `yaml:"timeout"`
	Variables map[string]string `yaml:"variables"`
	TLS       writtenTLS        `yaml:"tls"`
	Redirects string            `yaml:"redirects"`
	Steps     []writtenStep     `yaml:"steps"`
}

type writtenTLS struct {
	CAFile             string `yaml:"ca_file"`
	CertFile           string `yaml:"cert_file"`
	KeyFile            string `yaml:"key_file"`
	ServerName         string `yaml:"server_name"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify"`
}

type writtenStep struct {
	Name    string                    `yaml:"name"`
	Request writtenRequest            `yaml:"request"`
	Expect  writtenExpect             `yaml:"expect"`
	Capture map[string]writtenCapture `yaml:"capture"`
	Timeout *time.Duration            `yaml:"timeout"`
	MaxBody *int64                    `yaml:"max_body_bytes"`
	Until   *writtenUntil             `yaml:"until"`
}

type writtenRequest struct {
	Method   string            `yaml:"method"`
	URL      string            `yaml:"url"`
	Headers  map[string]string `yaml:"headers"`
	Body     string            `yaml:"body"`
	BodyFile string            `yaml:"body_file"`
}

type writtenExpect struct {
	Status      texts                `yaml:"status"`
	Headers     map[string]string    `yaml:"headers"`
	Contains    texts                `yaml:"body_contains"`
	Matches     texts                `yaml:"body_matches"`
	JSON        map[string]yaml.Node `yaml:"json" json:"-"` // lines in it are not what the probe does
	Within      *time.Duration       `yaml:"within"`
	Certificate *time.Duration       `yaml:"certificate_valid_for"`
}

type writtenCapture struct {
	JSON   string `yaml:"json"`
	Header string `yaml:"header"`
	Cookie string `yaml:"cookie"`
	Regex  string `yaml:"regex"`
}

type writtenUntil struct {
	Within *time.Duration `yaml:"within"`
	Every  *time.Duration `yaml:"every"`
}

// texts is one text or a list of them.
type texts []string

// UnmarshalYAML reads both forms.
func (t *texts) UnmarshalYAML(n *yaml.Node) error {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		if item.Kind != yaml.ScalarNode {
			return config.At(item.Line, errors.New("must be one text or a list of texts"))
		}
		*t = append(*t, item.Value)
	}
	return nil
}

// Load reads the probes of files and folders. Names of files in them are relative to the file that they stand in.
func Load(paths ...string) ([]Probe, error) {
	files, err := config.Files(paths...)
	if err != nil {
		return nil, err
	}
	return Parse(os.LookupEnv, files...)
}

// Parse reads the probes of files; env finds the variables of the environment that they name. All problems are reported at once, each
// as "file:line: field: …"; the error is then [config.ErrInvalid].
func Parse(env func(name string) (value string, ok bool), files ...config.File) ([]Probe, error) {
	var probes []Probe
	var problems []error
	where := map[string]string{}
	for _, f := range files {
		var content file
		if err := config.Decode(f.Name, f.Data, &content); err != nil {
			problems = append(problems, err)
			continue
		}
		p := config.NewProblems(f.Name, f.Data)
		for i, w := range content.Probes {
			at := config.Path{"probes", i}
			if other, ok := where[w.Name]; ok && w.Name != "" {
				p.Add(at.In("name"), "%q is the name of another probe, at %s", w.Name, other)
			}
			where[w.Name] = fmt.Sprintf("%s:%d", f.Name, p.Line(at.In("name")))
			c := compiler{problems: p, dir: filepath.Dir(f.Name), env: env}
			probes = append(probes, c.probe(at, w))
		}
		problems = append(problems, p.Err())
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return probes, nil
}

// parseStatus reads 200 or 2xx.
func parseStatus(text string) (status, error) {
	if class, ok := strings.CutSuffix(text, "xx"); ok && len(class) == 1 && class[0] >= '1' && class[0] <= '5' {
		from := int(class[0]-'0') * 100
		return status{from, from + 99}, nil
	}
	code, err := strconv.Atoi(text)
	if err != nil || code < 100 || code > 599 {
		return status{}, fmt.Errorf("must be a status such as 200 or a class such as 2xx, found %q", text)
	}
	return status{code, code}, nil
}
