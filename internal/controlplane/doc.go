// Package controlplane is the wiring of the control plane: it builds the rooms from one configuration, starts them in order and stops
// them in the reverse one. It decides nothing.
//
//	start:  PostgreSQL ─▶ ledger (last checkpoint) ─▶ replica ─▶ corrections ─▶ jobs ─▶ HTTP ─▶ live pages
//	                                                     │
//	        for each term of leading:                    └─▶ checkpoints ─▶ scraper, servers, probes, checks, backfills, pushes ─▶ gate
//
//	stop:   the other way round
//
// What counts samples lives for one term and is made anew for the next (see term), so that a process that has lost the lead carries nothing
// over. Everything that commits events has ended before the last checkpoint of a term, so a graceful stop loses nothing.
//
// What answers requests is there on every replica. It reads the ledger, which the replica keeps at the newest checkpoint while another process
// leads.
package controlplane
