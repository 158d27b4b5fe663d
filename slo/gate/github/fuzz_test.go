package github

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"plimsoll/slo/gate/deploys"
)

func FuzzStatus(f *testing.F) {
	documented, err := os.ReadFile("testdata/status.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(documented)
	f.Add([]byte(`{"action":"created","deployment_status":{"state":"failure","created_at":"2026-11-24T12:10:00Z"},"deployment":{"environment":"production"},"repository":{"full_name":"Octo-org/video-api"}}`))
	f.Add([]byte(`{"action":"created","deployment_status":null}`))
	targets, err := NewTargets([]Target{{Repository: "octo-org/video-api", Environment: "production", Service: "video-api"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p statusPayload
		if json.Unmarshal(body, &p) != nil {
			return
		}
		r, ok := p.report(targets)
		if ok && (r.Change.Service != "video-api" || r.Key == "" || r.Kind == deploys.RollBack || !slices.Contains(deploys.Kinds(), r.Kind)) {
			t.Errorf("%+v", r)
		}
	})
}
