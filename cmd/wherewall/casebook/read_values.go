package casebook

import (
	"strconv"
	"time"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/document"
)

func (r *reader) day(n *document.Node) string {
	word := r.word(n, "day")
	if _, err := time.Parse(time.DateOnly, word); err != nil {
		r.add(n.Place, catalog.CodeWrongShape, "a day is written 2026-12-31")
	}
	return word
}

// given is SQL that may not end the transaction that its case is rolled back with.
func (r *reader) given(n *document.Node) string {
	sql := r.word(n, "given")
	if word := transactionWord(sql); word != "" {
		r.add(n.Place, catalog.CodeWrongShape, "given runs in the case's own transaction, and cannot %s", word)
	}
	return sql
}

func (r *reader) count(n *document.Node) *int {
	count, err := strconv.Atoi(n.Text)
	if n.Kind != document.Scalar || err != nil || count < 0 {
		r.add(n.Place, catalog.CodeWrongShape, "count is a number of rows")
	}
	return &count
}

func (r *reader) words(n *document.Node, what string) []string {
	if !r.is(n, document.List, what) {
		return nil
	}
	words := []string{}
	for _, item := range n.Items {
		words = append(words, r.word(item, what))
	}
	return words
}

func (r *reader) keys(n *document.Node, what string) []Key {
	if !r.is(n, document.List, what) {
		return nil
	}
	keys := []Key{}
	for _, item := range n.Items {
		keys = append(keys, r.key(item, what))
	}
	return keys
}

// key reads a value, or a list of values for a key of several columns.
func (r *reader) key(n *document.Node, what string) Key {
	items := []*document.Node{n}
	if n.Kind == document.List {
		items = n.Items
	}
	return r.values(items, what)
}

func (r *reader) values(items []*document.Node, what string) []Value {
	values := make([]Value, 0, len(items))
	for _, item := range items {
		v, ok := valueOf(item)
		if !ok {
			r.add(item.Place, catalog.CodeWrongShape, "%s must be a value, and is %s", what, item.Kind)
		}
		values = append(values, v)
	}
	return values
}

func (r *reader) cells(n *document.Node) []Cell {
	if !r.is(n, document.Map, "cells") {
		return nil
	}
	var cells []Cell
	for _, e := range n.Entries {
		values := r.values([]*document.Node{e.Value}, "cells")
		cells = append(cells, Cell{Column: e.Key.Text, Value: values[0]})
	}
	return cells
}

func (r *reader) table(n *document.Node) [][]Value {
	if !r.is(n, document.List, "rows") {
		return nil
	}
	rows := [][]Value{}
	for _, item := range n.Items {
		if r.is(item, document.List, "a row of rows") {
			rows = append(rows, r.values(item.Items, "rows"))
		}
	}
	return rows
}
