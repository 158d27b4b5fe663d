package flagger

import "testing"

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"name":"podinfo","namespace":"test","phase":"Waiting","checksum":"85d557f47b","type":"confirm-rollout","metadata":{"service":"a","environment":"b","refs":"INC-7,,"}}`))
	f.Add([]byte(`{"name":"podinfo","namespace":"test","type":"rollback","metadata":null}`))
	f.Add([]byte(`{"name":"podinfo","namespace":"test","phase":"Progressing","metadata":{"eventMessage":"Canary failed!","eventType":"Warning","timestamp":"1764072000000"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parse(body)
		if err != nil {
			return
		}
		c, err := p.change()
		if err == nil && (c.Service == "" || c.Environment == "" || !c.Progressive) {
			t.Errorf("%+v", c)
		}
		for _, ref := range c.Refs {
			if ref == "" {
				t.Errorf("%q", c.Refs)
			}
		}
		if kind, ok := p.happened(); ok && kind == "" || !ok && kind != "" {
			t.Errorf("happened %q, %v", kind, ok)
		}
		if p.Type == "rollback" && p.stage() != rollsBack {
			t.Errorf("a rollback hook is %d", p.stage())
		}
	})
}
