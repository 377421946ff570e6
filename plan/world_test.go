package plan_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// worldTables are small tables in which everything that a boundary can depend on occurs: rows of no tenant, broken paths, withdrawn
// parents, and NULL in every column that may have it.
const worldTables = `
CREATE SCHEMA w;
CREATE TYPE w.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE w.project (id int PRIMARY KEY, org text, owner text, amount numeric, open bool, gone bool, tags text[]);
CREATE TABLE w.task (id int PRIMARY KEY, project_id int, org text, title text, assignee text, level int, day date, at timestamptz, mood w.mood, info jsonb);
CREATE TABLE w.note (id int PRIMARY KEY, task_id int, body text);
CREATE TABLE w.label (id int PRIMARY KEY, org text, name text);
CREATE TABLE w.part (a int, b text, org text, size int, PRIMARY KEY (a, b));
CREATE TABLE w.member (task_id int, who text, since date);
`

const worldEntities = `
wherewall: 1
base_role: everyone
attributes: {level: int, max: numeric, regions: "text[]", name: text, flag: bool}
entities:
  project: {table: w.project, key: id, tenant: org, owner: owner, always: "gone IS NOT TRUE_OR_NULL"}
  task:
    table: w.task
    key: id
    tenant: project.org
    owners: {assignee: assignee, boss: project.owner}
    relations:
      project: {to: project, join: {project_id: id}}
      members: {to: w.member, join: {id: task_id}, many: true}
  note:
    table: w.note
    key: id
    tenant: task.project.org
    relations: {task: {to: task, join: {task_id: id}}}
  label: {table: w.label, key: id, tenant: {column: org, null_is: shared}}
  part: {table: w.part, key: [a, b], tenant: org}
permissions:
  see_project: [project.read]
  see_task: [task.read]
  see_note: [note.read]
  see_label: [label.read]
  see_part: [part.read]
  edit_label: [label.update, label.create, label.delete]
  edit_task: [task.update]
  peek_task: ["task.read(id, title)"]
  blur_task: [{task.read: {columns: [id], mask: {title: "lower(title)"}}}]
tenants: {acme: {}, sub: {parent: acme}, globex: {}}
`

// world is a database and what it holds, for the policies of many draws.
type world struct {
	conn   *pgx.Conn
	schema *catalog.Schema
	dir    string
	drawn  int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	conn := pgtest.Connect(t, pgtest.Start(t).AdminDSN("postgres"))
	_, err := conn.Exec(t.Context(), worldTables)
	require.NoError(t, err)
	schema, err := catalog.LoadSchema(t.Context(), conn)
	require.NoError(t, err)
	return &world{conn: conn, schema: schema, dir: t.TempDir()}
}

func (w *world) bind(t require.TestingT, text string) *catalog.Snapshot {
	w.drawn++
	file := filepath.Join(w.dir, fmt.Sprintf("p%d.yaml", w.drawn))
	entities := strings.Replace(worldEntities, "gone IS NOT TRUE_OR_NULL", "coalesce(gone, false) = false", 1)
	require.NoError(t, os.WriteFile(file, []byte(entities+text), 0o600))
	p, err := catalog.ReadPolicy(file)
	require.NoError(t, err)
	s, problems := catalog.Bind(p, w.schema)
	require.NotNil(t, s, "%s\n%s", problems.Err(), text)
	return s
}

func entities() []string { return []string{"project", "task", "note", "label", "part"} }

// fill replaces all rows by drawn ones.
func (w *world) fill(t *rapid.T, ctx context.Context) {
	pick := func(name string, options ...string) string { return rapid.SampledFrom(options).Draw(t, name) }
	org := func() string { return pick("org", "NULL", "'acme'", "'acme'", "'acme'", "'acme'", "'sub'", "'globex'") }
	who := func() string { return pick("who", "NULL", "'kim'", "'lee'") }
	number := func() string { return pick("number", "NULL", "1", "2", "3", "4") }
	word := func() string { return pick("word", "NULL", "''", "'a'", "'A'", "'ab'", "'b_%'", "'ä'") }
	truth := func() string { return pick("truth", "NULL", "true", "false") }
	var sql strings.Builder
	sql.WriteString("TRUNCATE w.project, w.task, w.note, w.label, w.part, w.member;")
	for id := 1; id <= 4; id++ {
		fmt.Fprintf(&sql, "INSERT INTO w.project VALUES (%d, %s, %s, %s, %s, %s, %s);", id, org(), who(),
			pick("amount", "NULL", "1.0", "2.50", "3", "100"), truth(), pick("gone", "NULL", "false", "false", "false", "false", "true"),
			pick("tags", "NULL", "'{}'", "'{a,NULL}'", `'{a,"b c"}'`, "'{b}'"))
		fmt.Fprintf(&sql, "INSERT INTO w.label VALUES (%d, %s, %s);", id, org(), word())
		fmt.Fprintf(&sql, "INSERT INTO w.part VALUES (%d, 'x', %s, %s), (%d, 'y', %s, %s);", id, org(), number(), id, org(), number())
	}
	for id := 1; id <= 6; id++ {
		fmt.Fprintf(&sql, "INSERT INTO w.task VALUES (%d, %s, %s, %s, %s, %s, %s, %s, %s, %s);", id, pick("project", "NULL", "1", "1", "2", "2", "3", "3", "4", "4", "9"),
			org(), word(), who(), number(), pick("day", "NULL", "'2026-01-05'", "'2026-02-28'", "'2026-03-01'"),
			pick("at", "NULL", "'2026-01-05 12:00:00+00'", "'2026-01-05 14:00:00.5+02'"), pick("mood", "NULL", "'sad'", "'ok'", "'happy'"),
			pick("info", "NULL", `'{"k": "v"}'`, `'{"k": 1}'`, `'{"k": null}'`, `'[1]'`, `'{"k": 1.50}'`))
		fmt.Fprintf(&sql, "INSERT INTO w.note VALUES (%d, %s, %s);", id, pick("task", "NULL", "1", "2", "3", "6", "9"), word())
		fmt.Fprintf(&sql, "INSERT INTO w.member VALUES (%s, %s, '2026-01-05');", pick("member", "1", "2", "3"), who())
	}
	_, err := w.conn.Exec(ctx, sql.String())
	require.NoError(t, err, sql.String())
}

// seen are the keys of the rows that a plan shows, as PostgreSQL finds them through the rewriter.
func (w *world) seen(t require.TestingT, ctx context.Context, p *plan.Plan, entity string) []string {
	if p.Rule(entity, catalog.Read).Kind == plan.NoAccess {
		return nil
	}
	key := keyOf(entity, "t")
	template := rewrite.New(p.Snapshot).Rewrite("SELECT "+key+" FROM w."+entity+" t", p)
	require.Nil(t, template.Refused, "%v: %v", template.Refused, template.Cause)
	return w.strings(t, ctx, string(template.AppendSQL(nil, rewrite.NewValues(p, strings.Repeat("0", 32)))))
}

func keyOf(entity, alias string) string {
	if entity == "part" {
		return alias + ".a || '/' || " + alias + ".b"
	}
	return alias + ".id::text"
}

func (w *world) strings(t require.TestingT, ctx context.Context, sql string) []string {
	rows, err := w.conn.Query(ctx, sql)
	require.NoError(t, err, sql)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, sql)
	slices.Sort(list)
	return list
}

// cells are the titles of tasks by key, as the rewriter shows them. Where the column is closed there are none.
func (w *world) cells(t require.TestingT, ctx context.Context, p *plan.Plan) map[string]plan.Value {
	template := rewrite.New(p.Snapshot).Rewrite("SELECT id::text, title FROM w.task", p)
	if template.Refused != nil {
		closed, _ := plan.CheckCell(p, "task", "title", nil)
		require.Equal(t, plan.CellClosed, closed, "%v: %v", template.Refused, template.Cause)
		return nil
	}
	rows, err := w.conn.Query(ctx, string(template.AppendSQL(nil, rewrite.NewValues(p, strings.Repeat("0", 32)))))
	require.NoError(t, err)
	defer rows.Close()
	cells := map[string]plan.Value{}
	for rows.Next() {
		var key string
		var title *string
		require.NoError(t, rows.Scan(&key, &title))
		cells[key] = plan.Value{Null: title == nil}
		if title != nil {
			cells[key] = plan.Value{Text: *title}
		}
	}
	require.NoError(t, rows.Err())
	return cells
}

// from says how an entity's rows and those over its relations are read without any policy.
func from(entity string) (tables map[string]string, sql string) {
	switch entity {
	case "task":
		return map[string]string{"": "task", "project.": "project"}, `w.task "" LEFT JOIN w.project "project." ON "project.".id = "".project_id`
	case "note":
		return map[string]string{"": "note", "task.": "task", "task.project.": "project"}, `w.note "" LEFT JOIN w.task "task." ON "task.".id = "".task_id ` +
			`LEFT JOIN w.project "task.project." ON "task.project.".id = "task.".project_id`
	default:
		return map[string]string{"": entity}, `w.` + entity + ` ""`
	}
}

// records are all rows of an entity by key, with what its paths lead to.
func (w *world) records(t require.TestingT, ctx context.Context, entity string) map[string]plan.Record {
	tables, sql := from(entity)
	sql = strings.ReplaceAll(sql, `""`, `"row"`)
	columns, names := []string{keyOf(entity, `"row"`)}, []string{""}
	for prefix, table := range tables {
		for _, c := range w.schema.Relations[catalog.RelationName{Schema: "w", Name: table}].Columns {
			alias := prefix
			if alias == "" {
				alias = "row"
			}
			columns = append(columns, fmt.Sprintf(`"%s".%s::text`, alias, c.Name))
			names = append(names, prefix+c.Name)
		}
	}
	rows, err := w.conn.Query(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+sql)
	require.NoError(t, err)
	defer rows.Close()
	records := map[string]plan.Record{}
	for rows.Next() {
		values := make([]*string, len(columns))
		targets := make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		require.NoError(t, rows.Scan(targets...))
		record := plan.Record{}
		for i, v := range values[1:] {
			record[names[i+1]] = plan.Value{Null: v == nil}
			if v != nil {
				record[names[i+1]] = plan.Value{Text: *v}
			}
		}
		records[*values[0]] = record
	}
	require.NoError(t, rows.Err())
	return records
}

// worldPlan resolves and builds.
func worldPlan(t require.TestingT, s *catalog.Snapshot, user, tenant string) *plan.Plan {
	subject, err := plan.Resolve(s, user, tenant)
	require.NoError(t, err)
	p, err := plan.Build(s, subject)
	require.NoError(t, err)
	return p
}
