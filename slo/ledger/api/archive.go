package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/ledger"
)

// maxArchive bounds what an import takes in: 10,000 objectives of a year are less.
const maxArchive = 16 << 30

// archived is a ledger that can be a file.
type archived interface {
	Export(w io.Writer) error
	Import(r io.Reader) (ledger.Imported, error)
}

// Archive has the ledger as a file. All fields are required.
type Archive struct {
	Ledger archived
	// Saver returns what makes durable all that has been imported. Only a process that leads has it; the error is what others answer.
	Saver func() (sync func(context.Context) error, err error)
	// Refresh has the ledger see the corrections that were imported.
	Refresh func(context.Context) error
	// Imported reports whether an archive is durable here, and what it brought.
	Imported func(context.Context, ledger.ArchiveID) (n ledger.Imported, found bool, err error)
	Now      func() time.Time
}

// Register adds the operations to api.
func (h *Archive) Register(api huma.API) {
	tags := []string{"ledger"}
	huma.Register(api, huma.Operation{
		OperationID: "export-ledger", Method: http.MethodGet, Path: "/v1/ledger/export", Tags: tags, Security: httpapi.Bearer,
		Summary:     "The whole ledger as a file",
		Description: "The events of all objectives, their versions, and the corrections, as of one instant. The form is described in docs/ledger.md.",
		Errors:      []int{http.StatusUnauthorized},
	}, h.Export)
	huma.Register(api, huma.Operation{
		OperationID: "import-ledger", Method: http.MethodPost, Path: "/v1/ledger/import", Tags: tags, Security: httpapi.Bearer,
		Summary: "Take in a file that was exported, whole or not at all",
		Description: "What is there already is refused: events of the same objective, or the same correction. The answer comes when everything is durable. " +
			"The same file may be sent again, as after an answer that was lost: it is taken in once, and the answer is the same.",
		MaxBodyBytes: -1, BodyReadTimeout: -1, SkipValidateBody: true,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{archiveType: {}}},
		Errors:      []int{http.StatusUnauthorized, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, h.Import)
}

const archiveType = "application/vnd.plimsoll.ledger"

// Export streams the archive. An error in the middle cuts the answer off, which the checksum at its end tells.
func (h *Archive) Export(context.Context, *struct{}) (*huma.StreamResponse, error) {
	name := "plimsoll-ledger-" + h.Now().UTC().Format("20060102T150405Z") + ".plsm"
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", archiveType)
		ctx.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
		if err := h.Ledger.Export(ctx.BodyWriter()); err != nil {
			panic(http.ErrAbortHandler) // the caller must not take what came for whole
		}
	}}, nil
}

// ImportRequest carries an archive.
type ImportRequest struct {
	body io.Reader
}

// Resolve takes the body as a stream.
func (r *ImportRequest) Resolve(ctx huma.Context) []error {
	r.body = io.LimitReader(ctx.BodyReader(), maxArchive)
	return nil
}

// ImportResponse says what came in.
type ImportResponse struct {
	Body Imported
}

// Imported says what an import brought.
type Imported struct {
	Objectives  int  `json:"objectives"`
	Blocks      int  `json:"blocks" doc:"Hours of events, of all objectives"`
	Corrections int  `json:"corrections"`
	Again       bool `json:"again" doc:"This file had been taken in before, and nothing was changed"`
}

// Import takes in an archive.
func (h *Archive) Import(ctx context.Context, in *ImportRequest) (*ImportResponse, error) {
	if err := identity.Authorize(ctx, identity.FillLedger, identity.Place{}); err != nil { // of whatever services the file is
		return nil, httpapi.Problem(httpapi.Forbidden, err.Error(), nil)
	}
	sync, err := h.Saver()
	if err != nil {
		return nil, err
	}
	n, err := h.Ledger.Import(in.body)
	again := errors.Is(err, ledger.ErrNotEmpty)
	switch {
	case again: // perhaps by the same file
	case errors.Is(err, ledger.ErrArchive), errors.Is(err, ledger.ErrCorrupt):
		return nil, httpapi.Problem(httpapi.Invalid, err.Error(), nil)
	case err != nil:
		return nil, httpapi.Problem(httpapi.Unavailable, "the archive was not received whole; nothing was imported", err)
	}
	refused, found := err, false
	if err = sync(ctx); err == nil {
		err = h.Refresh(ctx)
	}
	if err == nil {
		n, found, err = h.Imported(ctx, n.Archive)
	}
	switch {
	case err != nil:
		return nil, httpapi.Problem(httpapi.Unavailable, "it is not known yet whether everything is durable; send the same file again", err)
	case !found && again:
		return nil, httpapi.Problem(httpapi.Conflict, refused.Error(), nil)
	case !found: // another process has taken over
		return nil, httpapi.Problem(httpapi.Unavailable, "nothing was imported; send the same file again", nil)
	}
	return &ImportResponse{Body: Imported{n.Objectives, n.Blocks, n.Corrections, again}}, nil
}
