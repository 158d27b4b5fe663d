package probe

import "fmt"

// Reason is why a run failed: the label reason of its counter.
type Reason string

const (
	DNS         Reason = "dns"         // the name of the host could not be resolved
	Connect     Reason = "connect"     // no connection came about
	TLS         Reason = "tls"         // no secure connection came about
	Timeout     Reason = "timeout"     // the step or the run took longer than it may
	Protocol    Reason = "protocol"    // the answer broke off or is not HTTP
	Redirect    Reason = "redirect"    // too many redirects, or one to nowhere
	TooLarge    Reason = "too_large"   // the body is larger than it may be
	BadRequest  Reason = "request"     // with its variables the request is none
	StatusCode  Reason = "status"      // the status is not an expected one
	Header      Reason = "header"      // a header is not as expected
	Body        Reason = "body"        // the body is not as expected
	JSON        Reason = "json"        // the body is not the expected JSON
	Slow        Reason = "slow"        // the answer took longer than expected
	Certificate Reason = "certificate" // the certificate ends too soon
	Capture     Reason = "capture"     // what later steps need is not in the answer
)

// failure is why a step failed. Its message holds nothing that is secret.
type failure struct {
	reason Reason
	says   string
}

func (f *failure) Error() string { return f.says }

func fail(r Reason, format string, args ...any) *failure {
	return &failure{r, fmt.Sprintf(format, args...)}
}
