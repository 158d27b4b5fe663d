package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	event     = "deployment_protection_rule"
	requested = "requested" // the only action of the event
)

// payload is the part of a deployment_protection_rule event that matters here.
type payload struct {
	Action      string `json:"action"`
	Environment string `json:"environment"`
	SHA         string `json:"sha"`
	Ref         string `json:"ref"`
	Callback    string `json:"deployment_callback_url"`
	Deployment  struct {
		SHA     string `json:"sha"`
		Ref     string `json:"ref"`
		Creator actor  `json:"creator"`
	} `json:"deployment"`
	Repository struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
	Installation struct {
		ID int64 `json:"id"`
	} `json:"installation"`
	Sender actor `json:"sender"`
}

type actor struct {
	Login string `json:"login"`
}

// signed reports whether a signature, "sha256=" and the hexadecimal HMAC-SHA256 of the body, was made with the secret.
func signed(secret, body []byte, signature string) bool {
	digest, ok := strings.CutPrefix(signature, "sha256=")
	given, err := hex.DecodeString(digest)
	if !ok || err != nil {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}

// parse reads an event whose signature has been checked; nil for one of another action.
func parse(body []byte) (*payload, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, fmt.Errorf("the body must be a %s event in JSON (choose the content type application/json for the webhook): %w", event, err)
	}
	if p.Action != requested {
		return nil, nil
	}
	var missing []string
	for name, value := range map[string]string{"environment": p.Environment, "deployment_callback_url": p.Callback,
		"repository.full_name": p.Repository.FullName, "deployment.sha": p.commit()} {
		if value == "" {
			missing = append(missing, name)
		}
	}
	if p.Installation.ID == 0 {
		missing = append(missing, "installation.id")
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, errors.New("the event lacks " + strings.Join(missing, ", "))
	}
	return &p, nil
}

func (p *payload) commit() string {
	if p.Deployment.SHA != "" {
		return p.Deployment.SHA
	}
	return p.SHA
}

// args is the job of the event.
func (p *payload) args(delivery string) ReviewArgs {
	ref := p.Ref
	if ref == "" {
		ref = p.Deployment.Ref
	}
	return ReviewArgs{Delivery: delivery, Repository: p.Repository.FullName, Environment: p.Environment, Commit: p.commit(), Ref: ref,
		Author: p.Deployment.Creator.Login, Sender: p.Sender.Login, Installation: p.Installation.ID, Callback: p.Callback}
}
