package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// statement is one message to the server.
type statement struct {
	sql        string
	extended   bool
	parameters []*string // in text; nil for NULL
}

// script is what the comparer runs on both sides: one statement, or several that belong together.
type script struct {
	kind       string
	statements []statement
	writes     bool
	ordered    bool // the last statement's rows have one order
}

// text is the script as a file would have it.
func (s *script) text() string {
	parts := make([]string, len(s.statements))
	for i, st := range s.statements {
		parts[i] = st.sql + ";"
		for j, p := range st.parameters {
			if p == nil {
				parts[i] += fmt.Sprintf("  -- $%d is NULL", j+1)
			} else {
				parts[i] += fmt.Sprintf("  -- $%d is %q", j+1, *p)
			}
		}
	}
	return strings.Join(parts, "\n")
}

// generator makes statements of one subject. Everything it does follows from its random numbers.
type generator struct {
	*rand.Rand
	tables       *tables
	rights       map[*table]may
	user, tenant string
	masked       bool // the judge of reads has no policies, so that it locks other rows, and has its rows in other places, so that samples differ
	writing      bool // columns that show other values than the table's are left out
	readable     []*table
	aliases      int
	ctes         []relation
	// parameters are those of the statement at hand; nil where there are none to be.
	parameters *[]*string
}

// outputColumn is a column of a FROM item.
type outputColumn struct {
	name string
	kind kind
}

// relation is a FROM item, or what may become one.
type relation struct {
	alias   string
	columns []outputColumn
	base    *table // nil for what is derived
}

// scope is what an expression may refer to.
type scope struct {
	relations []relation
	outer     *scope
}

func newGenerator(seed, number uint64, all *tables, allowed map[*table]may) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, number)), tables: all, rights: allowed} //nolint:gosec // it has to be repeatable
	for _, t := range all.all {
		if allowed[t].read {
			g.readable = append(g.readable, t)
		}
	}
	return g
}

// chance is true in so many of a hundred cases.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, all []T) T { return all[g.IntN(len(all))] }

// oneOf takes an alternative of a list of weights and functions.
func oneOf[T any](g *generator, all ...weighted[T]) T {
	sum := 0
	for _, w := range all {
		sum += w.weight
	}
	at := g.IntN(sum)
	for _, w := range all {
		if at < w.weight {
			return w.make()
		}
		at -= w.weight
	}
	panic("the weights have a sum")
}

type weighted[T any] struct {
	weight int
	make   func() T
}

// alias is a new name; now and then it is one that means something else elsewhere.
func (g *generator) alias(prefix string) string {
	g.aliases++
	if g.chance(3) {
		t := pick(g, g.tables.all)
		return ident(t.name)
	}
	return fmt.Sprintf("%s%d", prefix, g.aliases)
}

// anyKind is a kind for a column that nobody asked for: an enumeration, nearly always, of a column that the subject may read, since all others are
// not there for him.
func (g *generator) anyKind() kind {
	all := []kind{integers, integers, texts, texts, texts, numerics, bools, dates, stamps, jsons, arrays}
	rare := g.chance(1)
	for k := range g.tables.enums {
		if rare || slices.ContainsFunc(g.readable, func(t *table) bool {
			return slices.ContainsFunc(t.columns, func(c column) bool { return c.kind == k })
		}) {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return pick(g, all)
}

func (g *generator) kinds(most int) []kind {
	all := make([]kind, 1+g.IntN(most))
	for i := range all {
		all[i] = g.anyKind()
	}
	return all
}

func qualified(t *table) string { return ident(t.schema) + "." + ident(t.name) }

// name is how a statement names a table.
func (g *generator) name(t *table) string {
	switch {
	case g.chance(25):
		return qualified(t)
	case g.chance(2):
		return strings.ToUpper(ident(t.name))
	default:
		return ident(t.name)
	}
}

// table is a table to be read: one that the subject may read, nearly always.
func (g *generator) table() *table {
	if len(g.readable) == 0 || g.chance(1) {
		return pick(g, g.tables.all)
	}
	return pick(g, g.readable)
}

// columnsOf are the columns of a table that the subject may name, and now and then the others.
func (g *generator) columnsOf(t *table) []outputColumn {
	m, all := g.rights[t], []outputColumn(nil)
	whole := g.chance(3)
	for _, c := range t.columns {
		if !whole && (m.read && !slices.Contains(m.columns, c.name) || g.writing && m.partly[c.name]) {
			continue
		}
		all = append(all, outputColumn{ident(c.name), c.kind})
	}
	return all
}
