package platform_test

import (
	"errors"
	"strings"
	"testing"

	"plimsoll/internal/config"
	"plimsoll/platform"
)

func TestConfigFile(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, yaml, says string }{
		{"empty", ``, ""},
		{"everything", `
data: /tmp/platform
roles: [gateway, playback, edge]
dev: true
listen: {gateway: "0.0.0.0:80", edge: "0.0.0.0:81", ops: "127.0.0.1:0"}
objectStore: {endpoint: "https://s3.example.com", accessKey: a, secretKey: b}
gateway: {limits: {read: {perSecond: 5, burst: 10}, write: {perSecond: 0}}, requestTimeout: 5s}
uploads: {maxSize: 1000000, partSize: 6000000, ttl: 1h, sweepTime: 1m}
edge: {url: "https://video.example.com", cacheBytes: 1000, staleIfError: 10m}
finalScrapeTimeout: 0s
`, ""},
		{"misspelt key", "\nlisten: {gatway: x}", `file.yaml:2: unknown key "listen.gatway" (did you mean "gateway"?)`},
		{"unknown role", `roles: [gatewy]`, `there is no role "gatewy" (did you mean "gateway"?)`},
		{"bad address", `listen: {edge: nowhere}`, `listen.edge: "nowhere"`},
		{"nothing to serve", `roles: [gateway]`, "gateway has nothing to serve"},
		{"ingest alone", `roles: [ingest, blob]`, "ingest is reached through the gateway"},
		{"edge alone", `roles: [edge]`, "edge.origin"},
		{"playback alone", `roles: [playback, blob]`, "nobody can reach playback"},
		{"worker without storage", `roles: [worker]`, "objectStore.endpoint"},
		{"storage without keys", `objectStore: {endpoint: "http://s3"}`, "accessKey"},
		{"storage that is no URL", `objectStore: {endpoint: "s3.example.com", accessKey: a, secretKey: b}`, `objectStore.endpoint: "s3.example.com"`},
		{"edge that is no URL", `edge: {url: "video.example.com"}`, `edge.url: "video.example.com"`},
		{"bad origin address", `listen: {origin: nowhere}`, `listen.origin: "nowhere"`},
		{"parts too small", `uploads: {partSize: 1000}`, "uploads.partSize: 1000 is less than 5242880"},
		{"negative limit", `gateway: {limits: {read: {perSecond: -1}}}`, "gateway.limits.read: -1 a second"},
		{"two things at once", "drainTimeout: -1s\nworker: {slots: -1}", "worker.slots"},
		{"not a duration", `drainTimeout: soon`, "soon"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cfg, err := platform.Default()
			if err != nil {
				t.Fatal(err)
			}
			if err = config.Decode("file.yaml", []byte(tc.yaml), &cfg); err == nil {
				err = cfg.Check()
			}
			switch {
			case tc.says == "" && err != nil:
				t.Error(err)
			case tc.says != "" && (!errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("%v, want %q", err, tc.says)
			}
		})
	}
}
