package push

import (
	"cmp"
	"fmt"
	"time"
)

// Limits bound what senders may ask of the receiver. A zero field is replaced by its default.
type Limits struct {
	// Body is the size of a request as it is sent, in bytes; 8 MiB by default.
	Body int64
	// Decoded is the size of a request when it is decompressed, in bytes; 32 MiB by default, as in Prometheus.
	Decoded int64
	// InFlight is the memory of all requests that are being read and counted, in bytes; 256 MiB by default, and at least Body + Decoded. Of remote
	// write it includes what a request is decoded into.
	InFlight int64
	// Requests is the number of requests at a time, those that wait to be durable included; 1,024 by default.
	Requests int64
	// Labels is the number of labels of a series; 64 by default.
	Labels int
	// LabelBytes is the size of the names and values of a series' labels together; 8 KiB by default.
	LabelBytes int
	// Known is the memory for series that are known by their labels, in bytes; 128 MiB by default. A series takes about 180 bytes more than its
	// labels. Past the limit those that were not heard of for longest are forgotten, which costs time and nothing else.
	Known int64
	// Read is how long a sender may take to send a request; 30 s by default.
	Read time.Duration
	// Sync is how long a request waits to be durable; 20 s by default, which is less than the time-out of Prometheus's remote write.
	Sync time.Duration
}

// withDefaults fills in what is not set.
func (l Limits) withDefaults() Limits {
	l.Body = cmp.Or(l.Body, 8<<20)
	l.Decoded = cmp.Or(l.Decoded, 32<<20)
	l.InFlight = cmp.Or(l.InFlight, max(256<<20, l.Body+l.Decoded))
	l.Requests = cmp.Or(l.Requests, 1024)
	l.Labels = cmp.Or(l.Labels, 64)
	l.LabelBytes = cmp.Or(l.LabelBytes, 8<<10)
	l.Known = cmp.Or(l.Known, 128<<20)
	l.Read = cmp.Or(l.Read, 30*time.Second)
	l.Sync = cmp.Or(l.Sync, 20*time.Second)
	return l
}

// check reports the first limit with which nothing could be received.
func (l Limits) check() error {
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Body", l.Body}, {"Decoded", l.Decoded}, {"Requests", l.Requests}, {"Labels", int64(l.Labels)}, {"LabelBytes", int64(l.LabelBytes)},
		{"Known", l.Known}, {"Read", int64(l.Read)}, {"Sync", int64(l.Sync)},
	} {
		if f.value < 1 {
			return fmt.Errorf("limit %s is %d: it must be positive", f.name, f.value)
		}
	}
	if l.InFlight < l.Body+l.Decoded {
		return fmt.Errorf("limit InFlight is %d: it must be at least Body + Decoded, which is %d", l.InFlight, l.Body+l.Decoded)
	}
	return nil
}
