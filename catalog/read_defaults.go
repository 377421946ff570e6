package catalog

import (
	"regexp"

	"github.com/wherewall/wherewall/catalog/document"
)

// tablePattern is SCHEMA.TABLE with * for any letters.
var tablePattern = regexp.MustCompile(`^[^.\s"]+\.[^.\s"]+$`)

// defaults reads what holds for tables that no entity names.
func (r *policyReader) defaults(n *document.Node) {
	r.fields(n, "defaults", map[string]func(*document.Node){
		"unmapped": func(n *document.Node) {
			if n.Kind != document.Scalar || n.Text != "deny" {
				r.add(n.Place, CodeWrongShape, "", "unmapped can only be deny")
			}
		},
		"match": r.patterns,
	})
}

func (r *policyReader) patterns(n *document.Node) {
	if !r.is(n, document.List, "defaults: match") {
		return
	}
	for _, item := range n.Items {
		p := &patternDecl{as: &entityDecl{}}
		const what = "an item of match"
		r.fields(item, what, map[string]func(*document.Node){
			"tables":     func(n *document.Node) { p.tables = r.word(n, what+": tables") },
			"has_column": func(n *document.Node) { p.hasColumn = r.word(n, what+": has_column") },
			"as":         func(n *document.Node) { r.fields(n, what+": as", r.entityKeys(p.as, what+": as")) },
		})
		if item.Kind != document.Map {
			continue
		}
		switch {
		case item.Get("tables") == nil:
			r.add(item.Place, CodeUnknownTable, "add `tables: \"SCHEMA.*\"`", "%s has no tables", what)
		case p.tables != nil && !tablePattern.MatchString(p.tables.Text):
			r.add(p.tables.Place, CodeUnknownTable, "write SCHEMA.TABLE, with * for any letters", "%q is not a pattern of tables", p.tables.Text)
		case item.Get("as").Get("tenant") == nil:
			r.add(item.Place, CodeTenantMissing, "add `as: {tenant: COLUMN}`, or `tenant: global` for rows that belong to everybody",
				"%s does not say which tenant the rows belong to", what)
		case p.tables != nil:
			r.policy.patterns = append(r.policy.patterns, p)
		}
	}
}

// star says what SELECT * does with closed columns.
func (r *policyReader) star(n *document.Node) {
	w := r.word(n, "star")
	if w == nil || !r.first(w, "star", r.policy.star) {
		return
	}
	if w.Text != "omit" && w.Text != "error" {
		r.add(w.Place, CodeWrongShape, didYouMean(w.Text, []string{"omit", "error"}), "star must be omit or error")
	}
	r.policy.star = w
}

func (r *policyReader) audit(n *document.Node) {
	r.notEnforced(n, true, "nothing is recorded")
	r.fields(n, "audit", map[string]func(*document.Node){
		"entities": func(n *document.Node) { r.policy.audited = append(r.policy.audited, r.words(n, "audit: entities")...) },
		"rows": func(n *document.Node) {
			if n.Kind != document.Scalar || n.Text != "keys" {
				r.add(n.Place, CodeWrongShape, "", "rows can only be keys")
			}
		},
	})
}

func (r *policyReader) function(name, value *document.Node) {
	d := &functionDecl{name: name}
	what := "function " + name.Text
	r.fields(value, what, map[string]func(*document.Node){
		"reads": func(n *document.Node) { d.reads = r.words(n, what+": reads") },
	})
	var before *document.Node
	if f := r.policy.functions[name.Text]; f != nil {
		before = f.name
	}
	if r.first(name, "function", before) {
		r.policy.functions[name.Text] = d
	}
}
