package casebook

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/document"
)

func (r *reader) cases(n *document.Node) []*Case {
	if !r.is(n, document.Map, "cases") {
		return nil
	}
	var cases []*Case
	for _, e := range n.Entries {
		if c := r.testCase(e.Key, e.Value); c != nil {
			cases = append(cases, c)
		}
	}
	return cases
}

// draft is a case as its keys are read, before it is known what it claims.
type draft struct {
	session    *SessionClaim
	rows       RowsClaim
	row        *RowClaim
	statement  *StatementClaim
	permission *PermissionClaim
	entity     *document.Node
	expect     *document.Node
	about      []string // the keys that say what is claimed, in the file's order
}

func (r *reader) testCase(name, value *document.Node) *Case {
	c := &Case{Name: name.Text, Place: name.Place}
	d := &draft{rows: RowsClaim{Action: string(catalog.Read)}}
	known := map[string]func(*document.Node){
		"user":   func(n *document.Node) { c.User = r.word(n, "user") },
		"tenant": func(n *document.Node) { c.Tenant = r.word(n, "tenant") },
		"day":    func(n *document.Node) { c.Day = r.day(n) },
		"given":  func(n *document.Node) { c.Given = r.given(n) },
		"expect": func(n *document.Node) { d.expect = n },
	}
	r.claimKeys(d, known)
	before := len(r.problems)
	r.fields(value, "a case", known)
	if value.Kind != document.Map || len(r.problems) > before {
		return nil
	}
	if c.User == "" {
		r.add(name.Place, catalog.CodeWrongShape, "the case names no user")
	}
	c.Claim = r.claim(name, d)
	if c.Claim == nil || len(r.problems) > before {
		return nil
	}
	return c
}

// claimKeys are the keys that say what a case claims.
func (r *reader) claimKeys(d *draft, known map[string]func(*document.Node)) {
	put := func(key string, read func(*document.Node)) {
		known[key] = func(n *document.Node) {
			d.about = append(d.about, key)
			read(n)
		}
	}
	put("session", func(n *document.Node) { d.session = &SessionClaim{r.word(n, "session")} })
	put("permission", func(n *document.Node) { d.permission = &PermissionClaim{Permission: r.word(n, "permission")} })
	put("entity", func(n *document.Node) { d.entity, d.rows.Entity = n, r.word(n, "entity") })
	put("action", func(n *document.Node) { d.rows.Action = r.word(n, "action") })
	put("where", func(n *document.Node) { d.rows.Where = r.word(n, "where") })
	put("visible", func(n *document.Node) { keys := r.keys(n, "visible"); d.rows.Visible = &keys })
	put("hidden", func(n *document.Node) { d.rows.Hidden = r.keys(n, "hidden") })
	put("columns", func(n *document.Node) { d.rows.Columns = r.words(n, "columns") })
	put("count", func(n *document.Node) { d.rows.Count = r.count(n) })
	put("row", func(n *document.Node) { d.rowClaim().Row = r.key(n, "row") })
	put("cells", func(n *document.Node) { d.rowClaim().Cells = r.cells(n) })
	put("code", func(n *document.Node) { d.statementClaim().Code = r.word(n, "code") })
	put("rows", func(n *document.Node) { rows := r.table(n); d.statementClaim().Rows = &rows })
	for _, verb := range verbs() {
		put(verb, func(n *document.Node) {
			s := d.statementClaim()
			s.Verb, s.SQL, s.Place = verb, r.word(n, verb), n.Place
		})
	}
}

func verbs() []string { return []string{"select", "insert", "update", "delete", "merge"} }

func (d *draft) rowClaim() *RowClaim {
	if d.row == nil {
		d.row = &RowClaim{}
	}
	return d.row
}

func (d *draft) statementClaim() *StatementClaim {
	if d.statement == nil {
		d.statement = &StatementClaim{}
	}
	return d.statement
}

// claim makes one claim of what was read. Keys of two kinds of claim do not go together.
func (r *reader) claim(name *document.Node, d *draft) Claim {
	kinds := map[string][]string{
		"session":    {"session"},
		"permission": {"permission"},
		"row":        {"entity", "row", "cells"},
		"rows":       {"entity", "action", "where", "visible", "hidden", "columns", "count"},
		"statement":  append(verbs(), "code", "rows", "count"),
	}
	kind := ""
	for _, choice := range []string{"session", "permission", "row", "rows", "statement"} {
		if len(d.about) > 0 && !slices.ContainsFunc(d.about, func(key string) bool { return !slices.Contains(kinds[choice], key) }) {
			kind = choice
			break
		}
	}
	switch kind {
	case "session":
		return *d.session
	case "permission":
		d.permission.Expect = r.expected(d.expect, Allowed, Denied)
		return *d.permission
	case "row":
		return r.rowClaim(name, d)
	case "rows":
		return r.rowsClaim(name, d)
	case "statement":
		return r.statementClaim(name, d)
	}
	if len(d.about) == 0 {
		r.add(name.Place, codeNoClaim, "the case claims nothing: give it session, permission, entity with visible, hidden, count, columns or row, or a statement")
	} else {
		r.add(name.Place, codeSecondClaim, "%s do not go together in one case", strings.Join(d.about, ", "))
	}
	return nil
}

func (r *reader) rowClaim(name *document.Node, d *draft) Claim {
	if d.row == nil {
		return r.rowsClaim(name, d)
	}
	if d.entity == nil || d.row.Row == nil || len(d.row.Cells) == 0 {
		r.add(name.Place, codeNoClaim, "a case about a row needs entity, row and cells")
		return nil
	}
	r.noExpect(d)
	d.row.Entity = d.rows.Entity
	return *d.row
}

func (r *reader) rowsClaim(name *document.Node, d *draft) Claim {
	c := d.rows
	switch {
	case d.entity == nil:
		r.add(name.Place, codeNoClaim, "the case names no entity")
	case c.Visible == nil && c.Hidden == nil && c.Count == nil && c.Columns == nil:
		r.add(name.Place, codeNoClaim, "the case claims nothing of the entity: give it visible, hidden, count, columns, or row with cells")
	case c.Action == string(catalog.Create):
		r.add(name.Place, codeNoClaim, "create is about rows that are not there yet: test it with an insert")
	case c.Columns != nil && (c.Action != string(catalog.Read) || c.Where != ""):
		r.add(name.Place, codeSecondClaim, "columns are those of SELECT *: they go with no action and no where")
	case c.Where != "" && c.Action != string(catalog.Read):
		r.add(name.Place, codeSecondClaim, "where is the user's own, in a SELECT: it goes with no action")
	}
	r.noExpect(d)
	return c
}

func (r *reader) noExpect(d *draft) {
	if d.expect != nil {
		r.add(d.expect.Place, codeSecondClaim, "expect is for statements and permissions")
	}
}

func (r *reader) statementClaim(name *document.Node, d *draft) Claim {
	s := d.statement
	if s == nil || s.Verb == "" {
		r.add(name.Place, codeNoClaim, "the case has no statement")
		return nil
	}
	given := slices.DeleteFunc(slices.Clone(d.about), func(key string) bool { return !slices.Contains(verbs(), key) })
	if len(given) > 1 {
		r.add(name.Place, codeSecondClaim, "%s do not go together in one case", strings.Join(given, ", "))
		return nil
	}
	s.Count = d.rows.Count
	if d.expect != nil {
		s.Expect = r.expected(d.expect, Allowed, ZeroRows, Denied, Failed)
	} else {
		s.Expect = s.implied()
	}
	happens := s.Expect == Allowed || s.Expect == ZeroRows
	switch {
	case happens && s.Code != "":
		r.add(name.Place, codeSecondClaim, "code goes with `expect: denied` and `expect: error`")
	case !happens && (s.Count != nil || s.Rows != nil):
		r.add(name.Place, codeSecondClaim, "a statement that is not executed has no rows")
	case s.Expect != s.implied() && (s.Count != nil || s.Rows != nil):
		r.add(name.Place, codeSecondClaim, "count or rows contradict `expect: %s`", s.Expect)
	}
	return *s
}

// implied is what a statement without `expect` is meant to come to.
func (s *StatementClaim) implied() Outcome {
	switch {
	case s.Code != "":
		return Denied
	case s.Count != nil && *s.Count == 0, s.Rows != nil && len(*s.Rows) == 0:
		return ZeroRows
	default:
		return Allowed
	}
}

func (r *reader) expected(n *document.Node, among ...Outcome) Outcome {
	if n == nil {
		return among[0]
	}
	word := Outcome(r.word(n, "expect"))
	if !slices.Contains(among, word) {
		words := make([]string, len(among))
		for i := range among {
			words[i] = string(among[i])
		}
		r.add(n.Place, catalog.CodeWrongShape, "expect is one of %s", strings.Join(words, ", "))
	}
	return word
}
