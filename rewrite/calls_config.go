package rewrite

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// set_config() is how drivers and frameworks say SET where they have an expression or a parameter: Django sets TimeZone so, asyncpg jit, pg_dump
// search_path. The setting is a constant. A constant value is judged as that of SET is; one that only the server knows is judged there, by an
// expression in its place that fails where SET would have been refused.

// isSetConfig tells a call of set_config in its plain form.
func isSetConfig(n *pg.FuncCall) bool {
	parts := strs(n.GetFuncname())
	return n != nil && plainCall(n) && len(n.Args) == 3 && parts[len(parts)-1] == "set_config" && (len(parts) == 1 || len(parts) == 2 && parts[0] == pgCatalog)
}

// setConfig judges the arguments of set_config and writes what is sent in their place. It returns false for a form that is not known.
func (w *walker) setConfig(n *pg.FuncCall) (bool, error) {
	name := constantText(n.Args[0])
	if name == nil || !localOrNot(n.Args[2]) {
		return false, nil
	}
	if ourSetting(*name) {
		w.secret = true
		return false, w.deny(SettingDenied, stateFeatureNotSupported, "%s must be set by a statement of its own", strings.ToLower(*name)).
			hint("Say SELECT set_config('wherewall.token', ..., true) and nothing else, or SET LOCAL wherewall.token.")
	}
	if given := constantText(n.Args[1]); given != nil {
		value, refusal := w.configured(*name, *given)
		if refusal != nil {
			return false, &denial{Refusal: *refusal, location: w.location}
		}
		n.Args[1] = literal(value)
	} else {
		value, isParameter := textParameter(n.Args[1])
		check, ok := w.rewriter.settings.unknowable(*name)
		if !isParameter || !ok {
			return false, nil
		}
		n.Args[1] = w.checkedValue(*name, check, value)
	}
	n.Args[0] = literal(strings.ToLower(*name))
	n.Funcname = names(pgCatalog, "set_config")
	if strings.EqualFold(*name, "search_path") {
		shown := shownPath(call("set_config", n.Args...)).GetFuncCall()
		n.Funcname, n.Args = shown.Funcname, shown.Args
	}
	return true, nil
}

// configured returns what is sent for a constant value, or why SET would be refused.
func (w *walker) configured(name, value string) (string, *Refusal) {
	g := w.rewriter
	values := []string{value}
	if isPath := strings.EqualFold(name, "search_path"); isPath {
		schemas, err := splitPath(value)
		if err != nil {
			return "", g.settings.denied(name)
		}
		if nowhere(schemas) && g.needsPath(w.plan) {
			return "", g.pathNeeded(name, w.plan)
		}
		values = schemas
	}
	if refusal := g.settings.judge(name, values); refusal != nil {
		return "", refusal
	}
	if strings.HasPrefix(value, slotPrefix) {
		return "", g.settings.denied(name)
	}
	return g.settings.configValue(name, values), nil
}

// configValue is the value of set_config for what judge has let pass.
func (s settings) configValue(name string, values []string) string {
	rule, _ := s.rule(name)
	sent := s.sends(name, values)
	switch {
	case strings.EqualFold(name, "search_path"):
		return joinPath(sent)
	case rule.pin != nil:
		return *rule.pin
	default:
		return strings.Join(sent, ", ")
	}
}

// checkedValue is a value that fails where it is not one that SET would let pass.
func (w *walker) checkedValue(name string, check provable, value *pg.Node) *pg.Node {
	if check.condition == nil {
		return value
	}
	refusal := w.rewriter.settings.denied(name)
	if rule, _ := w.rewriter.settings.rule(name); rule.pin == nil {
		refusal = &Refusal{Code: SettingDenied, SQLState: stateInvalidValue, Message: "invalid value for parameter \"" + name + "\""}
	}
	number := w.first + len(w.refusals)
	w.refusals = append(w.refusals, refusal)
	return guardedValue(check, value, number)
}

// guardedValue is CASE WHEN the condition holds THEN the value, or what is sent for it, and an error otherwise.
func guardedValue(check provable, value *pg.Node, refusal int) *pg.Node {
	sent := copyOf(value)
	if check.sent != nil {
		sent = cast(literal(*check.sent), builtinType("text"))
	}
	return caseWhen(check.condition(value), sent, cast(raise(refusal), builtinType("text")))
}

// textParameter reads $1 or $1::text and returns it as a text.
func textParameter(n *pg.Node) (*pg.Node, bool) {
	if c := n.GetTypeCast(); c != nil && isText(c.TypeName) {
		n = c.Arg
	}
	p := n.GetParamRef()
	if p == nil || p.Number < 1 {
		return nil, false
	}
	return cast(n, builtinType("text")), true
}

// constantText reads a constant text, with or without a cast to text; nil for anything else.
func constantText(n *pg.Node) *string {
	if c := n.GetTypeCast(); c != nil && isText(c.TypeName) {
		n = c.Arg
	}
	if s := n.GetAConst().GetSval(); s != nil {
		return &s.Sval
	}
	return nil
}

func isText(t *pg.TypeName) bool {
	if len(t.GetArrayBounds()) > 0 || len(t.GetTypmods()) > 0 || t.GetSetof() || t.GetPctType() {
		return false
	}
	switch strings.Join(strs(t.GetNames()), ".") {
	case "text", "varchar", "pg_catalog.text", "pg_catalog.varchar":
		return true
	}
	return false
}

// localOrNot says whether a node is a boolean constant or a parameter.
func localOrNot(n *pg.Node) bool {
	if c := n.GetTypeCast(); c != nil && strings.TrimPrefix(strings.Join(strs(c.TypeName.GetNames()), "."), pgCatalog+".") == "bool" {
		n = c.Arg
	}
	p := n.GetParamRef()
	return isBoolean(n) || p != nil && p.Number > 0
}

// setsConfig proves a call of set_config: its value is one that SET would let pass, or fails where it is not.
func (v *prover) setsConfig(n *pg.FuncCall) bool {
	if setsSubject(n) {
		return true
	}
	if !isSetConfig(n) || !localOrNot(n.Args[2]) || n.Args[0].GetAConst().GetSval() == nil {
		return false
	}
	name, s := n.Args[0].GetAConst().GetSval().Sval, v.rewriter.settings
	if value := n.Args[1].GetAConst().GetSval(); value != nil {
		return v.mayHold(name, value.Sval)
	}
	check, ok := s.unknowable(name)
	if !ok {
		return false
	}
	if check.condition == nil {
		_, ok := textParameter(n.Args[1])
		return ok
	}
	c := n.Args[1].GetCaseExpr()
	refusal, marked := raisedBy(c.GetDefresult().GetTypeCast().GetArg())
	value := parameterIn(n.Args[1])
	return marked && value != nil && sqltree.Equal(guardedValue(check, value, refusal), n.Args[1])
}

// raisedBy is the number of the refusal that an expression made by raise stands for.
func raisedBy(n *pg.Node) (int, bool) {
	mark, _ := slotOf(n.GetTypeCast().GetArg().GetAExpr().GetLexpr().GetTypeCast().GetArg().GetAConst())
	number, marked := strings.CutPrefix(mark, markSlot)
	refusal, err := strconv.Atoi(number)
	return refusal, marked && err == nil
}

// mayHold says whether a setting may be given a value as a text, which of pinned ones is the pin.
func (v *prover) mayHold(name, value string) bool {
	s := v.rewriter.settings
	rule, ok := s.rule(name)
	switch {
	case !ok || !rule.settable:
		return false
	case strings.EqualFold(name, "search_path"):
		return value == joinPath(s.pinnedPath()) || value == temporarySchema && !v.rewriter.needsPath(v.plan)
	case rule.pin != nil:
		return value == *rule.pin
	default:
		return rule.accepts([]string{value}) == nil && !strings.HasPrefix(value, slotPrefix)
	}
}

// parameterIn finds the parameter that a checked value is about, as a text; nil for none.
func parameterIn(n *pg.Node) *pg.Node {
	var found *pg.Node
	var look func(proto.Message) error
	look = func(m proto.Message) error {
		if p, ok := m.(*pg.ParamRef); ok {
			found = cast(&pg.Node{Node: &pg.Node_ParamRef{ParamRef: p}}, builtinType("text"))
		}
		return sqltree.Children(m, func(_ protoreflect.Name, child proto.Message) error { return look(child) })
	}
	if err := look(n); err != nil {
		return nil
	}
	return found
}

// nameSetting writes the name for the column in set_config(name, ...) FROM pg_settings WHERE name = '...', which is how pg_dump sets what only some
// servers have.
func nameSetting(stmt *pg.Node) {
	s := stmt.GetSelectStmt()
	where := s.GetWhereClause().GetAExpr()
	name := where.GetRexpr().GetAConst().GetSval()
	isName := func(n *pg.Node) bool {
		fields := n.GetColumnRef().GetFields()
		return len(fields) == 1 && fields[0].GetString_().GetSval() == "name"
	}
	if len(s.GetFromClause()) != 1 || s.FromClause[0].GetRangeVar().GetRelname() != "pg_settings" || name == nil || !isName(where.GetLexpr()) ||
		where.Kind != pg.A_Expr_Kind_AEXPR_OP || strings.Join(strs(where.Name), ".") != "=" {
		return
	}
	for _, t := range s.TargetList {
		if call := t.GetResTarget().GetVal().GetFuncCall(); isSetConfig(call) && isName(call.Args[0]) {
			call.Args[0] = literal(name.Sval)
		}
	}
}
