package catalog

import "github.com/wherewall/wherewall/catalog/document"

// Trust says which operators and functions of PostgreSQL's may run on a row before the guard has passed it. The zero value trusts the fewest.
type Trust int

// The ways to trust.
const (
	TrustLeakproof Trust = iota // those that PostgreSQL itself marks as leakproof
	TrustStandard               // and comparisons of numerics and enums, and LIKE with a constant pattern
	TrustQuiet                  // and all others that an audit found to raise no error that depends on the row
)

func (p *Policy) trusted() Trust {
	if p.trust == nil {
		return TrustStandard
	}
	switch p.trust.Text {
	case "standard":
		return TrustStandard
	case "quiet":
		return TrustQuiet
	default:
		return TrustLeakproof
	}
}

// trustWord reads what may run on rows that the guard has not passed.
func (r *policyReader) trustWord(n *document.Node) {
	w := r.word(n, "trust")
	if w == nil || !r.first(w, "trust", r.policy.trust) {
		return
	}
	if w.Text != "leakproof" && w.Text != "standard" && w.Text != "quiet" {
		r.add(w.Place, CodeWrongShape, didYouMean(w.Text, []string{"leakproof", "standard", "quiet"}), "trust must be leakproof, standard or quiet")
	}
	r.policy.trust = w
}
