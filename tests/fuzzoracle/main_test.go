package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The long runs are `make fuzz-oracle`; these few statements show that the fuzzer itself still works.
func TestAFewHundredStatementsAgree(t *testing.T) {
	var out bytes.Buffer
	o := options{root: "../..", cache: "verify", n: 400, seed: 20261122, workers: 2, only: -1, samples: "saas,hospital", out: filepath.Join(t.TempDir(), "differences.txt"), minimise: true}
	err := run(t.Context(), o, &out)
	require.NoError(t, err, out.String())
}

func TestAStatementComesFromItsSeedAndNumber(t *testing.T) {
	all := &tables{all: []*table{{schema: "app", name: "task", entity: "task", key: []string{"id"}, columns: []column{
		{name: "id", kind: integers, values: []string{"1", "2"}}, {name: "title", kind: texts, values: []string{"a"}},
	}}}}
	allowed := map[*table]may{all.all[0]: {read: true, update: true, columns: []string{"id", "title"}, writable: []string{"title"}}}
	texts := map[string]bool{}
	for n := range uint64(300) {
		first := newGenerator(7, n, all, allowed).script().text()
		require.Equal(t, first, newGenerator(7, n, all, allowed).script().text())
		texts[first] = true
	}
	require.Greater(t, len(texts), 250)
}

func TestCutsOnlyMakeStatementsThatParse(t *testing.T) {
	const sql = `WITH w AS (SELECT 1 AS n) SELECT a.x, CASE WHEN a.y THEN 1 ELSE 2 END FROM t a LEFT JOIN (SELECT 2 AS z) b ON a.x = b.z
		WHERE a.x IN (SELECT n FROM w) AND (a.y OR NOT a.y) GROUP BY a.x HAVING count(*) > 1 ORDER BY 1 LIMIT 3`
	made := 0
	for at := 0; ; at++ {
		cut, more := cutAt(sql, at)
		if !more {
			break
		}
		if cut != "" {
			made++
		}
	}
	require.Greater(t, made, 30)
}

func TestNoCutEndsTheProcess(t *testing.T) {
	all := &tables{enums: map[kind][]string{"app.state": {"open", "done"}}, all: []*table{{schema: "app", name: "task", entity: "task", key: []string{"id"}, columns: []column{
		{name: "id", kind: integers, values: []string{"1", "2"}},
		{name: "title", kind: texts, values: []string{"a"}},
		{name: "due", kind: dates},
		{name: "details", kind: jsons},
		{name: "labels", kind: arrays},
		{name: "done", kind: bools},
		{name: "state", kind: "app.state"},
	}}}}
	names := []string{"id", "title", "due", "details", "labels", "done", "state"}
	allowed := map[*table]may{all.all[0]: {read: true, create: true, update: true, remove: true, columns: names, writable: names, creatable: names}}
	for n := range uint64(40) {
		for _, s := range newGenerator(3, n, all, allowed).script().statements {
			for at := 0; ; at++ {
				if _, more := cutAt(s.sql, at); !more {
					break
				}
			}
		}
	}
}
