// Package gateway is the front door of the video platform: the public API on its listener. It finds out who is calling,
// bounds how much each caller may ask, and counts and traces what comes in. The operations themselves belong to the
// rooms behind it, which register them.
//
//	trace ─▶ request id ─▶ count and time ─▶ access log ─▶ injected faults ─▶ deadline, size limit
//	      ─▶ API key (401, 503) ─▶ rate limit (429) ─▶ recover ─▶ route ─▶ operation
//
// It never touches the bytes of a video.
package gateway
