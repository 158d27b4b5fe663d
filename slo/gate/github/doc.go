// Package github answers the gate's question as a custom deployment protection rule of GitHub.
//
// A webhook says that a deployment waits; it is taken down as a durable job and acknowledged. The job asks the gate and reviews the
// deployment through the address in the webhook, as a GitHub App:
//
//	webhook ──signature──▶ delivery ──▶ Review job ──Check──▶ allow ──────────────▶ approved, done
//	                          │              ▲    │
//	       a repeated delivery is the same job    ├──────────▶ deny ──────────────▶ rejected, done
//	                                         │    │               (onDeny: wait)──┐
//	                                         │    └──────────▶ hold ──────────────┴▶ a report without a verdict
//	                                         └────────── looks again later ◀────────────────┘
//
// While a deployment waits the job looks without recording; only what may end the wait is asked, and recorded, again. An answer that
// could not be delivered is never sent later: the gate is asked anew, since a freeze may have begun. It goes only to addresses of
// the repository's runs on the configured host, so that a webhook cannot send the App's token elsewhere.
//
// A webhook of a deployment_status tells what became of a deployment, and is recorded as a deploy at once:
//
//	in_progress ──▶ start     success ──▶ finish     failure, error ──▶ fail     all others tell nothing
//
// Sources: GitHub, "Creating custom deployment protection rules", "Validating webhook deliveries", "Webhook events and payloads", "Authenticating as a GitHub App
// installation", "Rate limits for the REST API".
package github
