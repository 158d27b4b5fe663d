// Package alertmanager takes the webhooks of a Prometheus Alertmanager and turns what fires into incidents.
//
// A group of alerts is one incident for as long as that is open: the first webhook declares it, the others note on its timeline what
// joined and what is over. It never resolves an incident; whether it is over is for people to say.
//
//	webhook ──▶ firing? ──▶ open incident of the group? ──no──▶ declare
//	               │                    │ yes
//	               └────── all over ────┴──▶ note on the timeline
package alertmanager
