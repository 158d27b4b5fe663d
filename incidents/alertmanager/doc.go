// Package alertmanager takes the webhooks of a Prometheus Alertmanager and turns what fires into incidents.
//
// A group of alerts is one incident for as long as that is open: the first webhook declares it, the others note on its timeline what
// joined and what is over. It never resolves an incident; whether it is over is for people to say, and what they knew of when they
// ended it makes no second one.
//
//	webhook ──▶ open incident of the group? ──no──▶ fires what the last one was not told of? ──yes──▶ declare
//	                    │ yes                             │ no
//	                    └────────▶ note on the timeline ◀─┘
package alertmanager
