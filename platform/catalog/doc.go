// Package catalog is the record of what the video platform holds: uploads, videos, and the tasks that turn
// the one into the other. It owns those three tables, their types and the queries that read and change them.
//
// It never touches object storage and never runs a job. Ingest opens uploads and accepts videos, the queue
// moves tasks, the media worker publishes, and playback reads.
//
// One upload becomes at most one video, and every change of state is made by a statement that names the state
// it leaves, so two writers cannot both make it:
//
//	upload:  uploading ──complete──▶ uploaded          (the video is created in the same transaction)
//	             ├──abort──▶ aborted
//	             └──expiry─▶ expired
//
//	video:   processing ──publish──▶ ready
//	             └──permanent failure, or the last try──▶ failed(reason)
//
//	task:    queued ──claim──▶ running ──publish──▶ done
//	             ▲                ├──transient failure or lost lease, tries left──▶ queued
//	             └────────────────┤
//	                              ├──permanent failure──▶ failed
//	                              └──tries spent──▶ dead
package catalog
