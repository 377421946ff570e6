package rewrite

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// Object-relational mappers take numbers from a sequence before they write the row that the number is for. Whoever may create rows of a table learns
// and uses up the same numbers by INSERT ... RETURNING, so the sequences of its columns are open to nextval() and currval(). A name means one of
// those or nothing.

// sequences are those that a plan opens, by their qualified names.
type sequences map[catalog.RelationName]bool

// openSequences are the sequences of the columns that a plan lets the subject write and see, of rows that it lets him create.
func (g *Rewriter) openSequences(p *plan.Plan) sequences {
	open := sequences{}
	for _, e := range g.snapshot.Entities {
		if create := p.Rule(e.Name, catalog.Create); create.Kind != plan.Restricted && create.Kind != plan.FullAccess {
			continue
		}
		for i := range e.Relation.Columns {
			if c := &e.Relation.Columns[i]; c.Sequence.Name != "" && seesNumbers(p, e.Name, c.Name) {
				open[c.Sequence] = true
			}
		}
	}
	return open
}

// showsSequence says whether a sequence belongs to a column that the subject sees.
func (g *Rewriter) showsSequence(sequence catalog.RelationName, p *plan.Plan) bool {
	for _, e := range g.snapshot.Entities {
		for i := range e.Relation.Columns {
			if c := &e.Relation.Columns[i]; c.Sequence == sequence && seesNumbers(p, e.Name, c.Name) {
				return true
			}
		}
	}
	return false
}

// seesNumbers says whether the values of a column are the subject's to see.
func seesNumbers(p *plan.Plan, entity, column string) bool {
	read := p.Rule(entity, catalog.Read)
	if read.Kind != plan.Restricted && read.Kind != plan.FullAccess {
		return false
	}
	shown, listed := read.Columns[column]
	return read.Columns == nil || listed && isOpen(shown)
}

// sequenceCall tells the function of a plain call that is about a sequence; empty for none.
func sequenceCall(n *pg.FuncCall) string {
	parts := strs(n.GetFuncname())
	if n == nil || !plainCall(n) || len(parts) > 2 || len(parts) == 2 && parts[0] != pgCatalog {
		return ""
	}
	switch name := parts[len(parts)-1]; {
	case (name == "nextval" || name == "currval") && len(n.Args) == 1, name == "lastval" && len(n.Args) == 0, name == "setval" && len(n.Args) > 1:
		return name
	default:
		return ""
	}
}

// sequence judges a call about a sequence and writes the sequence's full name into it.
func (w *walker) sequence(name string, n *pg.FuncCall) error {
	switch name {
	case "setval": // where no answer stands in its place
		return w.setvalDenied()
	case "lastval":
		if !w.rewriter.lastIsOpen(w.plan) {
			return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function lastval").
				hint("It may be the value of a sequence that a trigger has used. Use INSERT ... RETURNING, or currval() with the sequence's name.")
		}
	default:
		open := w.rewriter.openSequences(w.plan)
		arg, err := w.sequenceNamed(n.Args[0], open)
		if err != nil {
			return err
		}
		n.Args[0] = arg
	}
	n.Funcname = names(pgCatalog, name)
	return nil
}

// sequenceNamed returns what is sent for the argument of nextval and currval.
func (w *walker) sequenceNamed(arg *pg.Node, open sequences) (*pg.Node, error) {
	if c := arg.GetTypeCast(); c != nil && isType(c.TypeName, "regclass") {
		arg = c.Arg
	}
	if f := arg.GetFuncCall(); isSerialLookup(f) {
		found, err := w.serialSequence(f)
		if err != nil {
			return nil, err
		}
		if open[found] {
			return literal(qualifiedName(found)), nil
		}
		return nil, w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for sequence %s", found.Name)
	}
	if name := constantText(arg); name != nil {
		for _, found := range w.rewriter.sequencesCalled(*name) {
			if open[found] {
				return literal(qualifiedName(found)), nil
			}
			if w.rewriter.showsSequence(found, w.plan) {
				return nil, w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for sequence %s", found.Name).
					hint("It is open to those who may create rows of the table whose column it belongs to.")
			}
		}
		return nil, w.deny(TableDenied, stateUndefinedTable, "relation %q does not exist", *name)
	}
	if value, ok := textParameter(arg); ok && len(open) > 0 {
		number := w.first + len(w.refusals)
		w.refusals = append(w.refusals, &Refusal{Code: TableDenied, SQLState: stateUndefinedTable, Message: "relation of this name does not exist"})
		return w.rewriter.chosenSequence(value, open, number), nil
	}
	return nil, w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for sequences that are not named by a constant or a parameter")
}

// sequencesCalled are the sequences that a name might mean: the one that its schema has, or those along the search path.
func (g *Rewriter) sequencesCalled(name string) []catalog.RelationName {
	parts := dottedName(name)
	switch {
	case len(parts) == 1 && !g.inCatalog(parts[0]):
		if r := g.snapshot.Schema.Resolve("", parts[0]); r != nil {
			return []catalog.RelationName{r.RelationName}
		}
	case len(parts) == 3 && parts[0] == g.snapshot.Schema.Database:
		parts = parts[1:]
		fallthrough
	case len(parts) == 2:
		return []catalog.RelationName{{Schema: parts[0], Name: parts[1]}}
	}
	return nil
}

// chosenSequence is the name of the sequence that a parameter spells, and an error where it spells none that is open.
func (g *Rewriter) chosenSequence(value *pg.Node, open sequences, refusal int) *pg.Node {
	var whens []*pg.Node
	for _, s := range slices.SortedFunc(maps.Keys(open), byRelationName) {
		spelled := []string{qualifiedName(s), joinPath([]string{s.Schema}) + "." + joinPath([]string{s.Name})}
		if slices.Equal(g.sequencesCalled(identifier(s.Name)), []catalog.RelationName{s}) {
			spelled = append(spelled, identifier(s.Name), joinPath([]string{s.Name}))
		}
		slices.Sort(spelled)
		var terms []*pg.Node
		for _, word := range slices.Compact(spelled) {
			terms = append(terms, expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, "="), copyOf(value), cast(literal(word), builtinType("text"))))
		}
		whens = append(whens, when(or(terms...), cast(literal(qualifiedName(s)), builtinType("text"))))
	}
	return caseOf(whens, cast(raise(refusal), builtinType("text")))
}

// isSerialLookup tells pg_get_serial_sequence of constants.
func isSerialLookup(f *pg.FuncCall) bool {
	parts := strs(f.GetFuncname())
	return f != nil && plainCall(f) && len(f.Args) == 2 && parts[len(parts)-1] == "pg_get_serial_sequence" &&
		(len(parts) == 1 || len(parts) == 2 && parts[0] == pgCatalog) && constantText(f.Args[0]) != nil && constantText(f.Args[1]) != nil
}

// serialSequence finds the sequence of a column. A table or a column that the subject may not know of is not there.
func (w *walker) serialSequence(f *pg.FuncCall) (catalog.RelationName, error) {
	table, name := *constantText(f.Args[0]), *constantText(f.Args[1])
	for _, called := range w.rewriter.sequencesCalled(table) {
		entity := w.rewriter.snapshot.EntityOf(called)
		if entity == nil || !w.plan.Visible(entity.Name) {
			continue
		}
		c := entity.Relation.Column(name)
		if c == nil || !seesNumbers(w.plan, entity.Name, name) {
			return catalog.RelationName{}, w.deny(ColumnDenied, stateUndefinedColumn, "column %q of relation %q does not exist", name, entity.Relation.Name)
		}
		return c.Sequence, nil
	}
	return catalog.RelationName{}, w.deny(TableDenied, stateUndefinedTable, "relation %q does not exist", table)
}

// lastIsOpen says whether lastval() can only be the value of a sequence that is open: nothing that the subject's writes set off has code of somebody's
// own, or takes numbers from others.
func (g *Rewriter) lastIsOpen(p *plan.Plan) bool {
	open := g.openSequences(p)
	reached := map[catalog.RelationName]bool{}
	for _, e := range g.snapshot.Entities {
		for _, action := range []catalog.Action{catalog.Create, catalog.Update, catalog.Delete} {
			if k := p.Rule(e.Name, action).Kind; k == plan.Restricted || k == plan.FullAccess {
				reached[e.Relation.RelationName] = true
			}
		}
	}
	for grown := true; grown; {
		grown = false
		for name, r := range g.snapshot.Schema.Relations { // what foreign keys cascade to, and partitions
			follows := slices.ContainsFunc(r.ForeignKeys, func(k catalog.ForeignKey) bool { return reached[k.To] }) ||
				slices.ContainsFunc(r.Parents, func(parent catalog.RelationName) bool { return reached[parent] })
			if follows && !reached[name] {
				reached[name], grown = true, true
			}
		}
	}
	for name := range reached {
		r := g.snapshot.Schema.Relations[name]
		if r == nil || r.Fires || r.HasRules || r.Kind == 'v' || r.Kind == 'f' {
			return false
		}
		for _, c := range r.Columns {
			if c.Sequence.Name != "" && !open[c.Sequence] || c.Sequence.Name == "" && callsOthers().MatchString(c.Default) {
				return false
			}
		}
	}
	return len(reached) > 0
}

// callsOthers matches a default that takes from a sequence in a way of its own, or calls what is not PostgreSQL's.
func callsOthers() *regexp.Regexp { return regexp.MustCompile(`nextval|[\w"]\.[\w"]+\(`) }

// dottedName takes a name in a text apart as PostgreSQL does: parts with dots between, folded where they are not quoted. It is nil for what is none.
func dottedName(text string) []string {
	var parts []string
	rest := strings.TrimSpace(text)
	for {
		name, tail := "", ""
		if strings.HasPrefix(rest, `"`) {
			end := closingQuote(rest)
			if end < 2 {
				return nil
			}
			name, tail = strings.ReplaceAll(rest[1:end], `""`, `"`), rest[end+1:]
		} else {
			end := strings.IndexAny(rest, ". \t\n\r\f\v\"")
			if end < 0 {
				end = len(rest)
			}
			name, tail = strings.ToLower(rest[:end]), rest[end:]
		}
		if name == "" {
			return nil
		}
		parts = append(parts, name)
		tail = strings.TrimSpace(tail)
		if tail == "" {
			return parts
		}
		if tail[0] != '.' {
			return nil
		}
		rest = strings.TrimSpace(tail[1:])
	}
}

// qualifiedName is a relation's name in a text, every part quoted.
func qualifiedName(r catalog.RelationName) string {
	return identifier(r.Schema) + "." + identifier(r.Name)
}

// sequenceProven demands of a call about a sequence that it names one that the plan opens, or chooses among those.
func (v *prover) sequenceProven(n *pg.FuncCall) bool {
	open := v.rewriter.openSequences(v.plan)
	switch sequenceCall(n) {
	case "lastval":
		return v.rewriter.lastIsOpen(v.plan)
	case "nextval", "currval":
		if name := n.Args[0].GetAConst().GetSval(); name != nil {
			for s := range open {
				if qualifiedName(s) == name.Sval {
					return true
				}
			}
			return false
		}
		c := n.Args[0].GetCaseExpr()
		value := parameterIn(n.Args[0])
		refusal, marked := raisedBy(c.GetDefresult().GetTypeCast().GetArg())
		return c != nil && value != nil && marked && sqltree.Equal(v.rewriter.chosenSequence(value, open, refusal), n.Args[0])
	default:
		return false
	}
}
