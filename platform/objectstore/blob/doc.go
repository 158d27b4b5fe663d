// Package blob is the object storage that the platform runs when it is given none: versitygw's S3 API over a folder,
// made durable. It is what stands behind plimsoll/platform/objectstore on one machine; it knows nothing of videos.
//
// versitygw changes the directory of its process and allows one instance in it, so it runs as a child process:
//
//	parent: Start ──environment──▶ child: RunFromEnvironment ─▶ Run ─▶ S3 API
//	          ▲ └── Process.Run restarts the child at the same address when it dies
//	          └──"listening on ADDRESS" on standard output── once it accepts connections
//
// What is added to versitygw:
//
//   - An object, a part, and the directory entries that lead to them are on disk before they are acknowledged.
//     Deletions are not waited for: one may be undone by a power failure, so that sweeps have to come again.
//   - Completions of one multipart upload take turns. By itself versitygw answers a second one with success while the
//     first is still joining parts.
//   - A completion that was cut off by a crash is rolled back when the server starts; versitygw would report it as
//     still in progress for ever.
package blob
