package push

import (
	"fmt"
	"net/http"
)

// reason is why a request was answered as it was.
type reason string

const (
	accepted    reason = "accepted"
	partial     reason = "partial"     // some series were refused, the others counted
	malformed   reason = "malformed"   // the body cannot be decoded
	unsupported reason = "unsupported" // a content type or encoding that is not understood
	badMethod   reason = "method"      // not a POST
	tooLarge    reason = "too_large"   // past a limit of size
	cutShort    reason = "cut_short"   // the body did not arrive whole, or not in time
	busy        reason = "busy"        // too many requests at a time
	following   reason = "following"   // another replica leads
	notDurable  reason = "not_durable" // perhaps counted, but not known to be saved
)

// answer is what a reason means on the wire.
type answer struct {
	status     int
	retryAfter string // in seconds; empty if sending it again does not help
	rpc        int32  // the status code of gRPC, for OTLP
}

// The codes of google.rpc.Code.
const (
	rpcInvalidArgument   = 3
	rpcResourceExhausted = 8
	rpcUnimplemented     = 12
	rpcUnavailable       = 14
)

// answers has those of all reasons but success. Whatever could succeed later is a 503: senders give up what is answered with a 4xx.
var answers = map[reason]answer{
	partial:     {http.StatusBadRequest, "", rpcInvalidArgument}, // of remote write only
	malformed:   {http.StatusBadRequest, "", rpcInvalidArgument},
	unsupported: {http.StatusUnsupportedMediaType, "", rpcInvalidArgument},
	badMethod:   {http.StatusMethodNotAllowed, "", rpcUnimplemented},
	tooLarge:    {http.StatusRequestEntityTooLarge, "", rpcResourceExhausted},
	cutShort:    {http.StatusServiceUnavailable, "1", rpcUnavailable},
	busy:        {http.StatusServiceUnavailable, "1", rpcUnavailable},
	following:   {http.StatusServiceUnavailable, "5", rpcUnavailable},
	notDurable:  {http.StatusServiceUnavailable, "5", rpcUnavailable},
}

// refusal is why a request was not accepted. It is written for the sender.
type refusal struct {
	reason  reason
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(why reason, format string, args ...any) *refusal {
	return &refusal{why, fmt.Sprintf(format, args...)}
}

// setHeaders sets the headers that go with a status.
func (a answer) setHeaders(h http.Header) {
	if a.retryAfter != "" {
		h.Set("Retry-After", a.retryAfter)
	}
	if a.status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodPost)
	}
}
