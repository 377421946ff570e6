package rewrite

import (
	"fmt"
	"runtime"
	"sync/atomic"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// Rewriter rewrites statements against one snapshot. It is safe for concurrent use.
type Rewriter struct {
	snapshot    *catalog.Snapshot
	functions   *functions
	helpers     map[string]helper
	settings    settings
	shadows     *shadows
	leaks       *leaks
	shadowed    map[string]bool // operators that a schema on the search path has beside pg_catalog
	parameters  map[uint32]bool // the types that a Parse message may declare
	types       map[uint32]expr.Type
	templates   *templates // nil: nothing is remembered
	memory      Memory
	expressions expressions
	catalogs    map[catalog.RelationName]*catalogTable
	relations   map[uint32]bool // the OIDs of the schema's relations
	visible     atomic.Pointer[shapeObjects]
	// large holds a place for each large text that is being rewritten: they leave a processor to the others.
	large chan struct{}

	fingerprints bool
	stopwatch    Stopwatch // nil for nobody who wants to know
}

// largeText is from how many bytes on a text waits for its turn.
const largeText = 16 << 10

// New makes a Rewriter for a snapshot. It remembers shapes in DefaultMemory unless an option says otherwise.
func New(s *catalog.Snapshot, with ...Option) *Rewriter {
	f, sh := newFunctions(s.Schema), newShadows(s.Schema)
	relations := map[uint32]bool{}
	for _, r := range s.Schema.Relations {
		relations[r.OID] = true
	}
	g := &Rewriter{
		catalogs: newCatalogs(s.Schema), helpers: helperTable(), relations: relations,
		snapshot: s, functions: f, leaks: newLeaks(s.Schema, s.Trust), settings: settings{path: s.Schema.SearchPath, limits: s.Schema.Limits},
		shadows: sh, shadowed: sh.names(), parameters: parameterTypes(f), types: typesByOID(s.Schema),
		large: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
	}
	for _, option := range with {
		option(g)
	}
	g.templates = g.memory.templates()
	return g
}

// Remembered returns what Rewrite would without parsing the text, or nil where Rewrite would have to. It takes microseconds.
func (g *Rewriter) Remembered(sql string, p *plan.Plan, declared ...uint32) *Template {
	if p == nil || !g.snapshot.SameModel(p.Snapshot) || g.templates == nil || g.proves() {
		return nil
	}
	types := typesKey(declared)
	if t := g.templates.get(sql, types, p); t != nil || !g.byShape() {
		return t
	}
	return g.templates.ofShape(sql, types, p)
}

// Rewrite turns the text of one Query message (any number of statements) or Parse message (the wire refuses more
// than one there) into a Template. It never fails: what may not be sent becomes a Template that refuses.
//
// declared are the types of a Parse message, by OID. They decide which casts and operators the server finds for a parameter.
func (g *Rewriter) Rewrite(sql string, p *plan.Plan, declared ...uint32) *Template {
	if p == nil || !g.snapshot.SameModel(p.Snapshot) {
		return Refuse(&Refusal{
			Code: StatementDenied, SQLState: stateInsufficientPrivilege, Message: "there is no plan for this session",
		})
	}
	types := typesKey(declared)
	if t := g.templates.get(sql, types, p); t != nil {
		return g.remembered(t, sql, p, declared)
	}
	switch {
	case g.templates == nil:
		return g.anew(sql, p, declared)
	case g.byShape():
		return g.rewriteByShape(sql, types, p, declared)
	default:
		return g.miss(sql, types, p, declared)
	}
}

// miss rewrites a text that nothing is remembered of, and remembers it.
func (g *Rewriter) miss(sql, types string, p *plan.Plan, declared []uint32) *Template {
	g.templates.byShape.RecordMisses(1)
	t := g.anew(sql, p, declared)
	g.templates.put(sql, types, p, t)
	return t
}

// anew rewrites a text as if none had been seen before.
func (g *Rewriter) anew(sql string, p *plan.Plan, declared []uint32) *Template {
	if len(sql) > largeText {
		g.large <- struct{}{}
		defer func() { <-g.large }()
	}
	b := newBuilder(sql)
	t, err := g.rewrite(b, p, declared)
	if err != nil {
		t = Refuse(refusalOf(err, sql))
		t.Cause = err
		t.hush(sql)
	}
	t.secret, t.fingerprint = t.secret || b.secret, b.fingerprint
	t.shape = p.Shape
	for _, part := range t.Parts {
		part.shape = p.Shape
	}
	return t
}

func (g *Rewriter) rewrite(b *builder, p *plan.Plan, declared []uint32) (*Template, error) {
	if err := misplacedToken(b.client); err != nil {
		b.secret = true
		return nil, err
	}
	began := g.begins()
	stmts, err := parsed(b)
	if err != nil {
		return nil, err
	}
	g.ends(StageParse, began)
	if g.fingerprints {
		b.fingerprint = sqltree.StatementFingerprint(b.client)
	}
	for _, raw := range stmts {
		if err := g.statement(b, raw, p, declared); err != nil {
			return nil, err
		}
	}
	return b.template()
}

// parsed is the client's text as statements. Settings of ours are quoted in it where they are keywords.
func parsed(b *builder) ([]*pg.RawStmt, error) {
	stmts, err := sqltree.Parse(b.client)
	if err == nil {
		return stmts, nil
	}
	quoted, named := quoteUserSetting(b.client)
	if !named {
		return nil, err
	}
	b.client = quoted
	return sqltree.Parse(quoted)
}

// statement is the life of one statement: guard every relation in the tree, print it, read the print back, and prove on what was
// read back that every relation is under a guard.
func (g *Rewriter) statement(b *builder, raw *pg.RawStmt, p *plan.Plan, declared []uint32) error {
	stmt := raw.Stmt
	nameSetting(stmt)
	intoTemporary(stmt)
	seen := surveyOf(stmt, g.declaredTypes(declared))
	w := &walker{
		rewriter: g, plan: p, root: stmt, shownTypes: shownTypes(stmt), scope: &scope{}, location: startOf(b.client, raw.StmtLocation),
		keep: seen.needsRelations(), scalars: seen.scalars, first: len(b.refusals), summaries: map[*pg.SelectStmt]summary{},
		parameters: seen.parameters, namesIn: g.columnsOfNames(seen.relations),
	}
	defer func() { b.secret = b.secret || w.secret }()
	began := g.begins()
	kind, err := w.whole(stmt)
	if err != nil {
		return err
	}
	if err := w.catalogsAlone(stmt); err != nil {
		return err
	}
	began = g.ends(StageGuard, began)
	if w.staged != nil {
		return g.addStaged(b, w)
	}
	text, again, err := sqltree.Deparse(stmt, b.aligned)
	if err != nil {
		return err
	}
	began = g.ends(StageDeparse, began)
	if err := g.prove(again, p, g.declaredTypes(declared)); err != nil {
		return err
	}
	g.ends(StageProve, began)
	if kind.ofChannel() {
		at, ok := channelAt(kind, text)
		if !ok {
			return fmt.Errorf("a channel is not printed as it should be")
		}
		b.slotsHere = append(b.slotsHere, slotAt{at: at, name: channelNamed(channelSlot, w.said.Name), printed: channelMark})
	}
	said := w.said
	said.Kind, said.Hidden, said.Uses, said.Keeps = kind, w.hidden, w.uses, w.keeps
	if err := b.lastToSwitch(&said, w.location); err != nil {
		return err
	}
	b.add(text, said, w.refusals)
	return nil
}

// whole rewrites a statement that is not inside another.
func (w *walker) whole(stmt *pg.Node) (Kind, error) {
	if switches, err := w.switches(stmt); switches || err != nil {
		return SwitchSubject, err
	}
	w.expectValues(stmt)
	return w.statement(stmt)
}

// statement dispatches on the kinds of statement that may be said at all.
func (w *walker) statement(n *pg.Node) (Kind, error) {
	switch s := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		return Select, w.query(s.SelectStmt, locks{})
	case *pg.Node_InsertStmt:
		return Insert, w.insert(s.InsertStmt, topLevel)
	case *pg.Node_UpdateStmt:
		return Update, w.update(s.UpdateStmt, topLevel)
	case *pg.Node_DeleteStmt:
		return Delete, w.delete(s.DeleteStmt)
	case *pg.Node_MergeStmt:
		return Merge, w.merge(s.MergeStmt, topLevel)
	case *pg.Node_CopyStmt:
		return w.copyStatement(s.CopyStmt)
	case *pg.Node_TransactionStmt:
		return Transaction, w.transaction(s.TransactionStmt)
	case *pg.Node_VariableSetStmt:
		return Set, w.set(s.VariableSetStmt)
	case *pg.Node_VariableShowStmt:
		return Show, w.show(n, s.VariableShowStmt)
	default:
		return w.sessionStatement(n)
	}
}

// sessionStatement dispatches on the kinds that are about what a session has: prepared statements, cursors and what it may forget.
func (w *walker) sessionStatement(n *pg.Node) (Kind, error) {
	switch s := n.GetNode().(type) {
	case *pg.Node_PrepareStmt:
		return Prepare, w.prepare(s.PrepareStmt)
	case *pg.Node_ExecuteStmt:
		return Execute, w.execute(s.ExecuteStmt)
	case *pg.Node_DeallocateStmt:
		return Deallocate, w.deallocate(s.DeallocateStmt)
	case *pg.Node_DeclareCursorStmt:
		return Declare, w.declare(s.DeclareCursorStmt)
	case *pg.Node_FetchStmt:
		return w.fetch(s.FetchStmt)
	case *pg.Node_ClosePortalStmt:
		return Close, w.closeCursor(s.ClosePortalStmt)
	case *pg.Node_ExplainStmt:
		return Explain, w.explainStatement(s.ExplainStmt)
	case *pg.Node_DiscardStmt:
		return w.discard(s.DiscardStmt)
	case *pg.Node_LockStmt:
		return Lock, w.lock(s.LockStmt)
	case *pg.Node_UnlistenStmt:
		return w.unlisten(s.UnlistenStmt)
	case *pg.Node_ListenStmt:
		return w.listen(Listen, "LISTEN", &s.ListenStmt.Conditionname)
	case *pg.Node_NotifyStmt:
		return w.listen(Notify, "NOTIFY", &s.NotifyStmt.Conditionname)
	default:
		if known, err := w.define(n); known {
			return Define, err
		}
		return Unknown, w.refuseStatement(n)
	}
}
