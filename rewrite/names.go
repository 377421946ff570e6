package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// columnRef checks a column reference. It is the server that finds the column; what must be known here is that it cannot be a
// function call in attribute notation (t.f is f(t) where t has no column f), that it does not name an alias of ours, and that it names no
// column that is closed to the subject.
func (w *walker) columnRef(n *pg.ColumnRef) error {
	defer w.moveTo(n.Location)()
	for _, field := range n.Fields {
		if field.GetAStar() == nil && field.GetString_() == nil {
			return w.refuseNode(field)
		}
	}
	parts := strs(n.Fields)
	if len(parts) > 1 {
		if err := w.ownName(parts[0]); err != nil {
			return err
		}
	}
	if err := w.openColumn(parts); err != nil {
		return err
	}
	w.shorten(n, parts)
	last := parts[len(parts)-1]
	if len(parts) < 2 || last == "" {
		return nil
	}
	qualifier := parts[len(parts)-2]
	i, _ := w.scope.origin(qualifier)
	if !w.scalars.may(qualifier) && i.relation != nil && i.relation.Column(last) != nil {
		return nil
	}
	if i.row && !w.scalars.may(qualifier) && w.rewriter.functions.rowAttribute(last) {
		return nil
	}
	return w.attribute(last, n.Fields[len(n.Fields)-1])
}

// shorten writes schema.table.column as table.column where a sub-select has taken the table's place: no schema qualifies that.
func (w *walker) shorten(n *pg.ColumnRef, parts []string) {
	if len(parts) < 3 {
		return
	}
	i, _ := w.scope.origin(parts[len(parts)-2])
	sameDatabase := len(parts) == 3 || len(parts) == 4 && parts[0] == w.rewriter.snapshot.Schema.Database
	schema := ""
	switch {
	case i.relation != nil:
		schema = i.relation.Schema
	case i.catalog != nil:
		schema = i.catalog.name.Schema
	}
	if i.wrapped && sameDatabase && schema == parts[len(parts)-3] {
		n.Fields = n.Fields[len(parts)-2:]
	}
}

// indirection checks (expression).name, which may be a function call as well.
func (w *walker) indirection(list []*pg.Node) error {
	for _, n := range list {
		if name := n.GetString_().GetSval(); name != "" {
			if err := w.attribute(name, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// attribute judges a name behind a dot, and the field that has it. That of a type which is hidden is made one that means nothing, so that the
// server says of it what it says of any that does.
func (w *walker) attribute(name string, field *pg.Node) error {
	known := w.attributeType(name)
	switch {
	case known && w.rewriter.functions.attribute(name):
		return nil
	case !known && !w.rewriter.functions.onPath(name) && len(MeansNothing+name) < 64:
		field.GetString_().Sval = MeansNothing + name
		return nil
	}
	return w.attributeDenied(name)
}

func (w *walker) attributeDenied(name string) error {
	return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function %s", name).
		hint("A name behind a dot that is no column is a function call.")
}

// functionCall checks a call's name and writes it schema-qualified, then visits the arguments.
func (w *walker) functionCall(n *pg.FuncCall) error {
	parts := strs(n.Funcname)
	schema, name := "", parts[len(parts)-1]
	if len(parts) > 2 {
		return w.deny(FunctionDenied, stateFeatureNotSupported, "cross-database references are not implemented: %s", strings.Join(parts, "."))
	}
	if len(parts) == 2 {
		schema = parts[0]
	}
	if isUnlockAll(qualified(n)) && (schema != "" || !w.rewriter.functions.onPath(name)) {
		n.Funcname = names(pgCatalog, name)
		return nil
	}
	if isSetConfig(n) && !w.rewriter.functions.onPath(name) {
		if done, err := w.setConfig(n); done || err != nil {
			return err
		}
	}
	if called := sequenceCall(n); called != "" && (schema != "" || !w.rewriter.functions.onPath(name)) {
		w.keeps |= keepsOfSequence(called)
		return w.sequence(called, n)
	}
	if called := channelCall(n); called != "" && MayListen(w.plan) && (schema != "" || !w.rewriter.functions.onPath(name)) {
		return w.channel(called, n)
	}
	if advisory(name) && plainCall(n) && w.plan.Allow[allowAdvisoryLocks] && (schema == pgCatalog || schema == "" && !w.rewriter.functions.onPath(name)) {
		w.keeps |= keepsOfLock(name)
		return w.advisoryKey(name, n)
	}
	if toldNothing(name, len(n.Args)) && plainCall(n) && (schema == pgCatalog || schema == "" && !w.rewriter.functions.onPath(name)) {
		if err := w.tellNothing(n); err != nil {
			return err
		}
	}
	found, err := w.function(schema, name, n)
	if err != nil {
		return err
	}
	n.Funcname = names(found, name)
	return w.children(n, "funcname")
}

// typeName checks a type and writes it schema-qualified. Modifiers other than integer constants are refused before
// they reach the deparser, which ends the process on some of them.
func (w *walker) typeName(t *pg.TypeName) error {
	defer w.moveTo(t.Location)()
	if t.Setof || t.PctType || t.TypeOid != 0 || len(t.Names) == 0 || len(t.Names) > 2 {
		return w.deny(FunctionDenied, stateFeatureNotSupported, "this form of type name is not allowed here")
	}
	for _, m := range t.Typmods {
		c := m.GetAConst()
		if c == nil || c.GetIval() == nil {
			return w.deny(FunctionDenied, stateFeatureNotSupported, "type modifiers must be integer constants")
		}
	}
	for _, b := range t.ArrayBounds {
		if b.GetInteger() == nil {
			return w.refuseNode(b)
		}
	}
	parts := strs(t.Names)
	schema := ""
	if len(parts) == 2 {
		schema = parts[0]
	}
	resolved, err := w.castType(schema, parts[len(parts)-1])
	if err != nil {
		return err
	}
	if len(t.Typmods) == 0 {
		t.Names = typeNames(resolved.Schema, resolved.Name)
	} else {
		t.Names = names(resolved.Schema, resolved.Name)
	}
	return nil
}

func (w *walker) sampleMethod(n *pg.RangeTableSample) error {
	if parts := strs(n.Method); len(parts) != 1 || parts[0] != "bernoulli" && parts[0] != "system" {
		return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for tablesample method %s", strings.Join(parts, "."))
	}
	return nil
}
