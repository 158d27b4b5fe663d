package httpapi

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsPage string

type operation struct {
	Method, Path, ID, Summary, Description, Tag string
	Secured                                     bool
}

// docs serves a page that lists the operations. It needs no script and nothing from elsewhere.
func docs(spec *huma.OpenAPI) http.HandlerFunc {
	page := template.Must(template.New("docs").Parse(docsPage))
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		_ = page.Execute(w, map[string]any{"Info": spec.Info, "Operations": operations(spec)})
	}
}

func operations(spec *huma.OpenAPI) []operation {
	var ops []operation
	for path, item := range spec.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
			http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op != nil {
				ops = append(ops, operation{method, path, op.OperationID, op.Summary, op.Description,
					strings.Join(op.Tags, ", "), len(op.Security) > 0})
			}
		}
	}
	slices.SortFunc(ops, func(a, b operation) int {
		return strings.Compare(a.Tag+a.Path+a.Method, b.Tag+b.Path+b.Method)
	})
	return ops
}
