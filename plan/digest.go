package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Digest names what a plan gives: the policy, the rules that follow from the roles, and the subject's values that they use. Under one policy, whoever has the
// same digest sees the same rows, so that a cache of results may be keyed by it. It is SHA-256 in hexadecimal.
func (p *Plan) Digest() string {
	h := sha256.New()
	write := func(text string) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		h.Write(size[:])
		h.Write([]byte(text))
	}
	if p.Snapshot != nil {
		write(p.Snapshot.ModelVersion)
	}
	write(p.Shape)
	write(p.Subject.User)
	write(p.Subject.Tenant)
	write(p.Subject.Identity)
	for _, name := range sortedKeys(p.Values) {
		write(name)
		write(p.Values[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
