package rewrite

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// What a client asks for in words of its own is sent in ours where the server would take the words for something else: temporary tables come
// last in the search path, UTF8 has one name, and no limit of the client's own means the operator's.

// sends returns what is sent for values that judge has let pass.
func (s settings) sends(name string, values []string) []string {
	name = strings.ToLower(name)
	switch {
	case name == "search_path" && nowhere(values):
		return []string{temporarySchema}
	case name == "search_path":
		return s.pinnedPath()
	case name == "client_encoding":
		return []string{"UTF8"}
	case s.limits.Timeouts[name] > 0 && len(values) == 1:
		if asked, err := asMilliseconds(values[0]); err == nil && asked == 0 {
			return []string{strconv.FormatInt(s.limits.Timeouts[name], 10)}
		}
	}
	return values
}

// shownPath is a search path as the client knows it: without the schema of temporary tables at its end.
func shownPath(path *pg.Node) *pg.Node {
	return call("regexp_replace", path, cast(literal("(, )?"+temporarySchema+"$"), builtinType("text")), cast(literal(""), builtinType("text")))
}

// needsPath says whether a plan's statements find something by the search path. Operators that the policy lists stand under their bare names, and would
// mean PostgreSQL's own if there were no path. Triggers and functions name tables so, and would mean the temporary ones of whoever may make them.
func (g *Rewriter) needsPath(p *plan.Plan) bool {
	if mayMakeTemporary(p) {
		return true
	}
	for _, all := range g.shadows.operators {
		if slices.ContainsFunc(all, func(o catalog.Operator) bool { return g.mayOperate(o, p) }) {
			return true
		}
	}
	return false
}

// pathNeeded refuses to empty the search path, and says who may.
func (g *Rewriter) pathNeeded(name string, p *plan.Plan) *Refusal {
	r := g.settings.denied(name)
	r.Hint = "Operators that the policy lists are found by it."
	if mayMakeTemporary(p) {
		r.Hint = "Triggers and functions would find temporary tables in the place of their own. Run what empties it, such as pg_dump, as a user without `allow: [temp_tables]`."
	}
	return r
}

// provable tells, for settings that set_config() sets to a parameter, what the proxy would check of a constant: a condition on the value
// as a text, and the one value that is sent where it holds; nil for the value itself. ok is false for settings that take constants only.
type provable struct {
	condition func(value *pg.Node) *pg.Node // nil where the server's own check is enough
	sent      *string
}

// unknowable returns what can be checked when the value is known to the server alone.
func (s settings) unknowable(name string) (provable, bool) {
	name = strings.ToLower(name)
	on, utf8 := "on", "UTF8"
	rule, ok := s.rule(name)
	limit, isTimeout := s.limits.Timeouts[name]
	switch {
	case !ok || !rule.settable || name == "search_path" || isTimeout && limit > 0:
		return provable{}, false
	case rule.pin != nil:
		return provable{condition: wordIn(spellings(*rule.pin)...), sent: rule.pin}, true
	case name == "standard_conforming_strings", s.limits.ReadOnly && strings.HasSuffix(name, "_read_only"):
		return provable{condition: wordIn(spellings(on)...), sent: &on}, true
	case name == "client_encoding":
		return provable{condition: wordIn("utf8", "utf-8", "utf_8", "unicode", "'utf-8'"), sent: &utf8}, true
	case name == "client_min_messages":
		return provable{condition: wordIn("notice", "warning", "error")}, true
	case name == "timezone":
		return provable{condition: zoneName}, true
	default:
		return provable{}, true // every value that the server takes is harmless
	}
}

// spellings are the words for a value of a setting.
func spellings(value string) []string {
	switch value {
	case "on":
		return []string{"on", "true", "yes", "1", "t"}
	case "off":
		return []string{"off", "false", "no", "0", "f"}
	default:
		return []string{strings.ToLower(value)}
	}
}

// wordIn is the condition that a value is a word of a list, in any case.
func wordIn(words ...string) func(*pg.Node) *pg.Node {
	return func(value *pg.Node) *pg.Node {
		folded := call("lower", value)
		terms := make([]*pg.Node, len(words))
		for i, word := range words {
			terms[i] = expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, "="), copyOf(folded), cast(literal(word), builtinType("text")))
		}
		return or(terms...)
	}
}

// zoneName is the condition that timeZone checks of a constant.
func zoneName(value *pg.Node) *pg.Node {
	matches := func(operator, pattern string) *pg.Node {
		return expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, operator), copyOf(value), cast(literal(pattern), builtinType("text")))
	}
	return and(matches("~", `^[ -.0-[\]-~][ -[\]-~]{0,99}$`), matches("!~", `\.\.`))
}
