package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// walker rewrites one statement's tree in place.
//
// It goes over the tree by reflection, so that no field can be forgotten: every message is either on the list of those
// that may pass (allow.go) or handled by a function of its own, or the statement is refused. FROM items and targets are never
// reached by the generic walk: the functions that own a query level take them out and guard them.
type walker struct {
	rewriter *Rewriter
	plan     *plan.Plan
	root     proto.Message // the statement, as the client wrote it until its parts were visited
	foreign  foreign       // nil until somebody asks
	// printed says that the text at hand was printed by PostgreSQL, which qualifies every name that is not of pg_catalog.
	printed bool
	// shownTypes are the calls of pg_typeof of which only the text can be used.
	shownTypes map[*pg.FuncCall]bool
	// nameForms says what look-ups of names are to give, where something around them decides it.
	nameForms map[any]nameForm
	namesIn   map[string]string // the columns of catalogs here that have names for values
	scope     *scope
	location  int32 // of the innermost node that knew one
	// keep says that something in the statement (a system column, a whole row, a schema-qualified column) means a relation
	// itself, which a sub-select in its place would not be.
	keep bool
	// scalars are the names that may mean a scalar.
	scalars    scalars
	relations  int        // that FROM lists named so far
	wrapped    int        // relations replaced so far
	refusals   []*Refusal // what the marks of this statement stand for
	first      int        // the number of the first of them within the template
	hidden     Hidden
	uses       []Use
	said       Statement                  // of a statement about prepared statements or cursors: its names and body
	catalogs   []int32                    // where catalogs of PostgreSQL are named
	mapped     bool                       // a table of the database is named
	summaries  map[*pg.SelectStmt]summary // of the queries that were walked
	parameters parameters                 // of the statement
	returned   summary                    // of the writing WITH query that was walked last
	staged     *staged                    // the statements that take the place of a COPY; nil for none
	keeps      Keeps
	secret     bool // the statement may hold a token
}

// visit checks and rewrites m and everything below it.
func (w *walker) visit(m proto.Message) error {
	if at := sqltree.LocationOf(m); at >= 0 {
		defer w.moveTo(at)()
	}
	switch n := m.(type) {
	case *pg.Node:
		return w.node(n)
	case *pg.SelectStmt:
		return w.query(n, locks{})
	case *pg.ColumnRef:
		return w.columnRef(n)
	case *pg.A_Const:
		return w.constant(n)
	case *pg.FuncCall:
		return w.functionCall(n)
	case *pg.TypeName:
		return w.typeName(n)
	}
	if classify(sqltree.KindOf(m)) != passes {
		return w.refuseNode(m)
	}
	if err := w.names(m); err != nil {
		return err
	}
	if _, ok := m.(*pg.SubLink); ok {
		defer w.renumber()()
	}
	return w.children(m)
}

// renumber counts the relations of a sub-select in an expression from the first on, so that one that stands twice, in a select list and in GROUP BY,
// is written alike in both places: PostgreSQL compares them. The function that it returns goes on with the count before.
func (w *walker) renumber() func() {
	before := w.wrapped
	w.wrapped = 0
	return func() { w.wrapped = before }
}

// names checks the names that a node of the generic walk spells itself, beside those in the nodes below it.
func (w *walker) names(m proto.Message) error {
	switch n := m.(type) {
	case *pg.ResTarget:
		return w.nameShown(n)
	case *pg.A_Expr:
		return w.operatorOf(n)
	case *pg.ParamRef:
		if n.Number < 1 { // which the deparser would print as something else
			return deny(StatementDenied, stateUndefinedParameter, n.Location, "there is no parameter $%d", n.Number)
		}
	case *pg.NullTest:
		n.Arg = bracketed(n.Arg)
	case *pg.BooleanTest:
		n.Arg = bracketed(n.Arg)
	case *pg.SubLink:
		return w.subLinkOperator(n)
	case *pg.SortBy:
		return w.sortOperator(n)
	case *pg.CaseExpr:
		return w.caseOperator(n)
	case *pg.A_Indirection:
		n.Arg = selected(n.Arg)
		return w.indirection(n.Indirection)
	case *pg.Alias:
		return w.ownName(n.Aliasname)
	case *pg.CollateClause:
		if len(n.Collname) != 1 && !isNames(n.Collname, pgCatalog) {
			return w.deny(FunctionDenied, stateInsufficientPrivilege, "collations outside pg_catalog may not be used")
		}
	}
	return nil
}

func (w *walker) children(m proto.Message, except ...protoreflect.Name) error {
	return sqltree.Children(m, func(field protoreflect.Name, child proto.Message) error {
		for _, name := range except {
			if field == name {
				return nil
			}
		}
		return w.visit(child)
	})
}

// visitAll visits a list's nodes.
func (w *walker) visitAll(list []*pg.Node) error {
	for _, n := range list {
		if err := w.node(n); err != nil {
			return err
		}
	}
	return nil
}

// visitNode visits a node that may be absent.
func (w *walker) visitNode(n *pg.Node) error {
	if n == nil {
		return nil
	}
	return w.node(n)
}

// node visits what a node holds; the few kinds of node that are replaced as a whole are replaced here.
func (w *walker) node(n *pg.Node) error {
	if done, err := w.lookUp(n); done {
		return err
	}
	if done, err := w.helperCall(n); done {
		return err
	}
	if done, err := w.setvalCall(n); done {
		return err
	}
	if f := n.GetSqlvalueFunction(); f != nil && namesUser(f.Op) {
		// The server would name the service login.
		n.Node = cast(slot(userSlot), builtinType("name")).Node
		return nil
	}
	if ref := n.GetColumnRef(); ref != nil {
		return w.column(n, ref)
	}
	if tellsUser(n.GetFuncCall()) && !w.rewriter.functions.onPath("current_setting") {
		n.Node = cast(slot(userSlot), builtinType("text")).Node
		return nil
	}
	if shown, ok := tellsSubject(n.GetFuncCall()); ok && !w.rewriter.functions.onPath("current_setting") {
		n.Node = shown.Node
		return nil
	}
	if f := n.GetFuncCall(); tellsPath(f) && !w.rewriter.functions.onPath("current_setting") {
		n.Node = shownPath(call("current_setting", literal("search_path"))).Node
		return nil
	}
	if isBackendPID(n.GetFuncCall()) && !w.rewriter.functions.onPath("pg_backend_pid") {
		n.Node = cast(slot(pidSlot), builtinType("int4")).Node
		return nil
	}
	if asText(n.GetTypeCast()) {
		w.shownTypes[n.GetTypeCast().Arg.GetFuncCall()] = true
	}
	if b := boolConstant(n); b != nil {
		n.Node = b.Node
		return nil
	}
	return w.children(n)
}

// column checks a column reference, and puts what the subject sees in its place where no sub-select does.
func (w *walker) column(n *pg.Node, ref *pg.ColumnRef) error {
	if err := w.columnRef(ref); err != nil {
		return err
	}
	shown, err := w.bareColumn(ref)
	if err == nil && shown != nil {
		n.Node = shown.Node
	}
	return err
}

func (w *walker) moveTo(at int32) func() {
	before := w.location
	w.location = at
	return func() { w.location = before }
}

func (w *walker) deny(code, state, format string, args ...any) *denial {
	return deny(code, state, w.location, format, args...)
}

func (w *walker) refuseNode(m proto.Message) error {
	name := string(sqltree.KindOf(m))
	if name == "CurrentOfExpr" {
		return w.deny(StatementDenied, stateFeatureNotSupported, "WHERE CURRENT OF is not allowed").
			hint("Name the row by its key: nothing can be said beside CURRENT OF that would keep to the rows that are yours.")
	}
	return w.deny(StatementDenied, stateFeatureNotSupported, "%s is not allowed here", name).
		hint("This part of SQL is not on the list of what may be said through the proxy.")
}

// boolConstant reads 't'::boolean as the constant that it is: the deparser prints it as true, which is read back as another tree.
func boolConstant(n *pg.Node) *pg.Node {
	c := n.GetTypeCast()
	t := c.GetTypeName()
	value := c.GetArg().GetAConst().GetSval().GetSval()
	if value != "t" && value != "f" || len(t.GetArrayBounds()) > 0 {
		return nil
	}
	switch strings.Join(strs(t.GetNames()), ".") {
	case "bool", "pg_catalog.bool":
		return boolean(value == "t")
	default:
		return nil
	}
}

// bracketed keeps NOT x together below IS: the deparser drops its brackets there, but not those in a cast, which changes nothing else.
func bracketed(n *pg.Node) *pg.Node {
	if b := n.GetBoolExpr(); b != nil && b.Boolop == pg.BoolExprType_NOT_EXPR {
		return cast(n, builtinType("bool"))
	}
	return n
}

// selected keeps the brackets around ARRAY(SELECT ...) before a subscript, which the deparser drops, by making a scalar sub-select of it.
func selected(n *pg.Node) *pg.Node {
	if n.GetSubLink().GetSubLinkType() != pg.SubLinkType_ARRAY_SUBLINK {
		return n
	}
	return subLink(pg.SubLinkType_EXPR_SUBLINK, selectFrom([]*pg.Node{target(n, "")}, nil, nil))
}

// constant refuses a client's constant that looks like one of our slots.
func (w *walker) constant(c *pg.A_Const) error {
	if strings.HasPrefix(c.GetSval().GetSval(), slotPrefix) {
		return w.deny(StatementDenied, stateReservedName, "string constants may not begin with %q", slotPrefix)
	}
	return nil
}

// ownName refuses an alias that could be taken for one of ours.
func (w *walker) ownName(name string) error {
	if strings.HasPrefix(name, reservedPrefix) {
		return w.deny(StatementDenied, stateReservedName, "names beginning with %q are reserved", reservedPrefix).
			hint("Choose another alias.")
	}
	return nil
}

// reservedPrefix begins every alias that we make; a client's alias may not begin with it.
const reservedPrefix = OwnPrefix

// OwnPrefix begins every name of ours in a rewritten text.
const OwnPrefix = "ww_"

// MeansNothing begins names behind a dot that must not mean what they meant; PostgreSQL's errors quote them.
const MeansNothing = OwnPrefix + "no_"

// isNames says whether a list of names is schema.anything.
func isNames(list []*pg.Node, schema string) bool {
	return len(list) == 2 && list[0].GetString_().GetSval() == schema
}

func strs(list []*pg.Node) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.GetString_().GetSval()
	}
	return out
}

// namesUser says whether an SQL value function tells who the session user is.
func namesUser(op pg.SQLValueFunctionOp) bool {
	switch op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_USER, pg.SQLValueFunctionOp_SVFOP_USER,
		pg.SQLValueFunctionOp_SVFOP_SESSION_USER, pg.SQLValueFunctionOp_SVFOP_CURRENT_ROLE:
		return true
	default:
		return false
	}
}
