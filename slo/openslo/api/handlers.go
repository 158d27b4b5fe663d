// Package api answers for the definitions of objectives over HTTP: those that are in force, as OpenSLO.
//
// It owns the form of the answer. It reads no file: what it writes is what the ledger counts for, and reading it gives the same objectives.
package api

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
)

// ledger knows the objectives.
type ledger interface {
	Objectives() []*slo.Objective
}

// Handlers are the operations on definitions.
type Handlers struct {
	Ledger ledger // required
	// Sources returns what is known of the sources that objectives name; nil knows their names only.
	Sources func() []openslo.Source
}

const yamlType = "application/yaml"

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "export-objectives", Method: http.MethodGet, Path: "/v1/openslo", Tags: []string{"objectives"},
		Summary: "The definitions of the objectives as OpenSLO v1", Errors: []int{http.StatusNotFound},
		Description: "Reading them gives the same objectives. Children are left out, because their parents make them.",
		Responses:   map[string]*huma.Response{"200": {Description: "YAML documents", Content: map[string]*huma.MediaType{yamlType: {}}}},
	}, h.Export)
}

// ExportRequest asks for the definitions of one service or of all.
type ExportRequest struct {
	Service string `query:"service" doc:"Only the objectives of this service"`
}

// ExportResponse holds the documents.
type ExportResponse struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// Export writes the definitions.
func (h *Handlers) Export(_ context.Context, in *ExportRequest) (*ExportResponse, error) {
	var chosen []*slo.Objective
	services := map[string]bool{}
	for _, o := range h.Ledger.Objectives() {
		services[o.Service] = true
		if in.Service == "" || o.Service == in.Service {
			chosen = append(chosen, o)
		}
	}
	if in.Service != "" && !services[in.Service] {
		hint := nearest.Hint(in.Service, slices.Sorted(maps.Keys(services)))
		return nil, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("no objective of the service %q is defined%s", in.Service, hint), nil)
	}
	var sources []openslo.Source
	if h.Sources != nil {
		sources = h.Sources()
	}
	docs, err := openslo.Documents(chosen, sources...)
	if err != nil {
		return nil, fmt.Errorf("write objectives: %w", err)
	}
	var text bytes.Buffer
	if err := openslo.Write(&text, docs...); err != nil {
		return nil, fmt.Errorf("write objectives: %w", err)
	}
	return &ExportResponse{ContentType: yamlType, Body: text.Bytes()}, nil
}
