package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
)

// shape is the digest that Plan.Shape documents. The snapshot is part of it: what a name means is too.
func (p *Plan) shape() string {
	if len(p.Allow) == 0 {
		return p.template.digest
	}
	text := p.template.digest
	for _, what := range slices.Sorted(maps.Keys(p.Allow)) {
		text += quote(what)
	}
	if p.Explain {
		text += " " + quote(p.Subject.User)
	}
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}
