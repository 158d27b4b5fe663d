// Package postgres remembers which freeze periods in GitLab are ours. It owns that table and nothing else.
package postgres
