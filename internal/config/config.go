// Package config reads the YAML file of a program, strictly: an unknown key is an error that names the file, the line
// and the nearest valid key. It also says where data lives by default. It knows no program's settings.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/nearest"
)

// ErrInvalid marks input that a person can correct.
var ErrInvalid = errors.New("the file is not valid")

// Read decodes the named file into the struct that into points to, over the defaults it already holds.
func Read(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	return Decode(file, data, into)
}

// Decode decodes one YAML document into the struct that into points to. Keys are the yaml tags of its fields.
// All unknown keys and values of another type are reported at once, each as "file:line: …". An empty document changes nothing.
func Decode(file string, data []byte, into any) error {
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %s: %w", ErrInvalid, file, err)
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %s: more than one document", ErrInvalid, file)
	}
	if problems := check(file, "", doc.Content[0], reflect.TypeOf(into)); len(problems) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, errors.Join(problems...))
	}
	if err := doc.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, located(file, err))
	}
	return nil
}

// A type that decodes itself, or keeps the node for somebody else, checks its own keys.
var (
	unmarshaler = reflect.TypeFor[yaml.Unmarshaler]()
	node        = reflect.TypeFor[yaml.Node]()
)

// check walks the document beside the type that it will be decoded into.
func check(file, path string, n *yaml.Node, t reflect.Type) []error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == node || reflect.PointerTo(t).Implements(unmarshaler) {
		return nil
	}
	var problems []error
	switch {
	case n.Kind == yaml.AliasNode:
		return check(file, path, n.Alias, t)
	case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for i, item := range n.Content {
			problems = append(problems, check(file, fmt.Sprintf("%s[%d]", path, i), item, t.Elem())...)
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Map:
		for i := 0; i+1 < len(n.Content); i += 2 {
			problems = append(problems, check(file, join(path, n.Content[i].Value), n.Content[i+1], t.Elem())...)
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		fields, names := keysOf(t)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			field, ok := fields[key.Value]
			if !ok {
				problems = append(problems, fmt.Errorf("%s:%d: unknown key %q%s; allowed here: %s",
					file, key.Line, join(path, key.Value), nearest.Hint(key.Value, names), strings.Join(names, ", ")))
				continue
			}
			problems = append(problems, check(file, join(path, key.Value), n.Content[i+1], field)...)
		}
	case n.Decode(reflect.New(t).Interface()) != nil:
		problems = append(problems, fmt.Errorf("%s:%d: %smust be %s, found %s", file, n.Line, label(path), wanted(t), found(n)))
	}
	return problems
}

func label(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

// wanted says in words what a value of type t looks like.
func wanted(t reflect.Type) string {
	switch k := t.Kind(); {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration such as 30s, 5m or 24h"
	case k == reflect.Struct:
		_, names := keysOf(t)
		return "a mapping with keys such as " + strings.Join(names, ", ")
	case k == reflect.Map:
		return "a mapping"
	case k == reflect.Slice:
		return "a list"
	case k == reflect.Bool:
		return "true or false"
	case k >= reflect.Int && k <= reflect.Uint64:
		return "a whole number"
	case k == reflect.Float32 || k == reflect.Float64:
		return "a number"
	case k == reflect.String:
		return "text"
	default:
		return "a " + t.String()
	}
}

func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return strconv.Quote(n.Value)
	}
}

// Keys returns the YAML keys of a struct's fields in order of declaration.
func Keys(t reflect.Type) []string {
	_, names := keysOf(t)
	return names
}

// keysOf returns the types of a struct's fields by YAML key, with the keys in order of declaration.
func keysOf(t reflect.Type) (map[string]reflect.Type, []string) {
	fields, names := map[string]reflect.Type{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || name == "-":
			continue
		case strings.Contains(options, "inline"):
			inner, innerNames := keysOf(f.Type)
			for k, v := range inner {
				fields[k] = v
			}
			names = append(names, innerNames...)
			continue
		case name == "":
			name = strings.ToLower(f.Name)
		}
		fields[name] = f.Type
		names = append(names, name)
	}
	return fields, names
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// DataDir returns where a program keeps its data unless it is told: the environment variable PROGRAM_DATA,
// /var/lib/program as root, otherwise the user's state folder (XDG_STATE_HOME or ~/.local/state).
func DataDir(program string) (string, error) {
	if dir := os.Getenv(strings.ToUpper(program) + "_DATA"); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib", program), nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, program), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home directory (set %s_DATA instead): %w", strings.ToUpper(program), err)
	}
	return filepath.Join(home, ".local", "state", program), nil
}
