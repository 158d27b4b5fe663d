package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSlack declares an incident as Slack would deliver it: a signed form, an acknowledgement, and the answer at response_url.
func TestSlack(t *testing.T) {
	t.Parallel()
	answers := make(chan string, 4)
	slack := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		answers <- string(b)
	}))
	t.Cleanup(slack.Close)
	const secret = "8f742231b10e8888abcd99yyyzzz85a5"
	dir, addr := dataDir(t), freeAddr(t)
	config := filepath.Join(dir, "plimsoll.yaml")
	text := fmt.Sprintf("listen: %s\ndata_dir: %s\nslack: {response_url: %s, subjects: {U2147483697: ada}}\n", addr, filepath.Join(dir, "data"), slack.URL)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := start(t, "plimsoll", []string{"PLIMSOLL_SLACK_SIGNING_SECRET=" + secret}, "serve", "--config", config)
	base := "http://" + addr
	eventually(t, "the control plane serves", time.Minute, func() error { _, err := get(base + "/readyz"); return err })

	form := url.Values{
		"token": {"gIkuvaNzQIHg97ATvDxqgjtO"}, "team_id": {"T0001"}, "team_domain": {"example"}, "channel_id": {"C2147483705"}, "channel_name": {"ops"},
		"user_id": {"U2147483697"}, "user_name": {"ada"}, "command": {"/incident"}, "text": {`new "The edge is slow" sev3 svc:video-api`},
		"response_url": {slack.URL + "/commands/1234/5678"}, "trigger_id": {"13345224609.738474920.8088930838d88f008e0"}, "api_app_id": {"A123456"},
	}.Encode()
	post := func(signature func(stamp string) string) int {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, base+"/slack/commands", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		stamp := fmt.Sprint(time.Now().Unix())
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Slack-Request-Timestamp", stamp)
		req.Header.Set("X-Slack-Signature", signature(stamp))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	sign := func(stamp string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "v0:%s:%s", stamp, form)
		return "v0=" + hex.EncodeToString(mac.Sum(nil))
	}
	if code := post(func(string) string { return "v0=" + strings.Repeat("0", 64) }); code != http.StatusUnauthorized {
		t.Errorf("a forged request got %d", code)
	}
	for range 2 { // the second is a retry: it must not declare again
		if code := post(sign); code != http.StatusOK {
			t.Fatalf("a signed request got %d", code)
		}
	}
	select {
	case answer := <-answers:
		if !strings.Contains(answer, "INC-1") || !strings.Contains(answer, "The edge is slow") {
			t.Errorf("Slack was answered %s", answer)
		}
	case <-time.After(time.Minute):
		t.Fatal("Slack was not answered")
	}
	code, out, errs := run(t, []string{"PLIMSOLL_URL=" + base, "PLIMSOLL_TOKEN_FILE=" + filepath.Join(dir, "data", "token")}, "plimsoll", "incident", "list")
	if code != 0 || strings.Count(out, "The edge is slow") != 1 || strings.Contains(out, "INC-2") {
		t.Errorf("exit code %d:\n%s%s", code, out, errs)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}
