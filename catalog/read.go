package catalog

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

// policyReader turns documents into declarations. Everything that it does not know is an error: a word that was
// meant to narrow access and is skipped would widen it.
type policyReader struct {
	report
	policy    *Policy
	language  *document.Node
	people    []population // the users of all documents
	modelOnly bool         // people that files declare are left out
	identity  string       // of what is being read, where it comes from a store
}

// fields reads a map by a table of its keys. later has the keys that are part of the language and not of this release.
func (r *policyReader) fields(n *document.Node, what string, known map[string]func(*document.Node), later ...string) {
	if !r.is(n, document.Map, what) {
		return
	}
	for _, e := range n.Entries {
		key := e.Key.Text
		switch {
		case known[key] != nil:
			known[key](e.Value)
		case slices.Contains(later, key):
			r.notSupported(e.Key, "%s", key)
		case negativeWord[strings.ToLower(key)]:
			r.negative(e.Key)
		default:
			words := append(slices.Collect(maps.Keys(known)), later...)
			r.add(e.Key.Place, CodeUnknownKey, didYouMean(key, words), "%s has no key %q", what, key)
		}
	}
}

// entries reads a map whose keys are names. An empty map may be left out.
func (r *policyReader) entries(n *document.Node, what string, read func(name, value *document.Node)) {
	if n.Kind == document.Null || !r.is(n, document.Map, what) {
		return
	}
	for _, e := range n.Entries {
		read(e.Key, e.Value)
	}
}

// negativeWord has what people write who know systems with deny rules.
var negativeWord = map[string]bool{
	"deny": true, "cannot": true, "except": true, "exclude": true, "forbid": true, "not": true, "minus": true, "effect": true,
}

func (r *policyReader) negative(n *document.Node) {
	r.add(n.Place, CodeNoNegative, "leave the permission out, or narrow it by where:", "permissions are never taken away: %q", n.Text)
}

func (r *policyReader) notSupported(n *document.Node, format string, args ...any) {
	r.add(n.Place, CodeNotSupported, "", "not supported yet: "+format, args...)
}

// is says whether a node has the kind that belongs there, and reports where it has not.
func (r *policyReader) is(n *document.Node, kind document.Kind, what string) bool {
	if n.Kind == kind {
		return true
	}
	// A file at fault stands for what was at fault in it by nothing.
	if n.Kind != document.Null || !r.policy.broken {
		r.add(n.Place, CodeWrongShape, "", "%s must be %s, not %s", what, kind, n.Kind)
	}
	return false
}

// word reads text that may not be empty, and returns nil where it is something else.
func (r *policyReader) word(n *document.Node, what string) *document.Node {
	if !r.is(n, document.Scalar, what) {
		return nil
	}
	if n.Text == "" {
		r.add(n.Place, CodeWrongShape, "", "%s is empty", what)
		return nil
	}
	return n
}

// words reads a list of text.
func (r *policyReader) words(n *document.Node, what string) []*document.Node {
	if !r.is(n, document.List, what) {
		return nil
	}
	var words []*document.Node
	for _, i := range n.Items {
		if w := r.word(i, "an item of "+what); w != nil {
			words = append(words, w)
		}
	}
	return words
}

// truth reads true or false into a variable. What is neither reads as false, which is the safe one everywhere.
func (r *policyReader) truth(into *bool, what string) func(*document.Node) {
	return func(n *document.Node) {
		*into = false
		if n.Kind != document.Scalar || n.Type != document.Bool {
			r.add(n.Place, CodeWrongShape, "", "%s must be true or false", what)
			return
		}
		*into = n.Text == "true"
	}
}

// comment accepts a description, which means nothing to the proxy.
func (r *policyReader) comment(what string) func(*document.Node) {
	return func(n *document.Node) {
		if n.Kind != document.Null {
			r.is(n, document.Scalar, what)
		}
	}
}

// notEnforced warns of what is understood, and does nothing yet. All of it gives less than it says.
func (r *policyReader) notEnforced(n *document.Node, declared bool, instead string) {
	if declared {
		r.warn(n.Place, CodeNotEnforced, "", "this version does not act on it: %s", instead)
	}
}

// allowances are what may be allowed beyond the default.
var allowances = []string{"explain", "temp_tables", "listen", "advisory_locks", "with_hold"}

// allow reads `allow:`.
func (r *policyReader) allow(into *map[string]bool) func(*document.Node) {
	return func(n *document.Node) {
		for _, w := range r.words(n, "allow") {
			if !slices.Contains(allowances, w.Text) {
				r.add(w.Place, CodeUnknownKey, didYouMean(w.Text, allowances), "allow does not know %q", w.Text)
				continue
			}
			r.notEnforced(w, w.Text == "with_hold", "cursors WITH HOLD are open to everybody, as sessions share no server connection")
			if *into == nil {
				*into = map[string]bool{}
			}
			(*into)[w.Text] = true
		}
	}
}

var (
	// Relations and attributes are words of conditions, where SQL would fold capitals away.
	identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	entityName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	plainName  = regexp.MustCompile(`^[^\s.(){}\[\],:!\pC-][^\s.(){}\[\],:!\pC]*$`)
)

// named checks a name that is about to be declared.
func (r *policyReader) named(n *document.Node, what string, allowed *regexp.Regexp) bool {
	if strings.HasPrefix(strings.ToLower(n.Text), "ww_") || n.Text == "me" {
		r.add(n.Place, CodeReservedName, "", "%s may not be called %q: the name is reserved", what, n.Text)
		return false
	}
	if !allowed.MatchString(n.Text) {
		r.add(n.Place, CodeInvalidName, "", "%q cannot be the name of %s", n.Text, what)
		return false
	}
	return true
}

// first reports a name that was declared before, in this file or another.
func (r *policyReader) first(n *document.Node, what string, before *document.Node) bool {
	if before == nil {
		return true
	}
	r.add(n.Place, CodeDuplicateKey, "", "%s %q is declared twice, first at %s", what, n.Text, before.Place)
	return false
}
