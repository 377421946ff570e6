package casebook

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/rewrite"
)

// answer is what came of a statement.
type answer struct {
	outcome Outcome
	code    string // of a refusal, or PostgreSQL's SQLSTATE
	message string
	columns []string
	rows    [][]*string // nil for NULL
	changed int64       // rows that were returned or changed
}

// String says what came of it.
func (a *answer) String() string {
	switch a.outcome {
	case Denied, Failed:
		return fmt.Sprintf("%s, %s: %s", a.outcome, a.code, a.message)
	case Allowed, ZeroRows:
		return fmt.Sprintf("%s, with %s", a.outcome, plural(int(a.changed), "row"))
	default:
		return "nothing"
	}
}

// ask rewrites a statement with the user's plan and runs it. It leaves the transaction as it was where the statement fails.
func (t *trial) ask(ctx context.Context, sql string) (*answer, error) {
	template := t.rewriter.Rewrite(sql, t.plan)
	if template.Refused != nil {
		a := refusedAs(template.Refused)
		if template.Cause != nil && template.Cause.Error() != a.message {
			a.message += " (" + template.Cause.Error() + ")" // Whoever tests a policy is its operator.
		}
		return a, nil
	}
	for _, s := range template.Statements {
		if !s.Kind.IsQuery() && s.Kind != rewrite.Show && s.Kind != rewrite.Empty {
			return nil, errors.New("a case reads and writes rows in one transaction with the server's settings: it has no BEGIN, COMMIT or SET of its own, and no names of statements or cursors")
		}
	}
	a, err := t.execute(ctx, string(template.AppendSQL(nil, t.values)))
	if err != nil {
		return nil, err
	}
	if a.outcome == Failed {
		if refusal := template.Refusal(a.message, t.values); refusal != nil {
			return refusedAs(refusal), nil
		}
		return a, nil
	}
	a.hide(template.Statements[len(template.Statements)-1].Hidden)
	return a, nil
}

// atTheDoor says whether a statement was refused for the table or the operation alone.
func (a *answer) atTheDoor() bool {
	return a.outcome == Denied && (a.code == rewrite.TableDenied || a.code == rewrite.OperationDenied)
}

func refusedAs(r *rewrite.Refusal) *answer {
	return &answer{outcome: Denied, code: r.Code, message: r.Message}
}

// hide takes out what the proxy's reply loop takes out.
func (a *answer) hide(h rewrite.Hidden) {
	switch h {
	case rewrite.HiddenNothing:
	case rewrite.HiddenColumn:
		a.columns = a.columns[:max(0, len(a.columns)-1)]
		for i, row := range a.rows {
			a.rows[i] = row[:max(0, len(row)-1)]
		}
	case rewrite.HiddenRows:
		a.columns, a.rows = nil, nil
	default:
		a.columns, a.rows = nil, nil
	}
}

// execute runs a text as it is, in a savepoint.
func (t *trial) execute(ctx context.Context, sql string) (*answer, error) {
	if err := t.command(ctx, "SAVEPOINT wherewall"); err != nil {
		return nil, err
	}
	a := &answer{}
	results := t.conn.PgConn().Exec(ctx, sql)
	for results.NextResult() {
		a.read(results.ResultReader())
	}
	err := results.Close()
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		a = &answer{outcome: Failed, code: e.Code, message: e.Message}
		return a, t.command(ctx, "ROLLBACK TO wherewall")
	case err != nil:
		return nil, fmt.Errorf("running a statement: %w", err)
	}
	a.outcome = Allowed
	if a.changed == 0 {
		a.outcome = ZeroRows
	}
	return a, t.command(ctx, "RELEASE wherewall")
}

func (a *answer) read(result *pgconn.ResultReader) {
	a.columns, a.rows = nil, nil
	for _, f := range result.FieldDescriptions() {
		a.columns = append(a.columns, f.Name)
	}
	for result.NextRow() {
		row := make([]*string, len(result.Values()))
		for i, v := range result.Values() {
			if v != nil {
				text := string(v)
				row[i] = &text
			}
		}
		a.rows = append(a.rows, row)
	}
	tag, _ := result.Close() // Its error is that of the whole.
	a.changed = tag.RowsAffected()
}

func (t *trial) command(ctx context.Context, sql string) error {
	if _, err := t.conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("running %s: %w", sql, err)
	}
	return nil
}

func (t *trial) statementClaim(ctx context.Context, c StatementClaim) error {
	proof, err := t.proves(ctx, c)
	if err != nil {
		return err
	}
	t.uses(c.SQL)
	got, err := t.ask(ctx, c.SQL)
	if err != nil {
		return err
	}
	switch {
	case got.outcome != c.Expect:
		t.failf("expected %s\ngot %s\nfor %s", c.expectation(), got, c.SQL)
	case c.Code != "" && got.code != c.Code:
		t.failf("expected %s\ngot %s\nfor %s", c.expectation(), got, c.SQL)
	case c.Count != nil && got.changed != int64(*c.Count):
		t.failf("expected %s\ngot %s\nfor %s", plural(*c.Count, "row"), plural(int(got.changed), "row"), c.SQL)
	case proof != "":
		t.failf("%s\nfor %s", proof, c.SQL)
	}
	if c.Rows != nil && got.outcome == c.Expect {
		t.compareRows(*c.Rows, got.rows)
	}
	return nil
}

func (c StatementClaim) expectation() string {
	if c.Code != "" {
		return string(c.Expect) + ", " + c.Code
	}
	return string(c.Expect)
}

// proves says why a case proves nothing: a write that touches no row without a policy either, as where a key is mistyped.
func (t *trial) proves(ctx context.Context, c StatementClaim) (string, error) {
	if c.Expect != ZeroRows || c.Verb == "select" {
		return "", nil
	}
	raw, err := t.undone(ctx, c.SQL)
	if err != nil || raw.outcome != ZeroRows {
		return "", err
	}
	return "the statement finds no row without a policy either, so the case proves nothing", nil
}

// undone runs a text as it is and takes back what it did.
func (t *trial) undone(ctx context.Context, sql string) (*answer, error) {
	if err := t.command(ctx, "SAVEPOINT wherewall_raw"); err != nil {
		return nil, err
	}
	a, err := t.execute(ctx, sql)
	if err != nil {
		return nil, err
	}
	return a, t.command(ctx, "ROLLBACK TO wherewall_raw")
}

func (t *trial) compareRows(want [][]Value, got [][]*string) {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			t.failf("expected no row %d\ngot %s", i+1, shownRow(got[i]))
		case i >= len(got):
			t.failf("expected row %d to be %s\ngot none", i+1, Key(want[i]))
		case !Key(want[i]).is(got[i]):
			t.failf("expected row %d to be %s\ngot %s", i+1, Key(want[i]), shownRow(got[i]))
		}
		if len(t.failures) == maxShown {
			return
		}
	}
}

// maxShown bounds how much of a long difference is printed.
const maxShown = 10

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
