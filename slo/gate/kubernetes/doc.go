// Package kubernetes answers the gate's question as a validating admission webhook: a change of a workload's pod template is
// a release, and is admitted only if the gate allows it.
//
//	AdmissionReview ──▶ review ──▶ is it a release? ──no──▶ admitted, nothing asked
//	                                  │ yes
//	                                  ▼
//	        annotations, defaults ──▶ gate.Change ──Check──▶ gate.Decision ──▶ admitted, or refused with three lines
//	                                                 └─Preview, for a dry run: nothing is recorded
//
// A release is a new or changed pod template of a Deployment, StatefulSet, DaemonSet or Rollout. Never gated: scaling, status
// and metadata, deletion, a restart of the same template (kubectl rollout restart), other kinds, the namespaces of Kubernetes itself
// and that of Plimsoll, which must be able to come back when it is the cause of the trouble.
//
// A refusal is status 200 with allowed false; other statuses mean that the request is not an AdmissionReview, and then
// the webhook's failurePolicy decides. The API server proves who it is by a secret in the path, which any cluster can
// be told, or by a bearer token, where its admission configuration can be changed.
//
// Source: Kubernetes, "Dynamic Admission Control", admission.k8s.io/v1.
package kubernetes
