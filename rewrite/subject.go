package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// Settings of ours name the subject of a session. A statement that sets them says so in Statement.Switches, and whoever runs the session decides about
// it; the server is told of an empty setting in its place, so that it answers SET as it would, where it stands, and learns no token.

// Switch is one change of a session's subject, as a statement asks for it.
type Switch struct {
	By SwitchBy
	// Value is the token, user or tenant; empty where Reset is set, and where Parameter says which parameter of the statement it is.
	Value     string
	Parameter int  // from 1; 0 for none
	Reset     bool // back to what the session began with
	Local     bool // for the transaction at hand
}

// SwitchBy is what a Switch names. The zero value is nothing.
type SwitchBy int

// The settings that name a subject.
const (
	SwitchByNothing SwitchBy = iota
	SwitchByToken
	SwitchByUser
	SwitchByTenant
	SwitchByAll // RESET ALL
)

const (
	settingPrefix = "wherewall."
	tokenSetting  = settingPrefix + "token"
	userSetting   = settingPrefix + "user"
	tenantSetting = settingPrefix + "tenant"
	planSetting   = settingPrefix + "plan"
	// sentSetting is what the server is told of instead: an empty text, whoever the subject is.
	sentSetting = settingPrefix + "subject"
)

// shownDigest is how many digits of a plan's digest are shown.
const shownDigest = 16

// switchBy is what a setting of ours names; SwitchByNothing for any other setting.
func switchBy(name string) SwitchBy {
	switch strings.ToLower(name) {
	case tokenSetting:
		return SwitchByToken
	case userSetting:
		return SwitchByUser
	case tenantSetting:
		return SwitchByTenant
	default:
		return SwitchByNothing
	}
}

// ourSetting says whether a setting has our prefix. What it is set to is never remembered, whether there is such a setting or not.
func ourSetting(name string) bool { return strings.HasPrefix(strings.ToLower(name), settingPrefix) }

// switches turns a whole statement that sets the subject into what is sent for it. It returns false for any other statement.
func (w *walker) switches(n *pg.Node) (bool, error) {
	switch s := n.GetNode().(type) {
	case *pg.Node_VariableSetStmt:
		return w.switchBySet(s.VariableSetStmt)
	case *pg.Node_SelectStmt:
		return w.switchByCall(s.SelectStmt)
	default:
		return false, nil
	}
}

// switchBySet handles SET, SET LOCAL and RESET.
func (w *walker) switchBySet(s *pg.VariableSetStmt) (bool, error) {
	if strings.Contains(s.Name, ".") {
		w.secret = true // Nobody knows what a client puts into a setting whose name it has misspelled.
	}
	if s.Kind == pg.VariableSetKind_VAR_RESET_ALL {
		w.said.Switches = []Switch{{By: SwitchByAll, Reset: true}}
		return false, nil
	}
	if !ourSetting(s.Name) {
		return false, nil
	}
	change := Switch{By: switchBy(s.Name), Local: s.IsLocal}
	switch s.Kind {
	case pg.VariableSetKind_VAR_SET_VALUE:
		values, err := w.settingValues(s)
		if err != nil {
			return true, err
		}
		if len(values) != 1 {
			return true, w.deny(SettingDenied, stateInvalidValue, "SET %s takes only one argument", strings.ToLower(s.Name))
		}
		change.Value = values[0]
	case pg.VariableSetKind_VAR_SET_DEFAULT:
		change.Reset = true
	case pg.VariableSetKind_VAR_RESET:
		change.Reset, w.said.Tag = true, "RESET"
	default:
		return true, w.noSuchSetting(s.Name)
	}
	if change.By == SwitchByNothing {
		return true, w.noSuchSetting(s.Name)
	}
	w.said.Switches = []Switch{change}
	s.Kind, s.Name, s.Args = pg.VariableSetKind_VAR_SET_VALUE, sentSetting, []*pg.Node{literal("")}
	return true, nil
}

// noSuchSetting refuses to set what is no setting of the subject.
func (w *walker) noSuchSetting(name string) error {
	name = strings.ToLower(name)
	if name == planSetting {
		return w.deny(SettingDenied, stateCannotChange, "parameter %q cannot be changed", name)
	}
	d := w.deny(SettingDenied, stateUnknownParameter, "unrecognized configuration parameter %q", name)
	if near := catalog.Nearest(name, []string{tokenSetting, userSetting, tenantSetting}); near != "" {
		d.Hint = capital(near)
	}
	return d
}

// switchByCall handles SELECT set_config('wherewall.token', ..., ...), for drivers that have no parameters in SET. The call, or several of them, is the
// whole statement.
func (w *walker) switchByCall(s *pg.SelectStmt) (bool, error) {
	calls := w.configCalls(s)
	if len(calls) == 0 {
		return false, nil
	}
	w.secret = true
	bare := &pg.SelectStmt{TargetList: s.TargetList, LimitOption: s.LimitOption, Op: s.Op}
	if len(calls) != len(s.TargetList) || !isBare(s, bare) {
		return true, w.deny(SettingDenied, stateFeatureNotSupported, "%s must be set by a statement of its own", strings.TrimSuffix(settingPrefix, ".")+".*").
			hint("Say SELECT set_config('wherewall.token', ..., true) and nothing else, or SET LOCAL wherewall.token.")
	}
	for i, n := range calls {
		if err := w.switchCall(n); err != nil {
			return true, err
		}
		if name := s.TargetList[i].GetResTarget().Name; name != "" {
			if err := w.ownName(name); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// configCalls are the calls of set_config about settings of ours in a select list.
func (w *walker) configCalls(s *pg.SelectStmt) []*pg.FuncCall {
	var calls []*pg.FuncCall
	for _, t := range s.GetTargetList() {
		n := t.GetResTarget().GetVal().GetFuncCall()
		if n == nil || !isSetConfig(n) || len(n.Funcname) == 1 && w.rewriter.functions.onPath("set_config") {
			continue
		}
		if name := constantText(n.Args[0]); name != nil && ourSetting(*name) {
			calls = append(calls, n)
		}
	}
	return calls
}

// isBare says whether a SELECT has nothing beside its select list.
func isBare(s, bare *pg.SelectStmt) bool {
	return s.Op == pg.SetOperation_SETOP_NONE && sqltree.Equal(s, bare)
}

// switchCall reads one call and writes what is sent for it.
func (w *walker) switchCall(n *pg.FuncCall) error {
	name := strings.ToLower(*constantText(n.Args[0]))
	change := Switch{By: switchBy(name)}
	if change.By == SwitchByNothing {
		return w.noSuchSetting(name)
	}
	local, constant := boolValue(n.Args[2])
	if !constant {
		return w.deny(SettingDenied, stateFeatureNotSupported, "whether %s is set for the transaction must be a constant", name).
			hint("Say set_config('%s', $1, true).", name)
	}
	change.Local = local
	sent := literal("")
	if value := constantText(n.Args[1]); value != nil {
		change.Value = *value
	} else if value, ok := textParameter(n.Args[1]); ok {
		change.Parameter = int(value.GetTypeCast().GetArg().GetParamRef().GetNumber())
		sent = value
	} else {
		return w.deny(SettingDenied, stateFeatureNotSupported, "the value of %s must be a constant or a parameter", name)
	}
	w.said.Switches = append(w.said.Switches, change)
	n.Funcname, n.Args = names(pgCatalog, "set_config"), []*pg.Node{literal(sentSetting), sent, boolean(local)}
	return nil
}

// boolValue reads a constant boolean.
func boolValue(n *pg.Node) (value, constant bool) {
	if b := boolConstant(n); b != nil {
		n = b
	}
	b, ok := n.GetAConst().GetVal().(*pg.A_Const_Boolval)
	return ok && b.Boolval.GetBoolval(), ok
}

// setsSubject proves what is sent in place of a statement about the subject: an empty setting, or a parameter that its sender has emptied.
func setsSubject(n *pg.FuncCall) bool {
	if !isSetConfig(n) || !isBoolean(n.Args[2]) || n.Args[0].GetAConst().GetSval().GetSval() != sentSetting {
		return false
	}
	if c := n.Args[1].GetAConst(); c != nil {
		return c.GetSval() != nil && c.GetSval().Sval == ""
	}
	_, ok := textParameter(n.Args[1])
	return ok
}

// lastToSwitch refuses a text in which something follows that would be judged by another subject than it runs for.
func (b *builder) lastToSwitch(next *Statement, at int32) error {
	if len(b.statements) == 0 || !b.statements[len(b.statements)-1].Kind.switches() || next.Kind.switches() {
		return nil
	}
	return deny(SettingDenied, stateFeatureNotSupported, at, "nothing may follow the statement that sets the subject in the same message").
		hint("Send SET wherewall.token as a message of its own, or as the last statement of one.")
}

func (k Kind) switches() bool { return k == SwitchSubject }

// quoteUserSetting puts quotes around the user of wherewall.user, which is a keyword: PostgreSQL's grammar has it as the name of a setting in quotes only.
// It returns false for a text without it.
func quoteUserSetting(sql string) (string, bool) {
	var quoted strings.Builder
	done, before := 0, ""
	for t := sqltree.NewTokenizer(sql); ; {
		token, err := t.Next()
		if err != nil {
			return "", false
		}
		if token.Kind == sqltree.EndOfText {
			quoted.WriteString(sql[done:])
			return quoted.String(), done > 0
		}
		if token.Kind == sqltree.Comment {
			continue
		}
		text := strings.ToLower(sql[token.Start:token.End])
		if text == "user" && before == settingPrefix {
			quoted.WriteString(sql[done:token.Start] + `"user"`)
			done = token.End
		}
		if text == "." {
			before += text
		} else {
			before = text
		}
	}
}

// mentionsSecret says whether a text that cannot be read may have a token in it.
func mentionsSecret(sql string) bool {
	folded := strings.ToLower(sql)
	return strings.Contains(folded, "wherewall") && (strings.Contains(folded, "token") || slices.ContainsFunc([]string{"u&", "\\"}, func(s string) bool { return strings.Contains(folded, s) }))
}
