package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"plimsoll/internal/identity"
	"plimsoll/internal/nearest"
)

// claims are what a token says, as its JSON has it, numbers as json.Number.
type claims map[string]any

func parseClaims(data []byte) (c claims, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return c, dec.Decode(&c)
}

// find returns a claim, or a member of one: "a/b" is the claim of that name, or b within a.
func (c claims) find(name string) (any, bool) {
	if v, ok := c[name]; ok {
		return v, true
	}
	for i, r := range name {
		if r != '/' {
			continue
		}
		if inner, ok := c[name[:i]].(map[string]any); ok {
			if v, ok := claims(inner).find(name[i+1:]); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// text writes a claim that is one value.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, json.Number:
		return fmt.Sprint(v), true
	}
	return "", false
}

// match reports whether a claim, or one of the members of a list, is as a pattern has it. An address that nobody verified is as none.
func (c claims) match(name, pattern string) bool {
	v, ok := c.find(name)
	if !ok || name == emailClaim && c.unverified() {
		return false
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	return slices.ContainsFunc(list, func(v any) bool {
		s, ok := text(v)
		return ok && identity.Match(pattern, s)
	})
}

// unmatched returns the first claim, by name, that does not let a token through a rule; empty if all do.
func (c claims) unmatched(r Rule) string {
	for _, name := range slices.Sorted(maps.Keys(r.Claims)) {
		if !c.match(name, r.Claims[name]) {
			return name
		}
	}
	return ""
}

// emailClaim is what an issuer may say of somebody without having made sure that it is true.
const emailClaim = "email"

// unverified reports whether the issuer says that it has not made sure of the claim email. Some write the answer as a text.
//
// Source: OpenID Connect Core 1.0, 5.1, "email_verified".
func (c claims) unverified() bool {
	said, ok := text(c["email_verified"])
	return ok && !strings.EqualFold(said, "true")
}

// show writes a claim for a message.
func (c claims) show(name string) string {
	v, ok := c.find(name)
	if !ok {
		return name + " is not in the token" + nearest.Hint(name, slices.Sorted(maps.Keys(c)))
	}
	if name == emailClaim && c.unverified() {
		return name + " is not verified by the issuer"
	}
	if s, ok := text(v); ok {
		return fmt.Sprintf("%s is %q", name, s)
	}
	b, _ := json.Marshal(v) // it came from JSON
	return fmt.Sprintf("%s is %.200s", name, b)
}

// maxValue bounds what a template makes, in bytes.
const maxValue = 200

// fill puts claims in the place of their names in braces. In a pattern, what a claim says must stand for itself.
func (c claims) fill(template string, pattern bool) (string, error) {
	var out strings.Builder
	for rest := template; ; {
		literal, after, found := strings.Cut(rest, "{")
		out.WriteString(literal)
		if !found {
			break
		}
		name, next, _ := strings.Cut(after, "}")
		v, ok := c.find(name)
		s, single := text(v)
		switch {
		case !ok:
			return "", fmt.Errorf("the token has no claim %s%s", name, nearest.Hint(name, slices.Sorted(maps.Keys(c))))
		case !single || s == "" || strings.ContainsFunc(s, unicode.IsControl):
			return "", fmt.Errorf("the claim %s is not a text that somebody can be named by", name)
		case pattern && strings.Contains(s, "*"):
			return "", fmt.Errorf("the claim %s has a *, which would stand for anything", name)
		case name == emailClaim && c.unverified():
			return "", errors.New("the issuer has not verified the claim email")
		}
		out.WriteString(s)
		rest = next
	}
	if out.Len() > maxValue {
		return "", fmt.Errorf("%q with its claims is longer than %d bytes", template, maxValue)
	}
	return out.String(), nil
}

func checkTemplate(template string) error {
	for rest := template; ; {
		before, after, found := strings.Cut(rest, "{")
		name, next, closed := strings.Cut(after, "}")
		switch {
		case strings.Contains(before, "}"), found && !closed, strings.Contains(name, "{"):
			return fmt.Errorf("%q has braces that do not match, as in github:{repository}", template)
		case found && name == "":
			return fmt.Errorf("%q has braces without the name of a claim, as in github:{repository}", template)
		case !found:
			return nil
		}
		rest = next
	}
}
