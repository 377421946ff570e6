package tests

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// proofWorld is a database and what one draw put into it.
type proofWorld struct {
	conn     *pgconn.PgConn
	schema   *catalog.Schema
	dir      string
	snapshot *catalog.Snapshot
	rewriter *rewrite.Rewriter
}

const proofMark = "00000000000000000000000000000000"

// newProofWorld makes the tables. Foreign keys are declared, for `relations: fk`, and not enforced: paths may break.
func newProofWorld(t *testing.T, name string) *proofWorld {
	t.Helper()
	pg.createDatabase(t, name, "template0")
	sql := "CREATE SCHEMA x;"
	for _, entity := range proofEntities() {
		more := ""
		if relation := proofRelation(entity); relation != "" {
			more = fmt.Sprintf(", %[1]s_id int REFERENCES x.%[1]s (id)", relation)
		}
		sql += fmt.Sprintf("CREATE TABLE x.%s (id int PRIMARY KEY, org text, who text, boss text, size int, word text, gone bool%s);", entity, more)
	}
	pg.exec(t, name, sql)
	conn, err := pgx.Connect(t.Context(), pg.adminDSN(name))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	w := &proofWorld{conn: conn.PgConn(), dir: t.TempDir()}
	w.schema, err = catalog.LoadSchema(t.Context(), conn)
	require.NoError(t, err)
	w.exec(t, "SET session_replication_role = replica")
	return w
}

func (w *proofWorld) exec(t require.TestingT, sql string) {
	_, err := w.conn.Exec(context.Background(), sql).ReadAll()
	require.NoError(t, err, sql)
}

// rows runs one query; nil stands for NULL.
func (w *proofWorld) rows(t require.TestingT, sql string) [][][]byte {
	results, err := w.conn.Exec(context.Background(), sql).ReadAll()
	require.NoError(t, err, sql)
	return results[len(results)-1].Rows
}

// keys are the first column of a query, sorted.
func (w *proofWorld) keys(t require.TestingT, sql string) []string {
	keys := []string{}
	for _, row := range w.rows(t, sql) {
		keys = append(keys, string(row[0]))
	}
	slices.Sort(keys)
	return keys
}

// read makes a snapshot of a policy, as the product does.
func (w *proofWorld) read(t require.TestingT, text string) {
	path := filepath.Join(w.dir, "policy.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	policy, err := catalog.ReadPolicy(path)
	require.NoError(t, err, text)
	snapshot, problems := catalog.Bind(policy, w.schema)
	require.NoError(t, problems.Err(), text)
	w.snapshot, w.rewriter = snapshot, rewrite.New(snapshot)
}

func (w *proofWorld) plan(t require.TestingT, user, tenant string) *plan.Plan {
	subject, err := plan.Resolve(w.snapshot, user, tenant)
	require.NoError(t, err)
	p, err := plan.Build(w.snapshot, subject)
	require.NoError(t, err)
	return p
}

// proofAnswer is what comes of a statement. gaveUp says that the rewriter cannot write it safely, which is no answer.
type proofAnswer int

const (
	refused proofAnswer = iota
	sent
	gaveUp
)

// through is a statement as the rewriter sends it.
func (w *proofWorld) through(t require.TestingT, p *plan.Plan, sql string) (text string, answer proofAnswer) {
	template := w.rewriter.Rewrite(sql, p)
	if template.Refused == nil {
		return string(template.AppendSQL(nil, rewrite.NewValues(p, proofMark))), sent
	}
	switch template.Refused.Code {
	case rewrite.TableDenied, rewrite.OperationDenied, rewrite.ColumnDenied:
		return "", refused
	default:
		require.Equal(t, "0A000", template.Refused.SQLState, "%s: %v", sql, template.Cause)
		return "", gaveUp
	}
}

// seen are the keys that a query shows through the rewriter; nothing where it is refused.
func (w *proofWorld) seen(t require.TestingT, p *plan.Plan, sql string) []string {
	text, answer := w.through(t, p, sql)
	require.NotEqual(t, gaveUp, answer, sql)
	if answer == refused {
		return []string{}
	}
	return w.keys(t, text)
}

// does runs a write through the rewriter, says whether it touched a row, and undoes it.
func (w *proofWorld) does(t require.TestingT, p *plan.Plan, sql string) (done bool, answer proofAnswer) {
	text, answer := w.through(t, p, sql)
	if answer != sent {
		return false, answer
	}
	w.exec(t, "BEGIN")
	results, err := w.conn.Exec(context.Background(), text).ReadAll()
	w.exec(t, "ROLLBACK")
	if err != nil {
		require.Contains(t, err.Error(), proofMark, "an error that is none of ours: %s", text)
		return false, sent
	}
	return results[len(results)-1].CommandTag.RowsAffected() == 1, sent
}

// proofReached are the rows that paths lead to, by prefix.
func proofReached(entity string) (prefixes, tables []string) {
	prefix := ""
	for at := entity; at != ""; at = proofRelation(at) {
		if at != entity {
			prefix += at + "."
		}
		prefixes, tables = append(prefixes, prefix), append(tables, at)
	}
	return prefixes, tables
}

// records are rows by key, with what their paths lead to. from is the rows' table, or a query in brackets.
func (w *proofWorld) records(t require.TestingT, entity, from string) map[string]plan.Record {
	prefixes, tables := proofReached(entity)
	sql := from + " r0"
	var columns, names []string
	for i, table := range tables {
		if i > 0 {
			sql += fmt.Sprintf(" LEFT JOIN x.%[1]s r%[2]d ON r%[2]d.id = r%[3]d.%[1]s_id", table, i, i-1)
		}
		for _, c := range proofColumns(table) {
			columns, names = append(columns, fmt.Sprintf("r%d.%s::text", i, c)), append(names, prefixes[i]+c)
		}
	}
	all := map[string]plan.Record{}
	for _, row := range w.rows(t, "SELECT "+strings.Join(columns, ", ")+" FROM "+sql) {
		record := plan.Record{}
		for i, value := range row {
			record[names[i]] = plan.Value{Text: string(value), Null: value == nil}
			if record[names[i]].Text == "t" || record[names[i]].Text == "f" {
				require.Contains(t, names[i], "gone")
			}
		}
		all[string(row[0])] = record
	}
	return all
}
