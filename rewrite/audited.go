package rewrite

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Said is one statement of a template; nil for one that it has not, and for none of a template that is nil or refuses.
func (t *Template) Said(at int) *Statement {
	if t == nil || at < 0 || at >= len(t.Statements) {
		return nil
	}
	return &t.Statements[at]
}

// Weight estimates the bytes that a template takes; 0 for nil.
func (t *Template) Weight() int {
	if t == nil {
		return 0
	}
	return int(weight(len(t.sql), t))
}

// Digest names the text that AppendSQL makes, with the slots left open: it says nothing of the values that fill them. It is SHA-256 in
// hexadecimal, and computed at each call.
func (t *Template) Digest() string {
	h := sha256.New()
	var size [8]byte
	write := func(text string) {
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		_, _ = h.Write(size[:])
		_, _ = h.Write([]byte(text))
	}
	for _, s := range t.plain().segments {
		write(s.text)
		write(s.slot)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Fingerprint is pg_query's fingerprint of the client's text, which is the same for all literals; empty where the text could not be parsed, or
// the Rewriter makes none.
func (t *Template) Fingerprint() string { return t.fingerprint }
