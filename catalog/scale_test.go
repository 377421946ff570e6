package catalog_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

// size says how much of everything a policy has.
type size struct{ entities, roles, tenants, users int }

// largePolicy writes a policy of a size, with people as they are: most of them in one tenant, some in two, some with attributes.
func largePolicy(t testing.TB, n size) (path string, schema *catalog.Schema) {
	t.Helper()
	dir := t.TempDir()
	schema = &catalog.Schema{Relations: map[catalog.RelationName]*catalog.Relation{}, SearchPath: []string{"app"}}
	file := func(name string, write func(w *bufio.Writer)) {
		f, err := os.Create(filepath.Join(dir, name))
		require.NoError(t, err)
		w := bufio.NewWriter(f)
		write(w)
		require.NoError(t, w.Flush())
		require.NoError(t, f.Close())
	}
	file("a.yaml", func(w *bufio.Writer) {
		fmt.Fprint(w, "wherewall: 1\nattributes: {limit: int}\nentities:\n")
		for i := range n.entities {
			r := relation(fmt.Sprintf("t%d", i), "id", col("id", "int4"), col("org_id", "text"), col("owner", "text"), col("amount", "int4"))
			schema.Relations[r.RelationName] = r
			fmt.Fprintf(w, "  e%d: {table: app.t%d, tenant: org_id, owner: owner}\n", i, i)
		}
		fmt.Fprint(w, "permissions:\n")
		for i := range n.entities {
			fmt.Fprintf(w, "  read%d: [e%d.read]\n  write%d: [e%d.create, e%d.update]\n", i, i, i, i, i)
		}
		fmt.Fprint(w, "roles:\n")
		for i := range n.roles {
			fmt.Fprintf(w, "  r%d:\n    can:\n      - read%d\n      - write%d: {scope: own, where: amount < me.limit}\n", i, i%n.entities, (i*7)%n.entities)
		}
	})
	file("b.yaml", func(w *bufio.Writer) {
		fmt.Fprint(w, "tenants:\n")
		for i := range n.tenants {
			fmt.Fprintf(w, "  t%d: {name: Tenant %d}\n", i, i)
		}
	})
	file("c.yaml", func(w *bufio.Writer) {
		fmt.Fprint(w, "users:\n")
		for i := range n.users {
			fmt.Fprintf(w, "  user%d:\n    tenants: {t%d: [r%d, r%d]", i, i%n.tenants, i%n.roles, (i*3+1)%n.roles)
			if i%10 == 0 {
				fmt.Fprintf(w, ", t%d: [r%d]", (i*13+5)%n.tenants, i%7)
			}
			fmt.Fprint(w, "}\n")
			if i%5 == 0 {
				fmt.Fprintf(w, "    attrs: {limit: %d}\n", i%1000)
			}
			fmt.Fprint(w, "    password: SCRAM-SHA-256$4096:3l85xFWBbuj+bd0jbwc5UQ==$JCgPm0rU/WdwhlPmaajhzvH2uvAhfKbXzHObCtm6F84=:ioikIS2fqYY793v/HKAJYhgzw/Z+tx2JOy9B0ia+NUk=\n")
		}
	})
	return dir, schema
}

func BenchmarkLoadPolicy(b *testing.B) {
	for _, n := range []size{{10, 10, 10, 100}, {100, 100, 1000, 10_000}, {1000, 1000, 10_000, 100_000}, {1000, 10_000, 100_000, 1_000_000}} {
		b.Run(fmt.Sprintf("users=%d", n.users), func(b *testing.B) {
			path, schema := largePolicy(b, n)
			for b.Loop() {
				p, err := catalog.ReadPolicy(path)
				require.NoError(b, err)
				s, problems := catalog.Bind(p, schema)
				require.NoError(b, problems.Err())
				require.Len(b, s.Users, n.users)
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
				runtime.KeepAlive(s)
			}
		})
	}
}

func TestALargePolicyLoadsInSeconds(t *testing.T) {
	t.Parallel()
	path, schema := largePolicy(t, size{100, 1000, 10_000, 100_000})
	began := time.Now()
	p, err := catalog.ReadPolicy(path)
	require.NoError(t, err)
	s, problems := catalog.Bind(p, schema)
	require.NoError(t, problems.Err())
	require.Len(t, s.Users, 100_000)
	require.Equal(t, map[string][]string{"t9999": {"r999", "r998"}}, s.Users["user99999"].Memberships)
	require.Less(t, time.Since(began), 30*time.Second, "a tenth of a million users, on a busy machine")
}
