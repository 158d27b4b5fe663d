package edge

import (
	"strconv"
	"time"

	"plimsoll/platform/origin"
)

// object is a cached one. Its header values are made once, as they are sent with every hit.
type object struct {
	body       []byte
	etag       string // with quotes
	headers    []header
	length     []string // of the whole body
	freshUntil time.Time
	staleUntil time.Time
	from       result // what an answer from memory is called: hit, or stale for a stand-in
}

type header struct {
	name   string // canonical
	values []string
}

// overhead is what an entry costs beyond its body and path, roughly.
const overhead = 1 << 10

func newObject(o *origin.Object, now time.Time, staleIfError time.Duration) *object {
	etag := strconv.Quote(o.ETag)
	cacheControl := origin.CacheControl(o)
	if !o.Immutable {
		cacheControl += ", stale-if-error=" + strconv.Itoa(int(staleIfError.Seconds()))
	}
	return &object{
		body: o.Body, etag: etag, from: hit,
		headers: []header{
			{"Content-Type", []string{o.ContentType}},
			{"Etag", []string{etag}},
			{"Cache-Control", []string{cacheControl}},
			{"Accept-Ranges", []string{"bytes"}},
		},
		length:     []string{strconv.Itoa(len(o.Body))},
		freshUntil: now.Add(o.Fresh),
		staleUntil: now.Add(o.Fresh + staleIfError),
	}
}

// standIn is the object once more, for an origin that cannot answer before then.
func (o *object) standIn(until time.Time) *object {
	c := *o
	c.from, c.freshUntil = stale, until
	return &c
}

func (o *object) weight(path string) uint32 { return uint32(len(o.body) + len(path) + overhead) }
