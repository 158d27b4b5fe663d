package ingest

import (
	"time"

	"plimsoll/platform/catalog"
)

// CreateUploadRequest is the input of POST /v1/uploads.
type CreateUploadRequest struct {
	Body struct {
		Title       string         `json:"title,omitempty" maxLength:"200" doc:"What viewers see; the file name if left out"`
		Description string         `json:"description,omitempty" maxLength:"5000"`
		Name        string         `json:"name" minLength:"1" maxLength:"255" doc:"File name at the client's"`
		Size        int64          `json:"size" doc:"Bytes of the whole file; more than 0"`
		ContentType string         `json:"contentType" doc:"Media type of the file, such as video/mp4"`
		Checksum    ChecksumOfFile `json:"checksum"`
	}
}

// ChecksumOfFile is what the client says its whole file adds up to.
type ChecksumOfFile struct {
	Algorithm catalog.ChecksumAlgorithm `json:"algorithm" enum:"crc64nvme,crc32c,sha256"`
	Value     string                    `json:"value" doc:"Standard base64 of the big-endian sum"`
}

// CreateUploadResponse is the output of POST /v1/uploads.
type CreateUploadResponse struct {
	Body NewUpload
}

// NewUpload is a fresh upload with the URLs of all of its parts.
type NewUpload struct {
	ID        catalog.UploadID `json:"id"`
	Token     string           `json:"token" doc:"Send it as the Upload-Token header; it is shown only here"`
	PartSize  int64            `json:"partSize" doc:"Bytes of every part but the last"`
	Parts     []PartURL        `json:"parts"`
	ExpiresAt time.Time        `json:"expiresAt" doc:"When the upload and its parts are dropped if it is not completed"`
}

// PartURL is where one part goes: PUT exactly size bytes there, with no header beyond Content-Length needed.
type PartURL struct {
	Number int    `json:"number" doc:"From 1"`
	Size   int64  `json:"size" doc:"Bytes"`
	URL    string `json:"url"`
}

// UploadRequest is the input of the operations on one upload.
type UploadRequest struct {
	ID    string `path:"id"`
	Token string `header:"Upload-Token" doc:"The token that came with the upload"`
}

// UploadResponse is the output of GET /v1/uploads/{id}.
type UploadResponse struct {
	Body UploadState
}

// UploadState is how far an upload has come and where its missing parts go.
type UploadState struct {
	ID        catalog.UploadID     `json:"id"`
	Status    catalog.UploadStatus `json:"status" enum:"uploading,uploaded,aborted,expired"`
	VideoID   catalog.VideoID      `json:"videoId,omitempty" doc:"Once uploaded"`
	Size      int64                `json:"size"`
	PartSize  int64                `json:"partSize"`
	Received  []ReceivedPart       `json:"received" doc:"Parts that object storage holds with the right size"`
	Missing   []PartURL            `json:"missing" doc:"Parts to send, with fresh URLs"`
	ExpiresAt time.Time            `json:"expiresAt"`
}

// ReceivedPart is one part that object storage holds.
type ReceivedPart struct {
	Number   int             `json:"number"`
	Size     int64           `json:"size"`
	Checksum *ChecksumOfFile `json:"checksum,omitempty" doc:"Of the part, if object storage computed one"`
	URL      string          `json:"url" doc:"Fresh URL to send the part again"`
}

// CompleteUploadResponse is the output of POST /v1/uploads/{id}/complete.
type CompleteUploadResponse struct {
	Body CompletedUpload
}

// CompletedUpload names the video that an upload became.
type CompletedUpload struct {
	VideoID catalog.VideoID `json:"videoId"`
	Status  catalog.Status  `json:"status"`
}
