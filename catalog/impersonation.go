package catalog

import (
	"slices"

	"github.com/wherewall/wherewall/catalog/document"
)

// Impersonation says how a login may act as somebody else in its session. The zero value is not at all.
type Impersonation int

// The ways to say for whom a shared login asks.
const (
	NoImpersonation    Impersonation = iota
	ImpersonateByToken               // by a signed token
	ImpersonateByName                // by a bare name too: the client's word is taken for it
)

// impersonations are the words of `may_impersonate`; true is the first of them.
func impersonations() []string { return []string{"token", "name"} }

// impersonation reads `may_impersonate`: true, false, or a word.
func (r *policyReader) impersonation(into *Impersonation, what string) func(*document.Node) {
	return func(n *document.Node) {
		*into = NoImpersonation
		if n.Kind == document.Scalar && n.Type == document.Bool {
			if n.Text == "true" {
				*into = ImpersonateByToken
			}
			return
		}
		if n.Kind != document.Scalar || !slices.Contains(impersonations(), n.Text) {
			near := ""
			if n.Kind == document.Scalar {
				near = didYouMean(n.Text, impersonations())
			}
			r.add(n.Place, CodeWrongShape, near, "%s must be true, false, token or name", what)
			return
		}
		*into = Impersonation(slices.Index(impersonations(), n.Text)) + ImpersonateByToken
	}
}
