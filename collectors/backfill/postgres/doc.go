// Package postgres keeps the jobs of backfills in PostgreSQL. It owns their table. It never reads a sample, and the events
// that a job has filled are not its own: they are in the ledger, together with how far the job has come.
package postgres
