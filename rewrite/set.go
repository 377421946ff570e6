package rewrite

import (
	"errors"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
)

const (
	stateInvalidValue     = "22023"
	stateUnknownParameter = "42704"
	stateCannotChange     = "55P02"
)

// set lets harmless settings be changed.
func (w *walker) set(s *pg.VariableSetStmt) error {
	switch s.Kind {
	case pg.VariableSetKind_VAR_SET_MULTI:
		if s.Name != "TRANSACTION" && s.Name != "SESSION CHARACTERISTICS" {
			return w.settingDenied(s.Name)
		}
		return w.transactionModes(s.Args)
	case pg.VariableSetKind_VAR_RESET_ALL:
		return nil // goes back to the startup packet's values, which are ours
	case pg.VariableSetKind_VAR_RESET, pg.VariableSetKind_VAR_SET_DEFAULT:
		if rule, ok := w.rewriter.settings.rule(s.Name); !ok || !rule.reset {
			return w.settingDenied(s.Name)
		}
		return nil
	case pg.VariableSetKind_VAR_SET_VALUE:
		values, err := w.settingValues(s)
		if err != nil {
			return err
		}
		if r := w.rewriter.settings.judge(s.Name, values); r != nil {
			return &denial{Refusal: *r, location: w.location}
		}
		return w.sendValues(s, values)
	default:
		return w.settingDenied(s.Name)
	}
}

// judge returns the refusal of setting a setting to values, or nil.
func (s settings) judge(name string, values []string) *Refusal {
	rule, ok := s.rule(name)
	if !ok || !rule.settable {
		return s.denied(name)
	}
	err := rule.accepts(values)
	switch {
	case err == nil:
		return nil
	case rule.pin != nil:
		return s.denied(name)
	case errors.Is(err, errForbidden):
		r := s.denied(name)
		r.Hint = capital(err.Error()) + "."
		return r
	default:
		return &Refusal{
			Code: SettingDenied, SQLState: stateInvalidValue,
			Message: "invalid value for parameter \"" + name + "\": \"" + strings.Join(values, ", ") + "\"", Hint: capital(err.Error()) + ".",
		}
	}
}

// denied refuses to set a setting and tells what may be set instead.
func (s settings) denied(name string) *Refusal {
	r := &Refusal{Code: SettingDenied, SQLState: stateInsufficientPrivilege, Message: "permission denied to set parameter \"" + name + "\""}
	rule, known := s.rule(name)
	near := catalog.Nearest(strings.ToLower(name), s.settableNames())
	switch {
	case strings.EqualFold(name, "row_security"):
		r.Hint = "Rows are always filtered here, and off asks for an error instead; pg_dump asks for on with --enable-row-security."
	case rule.pin != nil:
		r.Hint = "The proxy holds it to \"" + *rule.pin + "\"."
	case known:
		r.Hint = "It can be shown and not changed."
	case near != "":
		r.Hint = "It is not among the settings that may be changed here; " + near
	default:
		r.Hint = "It is not among the settings that may be changed here: " + strings.Join(s.settableNames(), ", ") + "."
	}
	return r
}

func (w *walker) settingDenied(name string) error {
	return &denial{Refusal: *w.rewriter.settings.denied(name), location: w.location}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// settingValues reads the values of a SET as texts. SET TIME ZONE INTERVAL '...' is the one form whose value is a cast.
func (w *walker) settingValues(s *pg.VariableSetStmt) ([]string, error) {
	values := make([]string, len(s.Args))
	for i, n := range s.Args {
		c := n.GetAConst()
		if t := n.GetTypeCast(); t != nil && strings.EqualFold(s.Name, "timezone") && isNames(t.TypeName.GetNames(), "pg_catalog") &&
			t.TypeName.Names[1].GetString_().GetSval() == "interval" {
			c = t.Arg.GetAConst()
		}
		if c.GetSval() == nil && c.GetIval() == nil && c.GetFval() == nil {
			return nil, w.refuseNode(n)
		}
		values[i] = constantValue(c)
		if strings.HasPrefix(values[i], slotPrefix) {
			return nil, w.settingDenied(s.Name)
		}
	}
	return values, nil
}

// constantValue is a constant of SET as a text.
func constantValue(c *pg.A_Const) string {
	switch v := c.GetVal().(type) {
	case *pg.A_Const_Sval:
		return v.Sval.Sval
	case *pg.A_Const_Ival:
		return itoa(v.Ival.Ival)
	case *pg.A_Const_Fval:
		return v.Fval.Fval
	default:
		return ""
	}
}

// sendValues writes what is sent where that is not what the client wrote.
func (w *walker) sendValues(s *pg.VariableSetStmt, values []string) error {
	if strings.EqualFold(s.Name, "search_path") && nowhere(values) && w.rewriter.needsPath(w.plan) {
		return &denial{Refusal: *w.rewriter.pathNeeded(s.Name, w.plan), location: w.location}
	}
	sent := w.rewriter.settings.sends(s.Name, values)
	if slices.Equal(sent, values) {
		return nil
	}
	s.Args = nil
	for _, value := range sent {
		s.Args = append(s.Args, literal(value))
	}
	return nil
}

// show lets the settings be shown that may be set or that tell no more than which PostgreSQL it is.
func (w *walker) show(n *pg.Node, s *pg.VariableShowStmt) error {
	if strings.EqualFold(s.Name, sessionAuthorization) {
		// The server would name the service login.
		n.Node = selectNode(selectFrom([]*pg.Node{target(cast(slot(userSlot), builtinType("text")), sessionAuthorization)}, nil, nil)).Node
		w.said.Tag = "SHOW"
		return nil
	}
	if shown, ok := shownSubject(s.Name); ok {
		n.Node = selectNode(selectFrom([]*pg.Node{target(shown, strings.ToLower(s.Name))}, nil, nil)).Node
		w.said.Tag = "SHOW"
		return nil
	}
	if strings.EqualFold(s.Name, tokenSetting) {
		return w.deny(SettingDenied, stateInsufficientPrivilege, "permission denied to examine %q", tokenSetting).
			hint("Tokens are not shown; SHOW wherewall.user and SHOW wherewall.tenant tell for whom the session asks.")
	}
	if strings.EqualFold(s.Name, "search_path") {
		n.Node = selectNode(selectFrom([]*pg.Node{target(shownPath(call("current_setting", literal("search_path"))), "search_path")}, nil, nil)).Node
		w.said.Tag = "SHOW"
		return nil
	}
	if rule, ok := w.rewriter.settings.rule(s.Name); ok && rule.showable {
		return nil
	}
	if strings.EqualFold(s.Name, "all") {
		return w.deny(SettingDenied, stateInsufficientPrivilege, "permission denied to examine all settings").
			hint("Most tell of the server and not of the session; SHOW takes the name of one.")
	}
	names := append(w.rewriter.settings.settableNames(), showableOnly()...)
	for _, p := range pins() {
		names = append(names, p.name)
	}
	d := w.deny(SettingDenied, stateInsufficientPrivilege, "permission denied to examine %q", s.Name)
	if near := catalog.Nearest(strings.ToLower(s.Name), names); near != "" {
		d.Hint = capital(near)
	}
	return d
}
