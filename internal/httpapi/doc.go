// Package httpapi is the one layer between HTTP and the services of this module: it decodes and validates requests,
// finds out who is asking, and encodes answers and problems. Rooms give it typed operations; it owns no route but
// /openapi.json and /docs.
//
//	request ─▶ request id ─▶ recover ─▶ Authenticate ─▶ chi ─▶ huma (decode, validate) ─▶ handler(ctx, in) (out, error)
//	                                                                                       │ error
//	                                                                    RFC 9457 problem ◀─┘ by the table of codes
package httpapi
