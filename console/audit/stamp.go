package audit

import (
	"bufio"
	"crypto/rand"
	"io"
	"time"

	"github.com/google/uuid"
)

// Stamp makes the members that every record begins with: its time, its id, its kind and the proxy that wrote it. One goroutine owns it.
type Stamp struct {
	random io.Reader
	proxy  []byte
}

// NewStamp makes the Stamp of a proxy, whose name is in every record.
func NewStamp(proxy string) Stamp {
	return Stamp{random: bufio.NewReader(rand.Reader), proxy: appendText(nil, "proxy", proxy)}
}

// Append appends the members to dst. Of the id (RFC 9562, version 7), the first part is the time at which the record was written.
func (s Stamp) Append(dst []byte, at time.Time, kind string) []byte {
	dst = append(dst, `"ts":`...)
	dst = appendTime(dst, at)
	dst = append(dst, `,"id":"`...)
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		id = uuid.Nil // the system's randomness does not fail
	}
	var text [36]byte
	encodeUUID(text[:], id)
	dst = append(dst, text[:]...)
	dst = append(dst, `","kind":"`...)
	dst = append(dst, kind...)
	dst = append(dst, '"')
	return append(dst, s.proxy...)
}

// encodeUUID writes an id as people do.
func encodeUUID(dst []byte, id uuid.UUID) {
	const digits = "0123456789abcdef"
	at := 0
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst[at] = '-'
			at++
		}
		dst[at], dst[at+1] = digits[b>>4], digits[b&15]
		at += 2
	}
}
