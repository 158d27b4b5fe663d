// Package objectstore is the platform's view of one bucket in any S3: whole objects, ranges, and multipart uploads
// whose parts are sent by someone else to presigned URLs.
//
// It owns the translation of S3's errors into this package's sentinels, and the split between the endpoint that
// this process reaches and the one that clients reach. It knows nothing of videos and keeps no state.
// The S3 server that the platform runs when it is given none is [plimsoll/platform/objectstore/blob].
package objectstore
