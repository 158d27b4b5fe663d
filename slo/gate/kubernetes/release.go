package kubernetes

import (
	"cmp"
	"slices"
	"strings"

	"plimsoll/slo/gate"
)

// prefix of the annotations, on the workload or on its pod template. Those of the template count first: they are of this
// release and leave with it, while one on the workload stays until somebody takes it away.
const prefix = "plimsoll.dev/"

// workloads are the kinds whose pod template is a release.
var workloads = []groupKind{{"apps", "Deployment"}, {"apps", "StatefulSet"}, {"apps", "DaemonSet"}, {"argoproj.io", "Rollout"}}

// systemNamespaces are never gated: a cluster must be able to repair itself.
var systemNamespaces = []string{"kube-system", "kube-public", "kube-node-lease"}

// verdict says whether a request is a release, by a reason for machines and tests.
type verdict string

const (
	isRelease       verdict = "release"
	otherKind       verdict = "other_kind"
	otherOperation  verdict = "other_operation"  // not a creation or update
	isSubresource   verdict = "subresource"      // scale, status
	systemNamespace verdict = "system_namespace" // Kubernetes's own
	ownNamespace    verdict = "own_namespace"    // Plimsoll's own
	sameTemplate    verdict = "same_template"    // scaled, annotated, restarted: nothing new runs
)

// defaults are what holds where annotations say nothing.
type defaults struct {
	namespace    string            // Plimsoll's own
	environment  string            // of every namespace
	environments map[string]string // of some
}

// judge says whether a request is a release, and which change it is then.
func (d defaults) judge(r *request) (gate.Change, verdict, error) {
	switch {
	case r.SubResource != "":
		return gate.Change{}, isSubresource, nil
	case r.Operation != "CREATE" && r.Operation != "UPDATE":
		return gate.Change{}, otherOperation, nil
	case !slices.Contains(workloads, r.Kind):
		return gate.Change{}, otherKind, nil
	case slices.Contains(systemNamespaces, r.Namespace):
		return gate.Change{}, systemNamespace, nil
	case d.namespace != "" && r.Namespace == d.namespace:
		return gate.Change{}, ownNamespace, nil
	}
	after, err := decode(r.Object)
	if err != nil {
		return gate.Change{}, "", err
	}
	before, err := decode(r.OldObject)
	if err != nil {
		return gate.Change{}, "", err
	}
	now, err := canonical(after.Spec.Template)
	if err != nil {
		return gate.Change{}, "", err
	}
	then, err := canonical(before.Spec.Template)
	if err != nil {
		return gate.Change{}, "", err
	}
	if now == then { // also where there is none: a Rollout may refer to the Deployment that has it
		return gate.Change{}, sameTemplate, nil
	}
	c, err := d.change(r, after, now)
	return c, isRelease, err
}

func (d defaults) change(r *request, o object, canonical string) (gate.Change, error) {
	t, err := decodeTemplate(o.Spec.Template)
	if err != nil {
		return gate.Change{}, err
	}
	annotation := func(name string) string {
		return cmp.Or(t.Metadata.Annotations[prefix+name], o.Metadata.Annotations[prefix+name])
	}
	label := func(name string) string {
		return cmp.Or(t.Metadata.Labels["app.kubernetes.io/"+name], o.Metadata.Labels["app.kubernetes.io/"+name])
	}
	c := gate.Change{
		Service:     cmp.Or(annotation("service"), label("name"), o.Metadata.Name, r.Name, strings.TrimSuffix(o.Metadata.GenerateName, "-")),
		Environment: cmp.Or(annotation("environment"), d.environments[r.Namespace], d.environment),
		Commit:      cmp.Or(annotation("commit"), fingerprint(canonical)),
		Version:     cmp.Or(annotation("version"), label("version")),
		Author:      annotation("author"),
		Class:       gate.Class(annotation("class")),
		Progressive: r.Kind.Kind == "Rollout" || annotation("progressive") == "true",
	}
	for ref := range strings.SplitSeq(annotation("refs"), ",") {
		if ref = strings.TrimSpace(ref); ref != "" {
			c.Refs = append(c.Refs, ref)
		}
	}
	return c, nil
}
