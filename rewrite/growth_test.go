package rewrite_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// grown is a database of so many tables, each an entity that a member may read and write, beside what a real server has, and a policy for so many tenants.
func grown(tb testing.TB, entities, tenants int) (*rewrite.Rewriter, *rewrite.Values) {
	tb.Helper()
	schema := *theSample.snapshot.Schema
	schema.Relations = maps.Clone(schema.Relations)
	like := schema.Relations[catalog.RelationName{Schema: "app", Name: "project"}]
	require.NotNil(tb, like)
	var model, people strings.Builder
	model.WriteString("wherewall: 1\nentities:\n")
	var can []string
	for i := range entities {
		r := *like
		r.Name, r.OID, r.ForeignKeys = fmt.Sprintf("grown%d", i), 1_000_000+uint32(i), nil //nolint:gosec // a small number
		schema.Relations[r.RelationName] = &r
		fmt.Fprintf(&model, "  e%d: {table: app.grown%d, key: id, tenant: org_id, owner: owner_id}\n", i, i)
		can = append(can, fmt.Sprintf("e%d.read", i), fmt.Sprintf("e%d.create", i), fmt.Sprintf("e%d.update", i))
	}
	fmt.Fprintf(&model, "permissions:\n  all: [%s]\nroles:\n  member: {can: [all]}\n", strings.Join(can, ", "))
	people.WriteString("tenants:\n")
	for i := range tenants {
		fmt.Fprintf(&people, "  t%d: {}\n", i)
	}
	people.WriteString("users:\n  kim: {tenants: {t0: [member]}}\n")
	dir := tb.TempDir()
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "model.yaml"), []byte(model.String()), 0o600))
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "people.yaml"), []byte(people.String()), 0o600))
	declared, err := catalog.ReadPolicy(dir)
	require.NoError(tb, err)
	snapshot, problems := catalog.Bind(declared, &schema)
	require.NoError(tb, problems.Err())
	subject, err := plan.Resolve(snapshot, "kim", "t0")
	require.NoError(tb, err)
	p, err := plan.Build(snapshot, subject)
	require.NoError(tb, err)
	return rewrite.New(snapshot), rewrite.NewValues(p, mark)
}

// What is walked in proportion to a policy is gathered, too, in nearly all cases.
func TestFirstSightsAllocateAlikeHoweverLargeThePolicyIs(t *testing.T) {
	allocations := func(entities, tenants int) float64 {
		rewriter, v := grown(t, entities, tenants)
		return testing.AllocsPerRun(20, func() {
			_, err := rewriter.Anew(growthText, v.Plan())
			require.NoError(t, err)
		})
	}
	small := allocations(10, 1)
	require.InDelta(t, small, allocations(1000, 1), small/20)
	require.InDelta(t, small, allocations(10, 10_000), small/20)
}

const growthText = "SELECT g.id, g.name, h.status FROM app.grown1 g JOIN app.grown2 h ON h.id = g.id WHERE g.id = 4711 AND h.name LIKE 'x%'"

// BenchmarkGrowth shows what first and later sights of a statement cost as a policy grows. All rows of one kind should be alike.
func BenchmarkGrowth(b *testing.B) {
	for _, size := range [][2]int{{10, 1}, {100, 1}, {1000, 1}, {10, 1000}, {10, 100_000}} {
		rewriter, v := grown(b, size[0], size[1])
		name := fmt.Sprintf("entities=%d,tenants=%d", size[0], size[1])
		b.Run("miss/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := rewriter.Anew(growthText, v.Plan())
				require.NoError(b, err)
			}
		})
		b.Run("hit/"+name, func(b *testing.B) {
			b.ReportAllocs()
			var sent []byte
			for b.Loop() {
				sent = rewriter.Rewrite(growthText, v.Plan()).AppendSQL(sent[:0], v)
			}
		})
	}
}
