// Package playback answers what can be watched: the read operations of the public API, and the origin from which the
// edge fetches the manifests and segments of published videos. Reads of the catalog are cache-aside.
//
//	GET /v1/videos/{id} ──▶ cached record ──▶ catalog
//	edge miss ─▶ Fetch ──▶ cached record: ready, and published under this prefix? ──▶ object storage
//
// It never changes a video. What is read through it lies below the published prefix of a ready video, so output of an
// attempt that lost its lease cannot be seen.
package playback
