package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// A cast to regclass or one of its like looks a name up, and its result prints one: of whatever the database has. So it becomes a look-up in
// what the subject sees of the catalogs. What stands in its place depends on what is around it: beside an untyped constant a value of such a type
// would make a name of the constant, so that only an OID may stand there.

// nameForm is what a look-up gives.
type nameForm int

const (
	nameByKind  nameForm = iota // the OID of what a text names, the text of what an OID names
	nameAsOID                   // an OID
	nameAsText                  // what PostgreSQL prints
	nameAsValue                 // a value of the type itself, where nothing stands beside it
)

func (f nameForm) suffix() string {
	switch f {
	case nameAsOID:
		return ".oid"
	case nameAsText:
		return ".text"
	case nameAsValue:
		return ".value"
	case nameByKind:
		return ""
	default:
		return ""
	}
}

// nameLookup is a cast to regclass or its like, or a call of to_regclass or its like.
type nameLookup struct {
	typ   string // such as regclass
	array bool
	arg   *pg.Node
	cast  bool // What is not there is an error.
}

// lookupOf reads a node as a look-up; nil where it is none.
func (w *walker) lookupOf(n *pg.Node) *nameLookup {
	if c := n.GetTypeCast(); c != nil {
		for _, t := range nameTypes() {
			if isType(c.TypeName, t) {
				return &nameLookup{typ: t, arg: c.Arg, cast: true}
			}
			if isArrayOf(c.TypeName, t) {
				return &nameLookup{typ: t, arg: c.Arg, cast: true, array: true}
			}
		}
		return nil
	}
	f := n.GetFuncCall()
	parts := strs(f.GetFuncname())
	if f == nil || len(f.Args) != 1 || !plainCall(f) || len(parts) > 2 || len(parts) == 2 && parts[0] != pgCatalog {
		return nil
	}
	name, ok := strings.CutPrefix(last(parts), "to_")
	if !ok || !slices.Contains(nameTypes(), name) || len(parts) == 1 && w.rewriter.functions.onPath("to_"+name) {
		return nil
	}
	return &nameLookup{typ: name, arg: f.Args[0]}
}

// nameTypes are the types whose input looks names up.
func nameTypes() []string {
	return []string{
		"regclass", "regtype", "regproc", "regprocedure", "regoper", "regoperator", "regnamespace", "regrole", "regcollation", "regconfig", "regdictionary",
	}
}

// lookUp replaces a look-up; it returns false for any other node.
func (w *walker) lookUp(n *pg.Node) (bool, error) {
	l := w.lookupOf(n)
	if l == nil {
		w.expectNames(n)
		return false, nil
	}
	form := w.nameForms[n.GetNode()]
	if form == nameByKind {
		form = nameAsText
		if isNameText(l.arg) || textual(l.arg) || !l.cast {
			form = nameAsOID
		}
	}
	if done, err := w.ownTableName(n, l, form); done {
		return true, err
	}
	if err := w.levels([]*pg.Node{l.arg}); err != nil {
		return true, err
	}
	missing, err := w.knownName(l)
	if err != nil {
		return true, err
	}
	return true, w.namedAs(n, l, form, missing)
}

// namedAs puts what a look-up gives in a node's place. A name that must be there is found first, and what is printed of it then.
func (w *walker) namedAs(n *pg.Node, l *nameLookup, form nameForm, missing *Refusal) error {
	shown, strong := label(n)
	if !strong {
		shown = ""
	}
	if err := w.node(l.arg); err != nil {
		return err
	}
	key, typ := l.arg, l.typ
	if l.array {
		typ, form = typ+"[]", min(form, nameAsText)
	}
	if missing != nil {
		found := w.helpedBy(typ+nameAsOID.suffix(), "", key)
		if found == nil {
			return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for type %s", l.typ)
		}
		key = w.orMissing(found, missing)
	}
	made := key
	if missing == nil || form != nameAsOID {
		made = w.helpedBy(typ+form.suffix(), shown, key)
	}
	if made == nil {
		return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for type %s", l.typ)
	}
	if l.array && form == nameAsOID {
		made = cast(made, arrayType("oid")) // ANY would take a bare sub-select for its list.
	}
	n.Node = made.Node
	return nil
}

// expectNames notes what the look-ups directly below a node are for.
func (w *walker) expectNames(n *pg.Node) {
	if c := n.GetTypeCast(); c != nil {
		form := nameAsOID
		if isTextType(c.TypeName) {
			form = nameAsText
			c.Arg = w.printedColumn(c.Arg)
		}
		w.expect(c.Arg, form)
	}
	if s := n.GetSubLink(); s != nil {
		w.expect(s.Testexpr, nameAsOID)
	}
	for _, item := range n.GetAArrayExpr().GetElements() {
		w.expect(item, nameAsText)
	}
	e := n.GetAExpr()
	if e == nil || !compares(e) {
		return
	}
	sides := []*pg.Node{e.Lexpr, e.Rexpr}
	if e.Kind == pg.A_Expr_Kind_AEXPR_IN {
		sides = append([]*pg.Node{e.Lexpr}, e.Rexpr.GetList().GetItems()...)
		w.namesListed(e.Lexpr, sides[1:])
	}
	for _, side := range sides {
		w.expect(side, nameAsOID)
		for _, item := range side.GetAArrayExpr().GetElements() {
			w.expect(item, nameAsOID)
		}
	}
}

// namesListed casts the untyped constants of an IN list to the type of the look-up that is sought in it, as the server does where there are several.
func (w *walker) namesListed(sought *pg.Node, items []*pg.Node) {
	l := w.lookupOf(sought)
	if l == nil || l.array || len(items) < 2 {
		return
	}
	for _, item := range items {
		if item.GetAConst().GetSval() != nil {
			item.Node = cast(&pg.Node{Node: item.Node}, builtinType(l.typ)).Node
		}
	}
}

// expect notes what a node is for, should it be a look-up.
func (w *walker) expect(n *pg.Node, form nameForm) {
	if w.lookupOf(n) == nil {
		return
	}
	if w.nameForms == nil {
		w.nameForms = map[any]nameForm{}
	}
	if w.nameForms[n.GetNode()] == nameByKind {
		w.nameForms[n.GetNode()] = form
	}
}

// expectValues notes the look-ups of a statement's own select list: nothing stands beside them.
func (w *walker) expectValues(n *pg.Node) {
	s := bodyOf(n).GetSelectStmt()
	if s == nil || s.Op != pg.SetOperation_SETOP_NONE {
		return
	}
	for _, n := range s.TargetList {
		t := n.GetResTarget()
		if printed := w.printedColumn(t.GetVal()); printed != t.GetVal() {
			if name, _ := label(t.Val); t.Name == "" {
				t.Name = name
			}
			t.Val = printed
		}
		w.expect(t.GetVal(), nameAsValue)
	}
	for _, g := range s.GroupClause {
		w.expect(g, nameAsValue)
	}
	for _, o := range s.SortClause {
		if by := o.GetSortBy(); by != nil && len(by.UseOp) == 0 {
			w.expect(by.Node, nameAsValue)
		}
	}
}

// printedColumn makes a look-up of a catalog's column that has names for values: catalogs show their OIDs.
func (w *walker) printedColumn(n *pg.Node) *pg.Node {
	parts := strs(n.GetColumnRef().GetFields())
	if typ := w.namesIn[last(parts)]; typ != "" {
		return cast(n, builtinType(typ))
	}
	return n
}

// columnsOfNames are the columns of the catalogs among these relations that have names for values, with their types.
func (g *Rewriter) columnsOfNames(relations []*pg.RangeVar) map[string]string {
	var found map[string]string
	for _, rv := range relations {
		if name, open := g.openCatalog(rv); open {
			if found == nil {
				found = map[string]string{}
			}
			g.catalogs[name].namedColumns(found)
		}
	}
	return found
}

func (t *catalogTable) namedColumns(found map[string]string) {
	for _, c := range t.columns {
		if !c.constant && slices.Contains(nameTypes(), c.typ.Name) {
			found[c.name] = c.typ.Name
		}
	}
}

// bodyOf is the query that a statement is about.
func bodyOf(n *pg.Node) *pg.Node {
	switch s := n.GetNode().(type) {
	case *pg.Node_PrepareStmt:
		return s.PrepareStmt.Query
	case *pg.Node_DeclareCursorStmt:
		return s.DeclareCursorStmt.Query
	case *pg.Node_CopyStmt:
		return s.CopyStmt.Query
	case *pg.Node_ExplainStmt:
		return bodyOf(s.ExplainStmt.Query)
	default:
		return n
	}
}

// wantOID notes that an argument of a helper is one, and reads a name where one is wanted.
func (w *walker) wantOID(arg *pg.Node, typ string) {
	switch typ {
	case "oid":
		w.expect(arg, nameAsOID)
	case "text":
		w.expect(arg, nameAsText)
	}
}

// knownName prepares the name in a look-up that the text has: types are found by what the grammar knows of their names. It returns what is
// said where the name is not found.
func (w *walker) knownName(l *nameLookup) (*Refusal, error) {
	c := l.arg.GetAConst().GetSval()
	if c == nil || l.array || isDigits(c.Sval) || c.Sval == "-" {
		return nil, nil
	}
	var missing *Refusal
	if l.cast {
		missing = noSuchName(l.typ, c.Sval)
	}
	if l.typ != "regtype" {
		return missing, nil
	}
	if oid, ok := w.typeNamed(c.Sval); ok {
		l.arg = literal(oid)
		return nil, nil
	}
	return missing, nil
}

// typeNamed finds the type that a text names.
func (w *walker) typeNamed(name string) (string, bool) {
	stmts, err := sqltree.Parse("SELECT NULL::" + name)
	if err != nil || len(stmts) != 1 {
		return "", false
	}
	targets := stmts[0].Stmt.GetSelectStmt().GetTargetList()
	if len(targets) != 1 || len(stmts[0].Stmt.GetSelectStmt().GetFromClause()) > 0 {
		return "", false
	}
	c := targets[0].GetResTarget().GetVal().GetTypeCast()
	if c == nil || !c.Arg.GetAConst().GetIsnull() {
		return "", false
	}
	return w.rewriter.visibleType(c.TypeName, w.plan)
}

// noSuchName is what PostgreSQL says of a name that it does not find.
func noSuchName(typ, name string) *Refusal {
	r := &Refusal{Code: TableDenied, SQLState: stateUndefinedObject}
	switch typ {
	case "regclass":
		r.SQLState, r.Message = stateUndefinedTable, `relation "`+name+`" does not exist`
	case "regtype":
		r.Message = `type "` + name + `" does not exist`
	case "regproc", "regprocedure":
		r.Code, r.SQLState, r.Message = FunctionDenied, stateUndefinedFunction, `function "`+name+`" does not exist`
	case "regoper", "regoperator":
		r.SQLState, r.Message = stateUndefinedFunction, `operator does not exist: `+name
	case "regnamespace":
		r.SQLState, r.Message = stateUndefinedSchema, `schema "`+name+`" does not exist`
	case "regrole":
		r.Message = `role "` + name + `" does not exist`
	default:
		r.Message = `"` + name + `" does not exist`
	}
	return r
}

// orMissing fails where nothing was found, as PostgreSQL does for a name that is not there.
func (w *walker) orMissing(found *pg.Node, missing *Refusal) *pg.Node {
	w.refusals = append(w.refusals, missing)
	return coalesce(found, caseWhen(raise(w.first+len(w.refusals)-1), cast(null(), builtinType("oid")), nil))
}

func isDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// compares says whether an operator compares its sides.
func compares(e *pg.A_Expr) bool {
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_NULLIF:
		return true
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		switch last(strs(e.Name)) {
		case "=", "<>", "<", ">", "<=", ">=":
			return true
		}
	}
	return false
}

// textual says whether an expression is evidently a text, and no OID.
func textual(n *pg.Node) bool {
	switch x := n.GetNode().(type) {
	case *pg.Node_TypeCast:
		return isTextType(x.TypeCast.TypeName)
	case *pg.Node_AExpr:
		return last(strs(x.AExpr.Name)) == "||"
	case *pg.Node_FuncCall:
		switch last(strs(x.FuncCall.Funcname)) {
		case "format", "concat", "concat_ws", "quote_ident", "lower", "replace":
			return true
		}
	}
	return false
}

func isTextType(t *pg.TypeName) bool {
	return slices.ContainsFunc([]string{"text", "varchar", "name", "bpchar"}, func(name string) bool {
		parts := strs(t.GetNames())
		return last(parts) == name && !t.GetSetof() && (len(parts) == 1 || len(parts) == 2 && parts[0] == pgCatalog)
	})
}

// isType says whether a type name means a plain type of pg_catalog.
func isType(t *pg.TypeName, name string) bool {
	parts := strs(t.GetNames())
	return len(t.GetTypmods()) == 0 && len(t.GetArrayBounds()) == 0 && !t.GetSetof() && !t.GetPctType() &&
		(len(parts) == 1 && parts[0] == name || len(parts) == 2 && parts[0] == pgCatalog && parts[1] == name)
}

// isArrayOf says whether a type name means arrays of a plain type of pg_catalog.
func isArrayOf(t *pg.TypeName, name string) bool {
	parts := strs(t.GetNames())
	plain := len(t.GetTypmods()) == 0 && !t.GetSetof() && !t.GetPctType() && (len(parts) == 1 || len(parts) == 2 && parts[0] == pgCatalog)
	return plain && (len(t.GetArrayBounds()) > 0 && last(parts) == name || last(parts) == "_"+name)
}

// isNameText says whether a cast to regclass or its like is of what is read as a name: a string or a parameter.
func isNameText(n *pg.Node) bool {
	return n.GetParamRef() != nil || n.GetAConst().GetSval() != nil
}

// replacedLabel is the name of a column of a select list that is replaced as a whole; empty for any other.
func (w *walker) replacedLabel(n *pg.Node) string {
	name, _ := label(n)
	for inside := n; inside != nil; {
		if _, helped := w.helperName(inside.GetFuncCall()); helped || w.lookupOf(inside) != nil || sequenceCall(inside.GetFuncCall()) == "setval" {
			return name
		}
		switch x := inside.GetNode().(type) {
		case *pg.Node_TypeCast:
			inside = x.TypeCast.Arg
		case *pg.Node_CollateClause:
			inside = x.CollateClause.Arg
		default:
			return ""
		}
	}
	return ""
}
