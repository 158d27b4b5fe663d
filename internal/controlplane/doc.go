// Package controlplane is the wiring of the control plane: it builds the rooms from one configuration, starts them in order and stops
// them in the reverse one. It decides nothing.
//
//	start:  PostgreSQL ─▶ ledger (last checkpoint) ─▶ collector ─▶ scraper
//	                  └─▶ incidents ─▶ jobs ─▶ gate ─▶ HTTP
//
//	stop:   HTTP ─▶ gate, jobs ─▶ scraper ─▶ last checkpoint ─▶ PostgreSQL
//
// Everything that commits events has ended before the last checkpoint, so a graceful stop loses nothing.
package controlplane
