package ledger

import (
	"bytes"
	"strconv"
	"time"
)

// The kinds of the ledger's own records, which say where a file begins and ends.
const (
	// Opened is the first record of a file, and of each process that writes to it.
	Opened = "trail_opened"
	// Rotated is the last record of a file that another one continues.
	Rotated = "trail_rotated"
	// Closed is the last record of a process that has ended in order.
	Closed = "trail_closed"
)

// Stamp appends the members that every record begins with: its time, its id and its kind.
type Stamp func(dst []byte, at time.Time, kind string) []byte

// kindMember begins the kind. Records of other packages have it in the same place, before any text that a client could have chosen.
const kindMember = `"kind":"trail_`

// kindOf is the kind of one of the ledger's own records; empty for others.
func kindOf(body []byte) string {
	_, rest, found := bytes.Cut(body, []byte(kindMember))
	if !found {
		return ""
	}
	for _, kind := range []string{Opened, Rotated, Closed} {
		if bytes.HasPrefix(rest, []byte(kind[len("trail_"):]+`"`)) {
			return kind
		}
	}
	return ""
}

// repairs is what a file was found with when it was opened.
type repairs struct{ torn int64 }

// members are those of the record that tells of an opening.
func (r repairs) members(dst []byte) []byte {
	if r.torn == 0 {
		return dst
	}
	// The process before was killed while it wrote: what it has written of its last record was cut off.
	return strconv.AppendInt(append(dst, `,"torn_bytes":`...), r.torn, 10)
}
