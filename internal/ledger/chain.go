package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
)

// hashLength is the length of a hash in hexadecimal.
const hashLength = 2 * sha256.Size

// noHash stands for the record before the first.
func noHash() [hashLength]byte {
	var none [hashLength]byte
	copy(none[:], bytes.Repeat([]byte{'0'}, hashLength))
	return none
}

// What stands at the end of a line, and how long that is.
const (
	prevMember = `,"prev":"`
	hashMember = `,"hash":"`
	lineEnd    = `"}`

	hashTail = len(hashMember) + hashLength + len(lineEnd)
	prevTail = len(prevMember) + hashLength + len(`"`)
)

// Head is a place in a chain: the number of a record and its hash.
type Head struct {
	Seq  uint64 // 0 for no record
	Hash [hashLength]byte
}

// String is how a Head is noted elsewhere: SEQ:HASH.
func (h Head) String() string { return strconv.FormatUint(h.Seq, 10) + ":" + string(h.Hash[:]) }

// ParseHead reads what String wrote; false for anything else.
func ParseHead(text string) (Head, bool) {
	seq, digest, found := bytes.Cut([]byte(text), []byte{':'})
	n, err := strconv.ParseUint(string(seq), 10, 64)
	if !found || err != nil || n == 0 || !isHash(digest) {
		return Head{}, false
	}
	h := Head{Seq: n}
	copy(h.Hash[:], digest)
	return h, true
}

func isHash(text []byte) bool {
	if len(text) != hashLength {
		return false
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// chain makes the hashes of one sequence of records.
type chain struct {
	head Head
	hash hash.Hash
	sum  [sha256.Size]byte
}

func newChain(key []byte, from Head) *chain {
	if from.Seq == 0 {
		from.Hash = noHash()
	}
	c := &chain{head: from, hash: sha256.New()}
	if len(key) > 0 {
		c.hash = hmac.New(sha256.New, key)
	}
	return c
}

// append appends the line of the next record to dst. members are those of its JSON object, without braces.
func (c *chain) append(dst, members []byte) []byte {
	start := len(dst)
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendUint(dst, c.head.Seq+1, 10)
	dst = append(dst, ',')
	dst = append(dst, members...)
	dst = append(dst, prevMember...)
	dst = append(dst, c.head.Hash[:]...)
	dst = append(dst, '"')
	c.head.Hash = c.of(dst[start:])
	c.head.Seq++
	dst = append(dst, hashMember...)
	dst = append(dst, c.head.Hash[:]...)
	return append(dst, lineEnd+"\n"...)
}

// of is the hash of a line up to its member for it.
func (c *chain) of(body []byte) (digest [hashLength]byte) {
	c.hash.Reset()
	_, _ = c.hash.Write(body)
	hex.Encode(digest[:], c.hash.Sum(c.sum[:0]))
	return digest
}

// entry is a line as far as the chain is concerned.
type entry struct {
	seq        uint64
	prev, hash [hashLength]byte
	kind       string // of the ledger's own records; empty for others
}

// fault says what is wrong with a record; empty for nothing.
type fault string

const (
	notARecord  fault = "is not a record of the trail"
	wrongHash   fault = "is not what its hash says: it was edited, or the key is another one"
	wrongNumber fault = "does not follow the record before it: records were removed, added or moved"
	wrongPrev   fault = "does not continue the record before it: that one was edited or replaced"
)

// read takes a line without its end apart, and holds it to its own hash.
func (c *chain) read(line []byte) (e entry, bad fault) {
	const start = `{"seq":`
	if len(line) < len(start)+hashTail+prevTail || !bytes.HasPrefix(line, []byte(start)) || !bytes.HasSuffix(line, []byte(lineEnd)) {
		return entry{}, notARecord
	}
	body, tail := line[:len(line)-hashTail], line[len(line)-hashTail:]
	digest, isTail := bytes.CutPrefix(tail[:len(tail)-len(lineEnd)], []byte(hashMember))
	before := body[len(body)-prevTail:]
	prev, isPrev := bytes.CutPrefix(before[:len(before)-1], []byte(prevMember))
	number, _, isNumber := bytes.Cut(body[len(start):], []byte{','})
	seq, err := strconv.ParseUint(string(number), 10, 64)
	if !isTail || !isPrev || !isNumber || err != nil || before[len(before)-1] != '"' || !isHash(digest) || !isHash(prev) {
		return entry{}, notARecord
	}
	e.seq, e.kind = seq, kindOf(body)
	copy(e.prev[:], prev)
	copy(e.hash[:], digest)
	if want := c.of(body); !hmac.Equal(want[:], digest) {
		return e, wrongHash
	}
	return e, ""
}

// follow holds a line to the one before it, and makes it the head.
func (c *chain) follow(line []byte) (entry, fault) {
	e, bad := c.read(line)
	switch {
	case bad != "":
		return e, bad
	case e.seq != c.head.Seq+1:
		return e, wrongNumber
	case e.prev != c.head.Hash:
		return e, wrongPrev
	}
	c.head = Head{Seq: e.seq, Hash: e.hash}
	return e, ""
}
