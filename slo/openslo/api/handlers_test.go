package api_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/internal/apiclient"
	"plimsoll/internal/httpapi"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/api"
)

type objectives []*slo.Objective

func (o objectives) Objectives() []*slo.Objective { return o }

func client(t *testing.T, h *api.Handlers) *apiclient.Client {
	t.Helper()
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	h.Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return apiclient.New(server.URL, "")
}

func defined() objectives {
	one := &slo.Objective{Key: "shop/availability", Service: "shop", Name: "availability", DisplayName: "The shop is open", Target: 999_000_000,
		Window: slo.Window{Length: 30 * 24 * time.Hour}, Method: slo.Occurrences,
		Indicator: slo.Indicator{Good: "good_total", Total: "all_total", Source: "own"}}
	other := *one
	other.Key, other.Service = "search/availability", "search"
	child := *one
	child.Key, child.Name, child.Parent = `shop/availability{code="200"}`, `availability{code="200"}`, one.Key
	return objectives{&other, one, &child}
}

func TestExport(t *testing.T) {
	t.Parallel()
	all := defined()
	sources := []openslo.Source{{Name: "own", Type: "Mimir", URL: "https://mimir.example.com"}}
	c := client(t, &api.Handlers{Ledger: all, Sources: func() []openslo.Source { return sources }})
	for path, want := range map[string]objectives{"/v1/openslo": all[:2], "/v1/openslo?service=shop": all[1:2]} {
		var text string
		if err := c.Do(context.Background(), "GET", path, nil, &text); err != nil {
			t.Fatal(err)
		}
		got, err := openslo.Read(openslo.Config{}, openslo.File{Name: "a.yaml", Data: []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]*slo.Objective(want), got.Objectives, cmpopts.IgnoreFields(slo.Objective{}, "File", "Line")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if diff := cmp.Diff(sources, got.Sources, cmpopts.IgnoreFields(openslo.Source{}, "File", "Line")); diff != "" {
			t.Errorf("%s: sources (-want +got):\n%s", path, diff)
		}
	}
}

func TestExportOfNobody(t *testing.T) {
	t.Parallel()
	c := client(t, &api.Handlers{Ledger: defined()})
	var refused *httpapi.ProblemError
	err := c.Do(context.Background(), "GET", "/v1/openslo?service=shoq", nil, nil)
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), `did you mean "shop"?`) {
		t.Errorf("got %v", err)
	}
}
