package push

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/protobuf/encoding/protowire"
)

// jsonType is the content type of OTLP in JSON; that in protocol buffers is [protobufType].
const jsonType = "application/json"

// OTLP returns the handler for OTLP metrics over HTTP, as POST.
func (r *Receiver) OTLP() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		p, err := r.negotiateOTLP(req)
		r.receive(w, req, p, err)
	})
}

// otlp is the protocol of one request.
type otlp struct {
	r       *Receiver
	json    bool
	gzipped bool
}

func (r *Receiver) negotiateOTLP(req *http.Request) (*otlp, error) {
	p := &otlp{r: r}
	if req.Method != http.MethodPost {
		return p, refuse(badMethod, "%s is not allowed; use POST", req.Method)
	}
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case err == nil && media == jsonType:
		p.json = true
	case err != nil || media != protobufType:
		return p, refuse(unsupported, "content type %q is not supported; use %s or %s", req.Header.Get("Content-Type"), protobufType, jsonType)
	}
	switch encoding := req.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		p.gzipped = true
	default:
		return p, refuse(unsupported, "content encoding %q is not supported; use gzip or none", encoding)
	}
	return p, nil
}

func (p *otlp) name() string { return protocolOTLP }

func (p *otlp) take(ctx context.Context, body []byte, h *hold) (result, error) {
	var err error
	if p.gzipped {
		if body, err = h.unzip(body); err != nil {
			return result{}, err
		}
	}
	req := pmetricotlp.NewExportRequest()
	if p.json {
		err = req.UnmarshalJSON(body)
	} else {
		err = req.UnmarshalProto(body)
	}
	if err != nil {
		return result{}, refuse(malformed, "the request cannot be decoded: %v", err)
	}
	g := p.r.gather()
	defer p.r.leave(g)
	if err := g.translate(ctx, &p.r.otlp, req.Metrics()); err != nil {
		return result{}, err
	}
	// The health of a target is a gauge. It comes after the counters, as in a scrape.
	if err := commit(ctx, p.r.deltas, g.deltas); err != nil {
		return result{}, err
	}
	if err := commit(ctx, p.r.cumulative, g.cumulative); err != nil {
		return result{}, err
	}
	return result{samples: int64(len(g.cumulative) + len(g.deltas)), refused: g.refused}, nil
}

func (p *otlp) answer(w http.ResponseWriter, res *result, refused *refusal) {
	h := w.Header()
	h.Set("Content-Type", protobufType)
	if p.json {
		h.Set("Content-Type", jsonType)
	}
	status, body, err := http.StatusOK, []byte(nil), error(nil)
	if refused == nil {
		body, err = p.success(res)
	} else {
		a := answers[refused.reason]
		a.setHeaders(h)
		status = a.status
		body, err = p.failure(a.rpc, refused.message)
	}
	if err != nil {
		p.r.logger.Error("an answer cannot be encoded", "error", err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever sent the request has gone
}

// success encodes an ExportMetricsServiceResponse.
func (p *otlp) success(res *result) ([]byte, error) {
	resp := pmetricotlp.NewExportResponse()
	if res.refused.causes > 0 {
		resp.PartialSuccess().SetRejectedDataPoints(res.refused.count)
		resp.PartialSuccess().SetErrorMessage(res.refused.text("data points"))
	}
	if p.json {
		return resp.MarshalJSON()
	}
	return resp.MarshalProto()
}

// failure encodes a google.rpc.Status.
func (p *otlp) failure(code int32, message string) ([]byte, error) {
	if p.json {
		return json.Marshal(struct {
			Code    int32  `json:"code"`
			Message string `json:"message"`
		}{code, message})
	}
	b := protowire.AppendTag(nil, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(code))
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	return protowire.AppendString(b, message), nil
}
