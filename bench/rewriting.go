package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// rewriting is what the rewriter alone takes, without sockets.
type rewriting struct {
	text, shape             time.Duration // of a statement seen before, and of one seen with other literals
	textAllocs, shapeAllocs float64
	parse, miss             time.Duration // of one parse, and of the whole way of a statement never seen before
}

// statement is 300 bytes long, with a place for a literal.
const statement = `SELECT i.id, i.title, i.status, i.created_at, count(n.id) AS notes, max(n.body) AS latest FROM public.item AS i ` +
	`LEFT JOIN public.note AS n ON n.id = i.id AND n.author <> 'somebody else' WHERE i.id = %s AND i.status IN ('open', 'waiting') ` +
	`GROUP BY i.id, i.title, i.status, i.created_at ORDER BY i.id`

// rewriting measures in this process, with the schema and the policy of the others.
func (l *lab) rewriting(ctx context.Context) (*rewriting, error) {
	file := filepath.Join(l.dir, "policy.yaml")
	if err := os.WriteFile(file, []byte(l.db.policy()), 0o600); err != nil {
		return nil, fmt.Errorf("writing the policy: %w", err)
	}
	world, err := l.db.snapshot(ctx, file)
	if err != nil {
		return nil, err
	}
	subject, err := plan.NewPlanner(world).Build(plan.Subject{User: user, Tenant: "acme"})
	if err != nil {
		return nil, fmt.Errorf("building the plan: %w", err)
	}
	values, rewriter := rewrite.NewValues(subject, "mark"), rewrite.New(world)
	var dst []byte
	whole := func(sql string) { dst = rewriter.Rewrite(sql, subject).AppendSQL(dst[:0], values) }
	if refused := rewriter.Rewrite(literal(0), subject).Refused; refused != nil {
		return nil, fmt.Errorf("the statement is refused: %s", refused.Message)
	}

	r := &rewriting{}
	known := literal(0)
	r.text, r.textAllocs = l.cost(func(int) { whole(known) }, func(int) {})
	r.shape, r.shapeAllocs = l.cost(func(i int) { whole(literal(i)) }, func(i int) { _ = literal(i) })
	r.miss, _ = l.cost(func(i int) { whole(unseen(i)) }, func(i int) { _ = unseen(i) })
	r.parse, _ = l.cost(func(i int) { _, err = sqltree.Parse(unseen(i)) }, func(i int) { err = sqltree.Check(unseen(i)) })
	return r, err
}

// literal is the statement with a literal of ten digits. The text is a new one each time, as it is in a session.
func literal(i int) string { return fmt.Sprintf(statement, fmt.Sprint(1_000_000_000+i)) }

// unseen is the statement in a shape of its own.
func unseen(i int) string { return strings.Replace(literal(i), "latest", fmt.Sprint("latest", i), 1) }

// cost is what a call takes more than another, and allocates more.
func (l *lab) cost(call, other func(int)) (time.Duration, float64) {
	long := time.Second
	if l.smoke {
		long = time.Millisecond
	}
	ours, allocations := average(call, long)
	theirs, others := average(other, long)
	return ours - theirs, allocations - others
}

// average calls so long, each time with another number, after a while that does not count.
func average(call func(int), long time.Duration) (each time.Duration, allocations float64) {
	seen := 0
	for end := time.Now().Add(long / 4); time.Now().Before(end); seen++ {
		call(seen)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, began := 0, time.Now()
	for batch := 1; time.Since(began) < long; batch = min(batch*2, 1000) {
		for range batch {
			call(seen + n)
			n++
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return took / time.Duration(n), float64(after.Mallocs-before.Mallocs) / float64(n)
}

// snapshot is the policy bound to the database, as the proxy has it.
func (db *database) snapshot(ctx context.Context, file string) (*catalog.Snapshot, error) {
	conn, err := pgx.Connect(ctx, address(service, servicePassword, databasePlain, db.server.Port))
	if err != nil {
		return nil, fmt.Errorf("connecting as the service login: %w", err)
	}
	defer conn.Close(ctx)
	schema, err := catalog.LoadSchema(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	policy, err := catalog.ReadPolicy(file)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	snapshot, problems := catalog.Bind(policy, schema)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("binding the policy: %w", err)
	}
	return snapshot, nil
}
