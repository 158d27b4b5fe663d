// Package ingest takes in files: it opens uploads, hands out presigned URLs to which the client sends its parts,
// and turns a proved file into a processing video with its task. It owns the upload operations of the public API
// and the expiry of what was abandoned.
//
// It never carries the bytes of a file; those go from the client straight to object storage.
//
//	client                        ingest                          object storage
//	  │ POST /v1/uploads            │ create multipart ──────────────▶ │
//	  │ ◀── id, token, part URLs ── │                                  │
//	  │ PUT part 1..n ───────────────────────────────────────────────▶ │
//	  │ POST …/complete             │ parts, sizes ──▶ complete ─────▶ │
//	  │                             │ HEAD: object, size, checksum ──▶ │
//	  │ ◀── videoId, processing ─── │ one transaction: video, task, job
//
// Completion may be asked for any number of times, by any number of callers, after a crash at any point: the
// object is proved each time and the transaction takes place once.
package ingest
