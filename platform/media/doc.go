// Package media turns uploaded files into videos that play everywhere: it is what the worker role does with a task.
// It owns FFmpeg, the ladder of renditions, and the manifests.
//
//	source ─▶ download, checksum ─▶ probe ─▶ FFmpeg, one run ─▶ fragments' facts, checked ─▶ manifests ─▶ upload ─▶ publish
//	                                  │        ├─ video, a file a rendition                    HLS, DASH      (by the queue,
//	                                  │        └─ audio, one file                                              under the lease)
//	                                  └─▶ thumbnail
//
// All output of an attempt lies under "v/{video}/{generation}/{attempt}/", so that attempts never mix and published
// objects never change:
//
//	master.m3u8, manifest.mpd, thumbnail.jpg
//	720p/init.mp4, 720p/1.m4s, 720p/2.m4s, …, 720p/index.m3u8
//	audio/init.mp4, audio/1.m4s, …, audio/index.m3u8
//
// HLS and DASH share the segments (CMAF). The segments of all renditions begin at the same instants, each with a
// keyframe, so that players can switch at every one.
//
// It never decides whether a task may be published or tried again; it says what went wrong, and the queue decides.
package media
