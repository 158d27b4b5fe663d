package httpapi

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// module is the path before which the names of our own packages begin.
const module = "plimsoll/"

// schemaNames returns what names the schemas of one API. A body that has no type of its own is named by its request or response, without a package:
// where two of these meet, the later gets a number.
func schemaNames() func(t reflect.Type, hint string) string {
	taken := map[string]reflect.Type{}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		first := schemaName(t, hint)
		name := first
		for n := 2; taken[name] != nil && taken[name] != t; n++ {
			name = first + strconv.Itoa(n)
		}
		taken[name] = t
		return name
	}
}

// schemaName puts the package before the name of a type: rooms that meet on one API have types of the same name, and the
// schemas of an OpenAPI document share one name space. plimsoll/slo/api.Objective is SloApiObjective.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	path, ours := strings.CutPrefix(t.PkgPath(), module)
	if !ours || t == reflect.TypeFor[ProblemError]() || t == reflect.TypeFor[FieldError]() {
		return name
	}
	var b strings.Builder
	for _, part := range strings.Split(path, "/") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String() + name
}
