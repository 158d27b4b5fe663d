package ingest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
)

// Handlers are the upload operations of the public API.
type Handlers struct{ Service *Service }

// Register adds the operations. An API key opens an upload; from then on its token is what counts, so that whoever
// holds the file need not hold the key.
func (h *Handlers) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "create-upload", Method: http.MethodPost, Path: "/v1/uploads", DefaultStatus: http.StatusCreated,
		Summary: "Open an upload", Description: "Answers with a URL for each part. PUT the parts there, then complete the upload.",
		Tags: []string{"uploads"}, Security: httpapi.Bearer,
		Errors: []int{http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, h.Create)
	huma.Register(api, huma.Operation{
		OperationID: "get-upload", Method: http.MethodGet, Path: "/v1/uploads/{id}",
		Summary: "See which parts of an upload have arrived", Description: "Use it to resume after an interruption: it has fresh URLs for the parts that are missing.",
		Tags:   []string{"uploads"},
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.Get)
	huma.Register(api, huma.Operation{
		OperationID: "complete-upload", Method: http.MethodPost, Path: "/v1/uploads/{id}/complete",
		Summary: "Make a video of an upload", Description: "May be repeated; the answer stays the same.",
		Tags: []string{"uploads"},
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusGone,
			http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, h.Complete)
	huma.Register(api, huma.Operation{
		OperationID: "abort-upload", Method: http.MethodDelete, Path: "/v1/uploads/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "Give an upload up",
		Tags:    []string{"uploads"},
		Errors:  []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, h.Abort)
}

// Create is POST /v1/uploads.
func (h *Handlers) Create(ctx context.Context, in *CreateUploadRequest) (*CreateUploadResponse, error) {
	created, err := h.Service.Create(ctx, identity.From(ctx).Subject, *in)
	if err != nil {
		return nil, problem(err)
	}
	return &CreateUploadResponse{Body: created}, nil
}

// Get is GET /v1/uploads/{id}.
func (h *Handlers) Get(ctx context.Context, in *UploadRequest) (*UploadResponse, error) {
	state, err := h.Service.State(ctx, in.ID, in.Token)
	if err != nil {
		return nil, problem(err)
	}
	return &UploadResponse{Body: state}, nil
}

// Complete is POST /v1/uploads/{id}/complete.
func (h *Handlers) Complete(ctx context.Context, in *UploadRequest) (*CompleteUploadResponse, error) {
	v, err := h.Service.Complete(ctx, in.ID, in.Token)
	if err != nil {
		return nil, problem(err)
	}
	return &CompleteUploadResponse{Body: CompletedUpload{VideoID: v.ID, Status: v.Status}}, nil
}

// Abort is DELETE /v1/uploads/{id}.
func (h *Handlers) Abort(ctx context.Context, in *UploadRequest) (*struct{}, error) {
	return nil, problem(h.Service.Abort(ctx, in.ID, in.Token))
}
