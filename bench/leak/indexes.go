package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// explain asks each way how PostgreSQL reads the tables.
func (t *table) explain(ctx context.Context, _ *lab) error {
	return t.each(0, func(c *cell, _ statement, w *way, sql string) error {
		text, err := answer(ctx, w.conn, "EXPLAIN (FORMAT JSON) "+sql)
		if err != nil {
			return err
		}
		var plans []struct{ Plan node }
		if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) != 1 {
			return fmt.Errorf("reading a plan: %w", err)
		}
		plans[0].Plan.reads(&c.indexes)
		return nil
	})
}

// node is what matters of a plan's node.
type node struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Plans    []node
}

var condColumn = regexp.MustCompile(`\((?:\w+\.)?(\w+) (?:=|<|>|~)`)

// reads adds what the node and those below it read: indexes with the columns that are looked up in them, and whole tables.
func (n node) reads(all *[]string) {
	found := ""
	switch {
	case n.Index != "":
		var columns []string
		for _, c := range condColumn.FindAllStringSubmatch(n.Cond, -1) {
			columns = append(columns, c[1])
		}
		if found = n.Index; len(columns) > 0 {
			found += "(" + strings.Join(columns, ", ") + ")"
		}
	case n.Type == "Seq Scan":
		found = "all of " + n.Relation
	}
	if found != "" && !slices.Contains(*all, found) {
		*all = append(*all, found)
	}
	for _, below := range n.Plans {
		below.reads(all)
	}
}
