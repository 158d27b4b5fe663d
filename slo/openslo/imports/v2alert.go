package imports

import (
	"fmt"
	"strings"
	"time"

	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/internal/doctree"
)

// branchesOf returns the alternatives of the conditions of version 2, each a list of conditions of which all must hold. OpenSLO v1 has one
// condition a policy.
//
//	conditions: [a, b]            (a and b)
//	conditions: [or: [a, b]]      a, b
//	conditions: [or: [and: [a, b], c]]   (a and b), c
func branchesOf(conditions node) [][]node {
	all := [][]node{nil}
	if !conditions.IsList() {
		return all
	}
	for _, item := range conditions.List() {
		all = both(all, alternatives(item))
	}
	return all
}

// maxBranches bounds what nested conditions can become.
const maxBranches = 64

func alternatives(n node) [][]node {
	if or, ok := n.Key("or"); ok && or.IsList() {
		var all [][]node
		for _, item := range or.List() {
			all = append(all, alternatives(item)...)
		}
		return all[:min(len(all), maxBranches)]
	}
	if and, ok := n.Key("and"); ok && and.IsList() {
		return branchesOf(and)
	}
	return [][]node{{n}}
}

// both combines every alternative of one with every alternative of the other.
func both(a, b [][]node) (all [][]node) {
	for _, x := range a {
		for _, y := range b {
			if len(all) < maxBranches {
				all = append(all, append(append([]node(nil), x...), y...))
			}
		}
	}
	return all
}

func branchName(name string, i, branches int) string {
	if branches == 1 {
		return name
	}
	return openslo.Name(fmt.Sprintf("%s-%d", name, i+1))
}

// v2Policies converts the alertPolicies of an SLO. A policy that became several is referred to by all of their names.
func (im *importer) v2Policies(n node) (policies []any) {
	for _, item := range n.List() {
		ref, ok := item.Key("alertPolicyRef")
		if item.IsScalar() {
			ref, ok = item, true
		}
		if ok {
			name := im.name(ref)
			names := im.policies[name]
			if len(names) == 0 {
				names = []string{name}
			}
			for _, name := range names {
				policies = append(policies, openslo.PolicyRef{AlertPolicyRef: name})
			}
			continue
		}
		m, spec, ok := im.v2Inline(item, "AlertPolicy")
		if !ok {
			continue
		}
		for _, d := range im.v2PolicyDocuments(item, m, spec) {
			policies = append(policies, d)
		}
	}
	return policies
}

// v2Inline reads an object that stands inside another one. The drafts' own examples leave its metadata out.
func (im *importer) v2Inline(n node, kind string) (m openslo.Metadata, spec node, ok bool) {
	o := n.Object(append(doctree.Fields("apiVersion", "metadata"), must("kind"), must("spec"))...)
	if k, ok := o.Get("kind"); ok {
		k.OneOf(kind)
	}
	if metadata, ok := o.Get("metadata"); ok {
		m = im.metadata(metadata)
	}
	spec, ok = o.Get("spec")
	return m, spec, ok
}

func (im *importer) v2Policy(root node, m openslo.Metadata, spec node) {
	docs := im.v2PolicyDocuments(root, m, spec)
	notes := im.notes
	for _, d := range docs {
		im.notes = notes
		im.add(root, d.Kind, d.Metadata, d.Spec)
	}
}

func (im *importer) v2PolicyDocuments(at node, m openslo.Metadata, n node) (docs []openslo.Document) {
	o := n.Object(append(doctree.Fields("description", "alertWhenNoData", "alertWhenResolved", "alertWhenBreaching", "notificationTargets"),
		must("conditions"))...)
	spec := openslo.AlertPolicySpec{Description: im.description(o)}
	for name, into := range map[string]*bool{"alertWhenNoData": &spec.AlertWhenNoData, "alertWhenResolved": &spec.AlertWhenResolved,
		"alertWhenBreaching": &spec.AlertWhenBreaching} {
		if flag, ok := o.Get(name); ok {
			*into, _ = flag.IsTrue()
		}
	}
	if !spec.AlertWhenBreaching && !spec.AlertWhenNoData && !spec.AlertWhenResolved {
		spec.AlertWhenBreaching = true
		im.note(at, "alertWhenBreaching: true was added, because nobody would be told otherwise")
	}
	spec.NotificationTargets = im.v2Targets(at, o)
	conditions, ok := o.Get("conditions")
	if !ok {
		return nil
	}
	branches := branchesOf(conditions)
	if len(branches) > 1 {
		im.note(conditions, "became %d policies, because OpenSLO v1 has one condition each", len(branches))
	}
	for i, branch := range branches {
		own, one := m, spec
		own.Name = branchName(m.Name, i, len(branches))
		if condition := im.v2Branch(conditions, branch, own.Name); condition != nil {
			one.Conditions = []any{condition}
			docs = append(docs, openslo.Document{Kind: "AlertPolicy", Metadata: own, Spec: one})
		}
	}
	return docs
}

// v2Targets converts the notification targets; a policy without any gets one, because OpenSLO v1 demands it.
func (im *importer) v2Targets(at node, o object) (targets []any) {
	if n, ok := o.Get("notificationTargets"); ok {
		for _, item := range n.List() {
			if ref, ok := item.Key("targetRef"); ok {
				targets = append(targets, openslo.TargetRef{TargetRef: im.name(ref)})
				continue
			}
			if m, spec, ok := im.v2Inline(item, "AlertNotificationTarget"); ok {
				targets = append(targets, openslo.Document{Kind: "AlertNotificationTarget", Metadata: named(m, "target"), Spec: im.v2TargetSpec(spec)})
			}
		}
	}
	if len(targets) == 0 {
		im.note(at, "the notification target alertmanager was added, because OpenSLO v1 demands one")
		targets = append(targets, openslo.Document{Kind: "AlertNotificationTarget", Metadata: openslo.Metadata{Name: "alertmanager"},
			Spec: openslo.AlertTargetSpec{Target: "alertmanager"}})
	}
	return targets
}

func named(m openslo.Metadata, name string) openslo.Metadata {
	if m.Name == "" {
		m.Name = name
	}
	return m
}

// v2Branch converts conditions of which all must hold to the one that OpenSLO v1 allows: that of the longest lookback, which is the one that holds
// back the alert; the others let it end sooner.
func (im *importer) v2Branch(at node, branch []node, name string) any {
	longest, length := -1, time.Duration(-1)
	for i, n := range branch {
		condition, _ := path(n, "spec", "condition", "lookbackWindow")
		lookback, err := parseShorthand(condition)
		if err != nil {
			lookback = 0
		}
		if lookback > length {
			longest, length = i, lookback
		}
	}
	if longest < 0 {
		at.Fail("is empty; one condition is needed")
		return nil
	}
	if len(branch) > 1 {
		im.note(at, "of %d conditions that must hold together the one with the longest lookback was kept", len(branch))
	}
	n := branch[longest]
	if ref, ok := n.Key("conditionRef"); ok {
		return openslo.ConditionRef{ConditionRef: im.name(ref)}
	}
	m, spec, ok := im.v2Inline(n, "AlertCondition")
	if !ok {
		return nil
	}
	return openslo.Document{Kind: "AlertCondition", Metadata: named(m, name), Spec: im.v2ConditionSpec(spec)}
}

// path follows keys.
func path(n node, keys ...string) (text string, ok bool) {
	for _, key := range keys {
		if n, ok = n.Key(key); !ok {
			return "", false
		}
	}
	return n.Value, true
}

// parseShorthand reads a duration such as "1h"; some drafts write lookbacks as negative.
func parseShorthand(text string) (time.Duration, error) {
	text = strings.TrimPrefix(text, "-")
	if days, ok := strings.CutSuffix(text, "d"); ok {
		hours, err := time.ParseDuration(days + "h")
		return 24 * hours, err
	}
	if weeks, ok := strings.CutSuffix(text, "w"); ok {
		hours, err := time.ParseDuration(weeks + "h")
		return 7 * 24 * hours, err
	}
	return time.ParseDuration(text)
}

func (im *importer) v2Condition(root node, m openslo.Metadata, spec node) {
	im.add(root, "AlertCondition", m, im.v2ConditionSpec(spec))
}

func (im *importer) v2ConditionSpec(n node) openslo.AlertConditionSpec {
	o := n.Object(append(doctree.Fields("description", "severity"), must("condition"))...)
	spec := openslo.AlertConditionSpec{Description: im.description(o), Severity: o.Text("severity")}
	if spec.Severity == "" {
		spec.Severity = "page"
		im.note(n, "the severity page was added, because OpenSLO v1 demands one")
	}
	condition, ok := o.Get("condition")
	if !ok {
		return spec
	}
	co := condition.Object(append(doctree.Fields("kind", "op", "alertAfter"), must("threshold"), must("lookbackWindow"))...)
	spec.Condition = openslo.Condition{Kind: co.Text("kind"), Op: co.Text("op"), AlertAfter: co.Text("alertAfter"),
		LookbackWindow: strings.TrimPrefix(co.Text("lookbackWindow"), "-")}
	if spec.Condition.Kind == "" {
		spec.Condition.Kind = "burnrate"
	}
	if threshold, ok := co.Get("threshold"); ok {
		text, _ := threshold.Number()
		spec.Condition.Threshold = openslo.Plain(text)
	}
	return spec
}

func (im *importer) v2Target(root node, m openslo.Metadata, spec node) {
	im.add(root, "AlertNotificationTarget", m, im.v2TargetSpec(spec))
}

func (im *importer) v2TargetSpec(n node) openslo.AlertTargetSpec {
	o := n.Object(append(doctree.Fields("description"), must("target"))...)
	return openslo.AlertTargetSpec{Description: im.description(o), Target: o.Text("target")}
}
