package rewrite_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

func TestTheZeroTemplateRefuses(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	var zero rewrite.Template
	sql := string(zero.AppendSQL(nil, v))
	err := theSample.prepare(t, sql)
	require.ErrorContains(t, err, mark)
	require.Equal(t, "42501", zero.Refusal(err.Error(), v).SQLState)
}

func TestARewriterWithoutAPlanRefuses(t *testing.T) {
	t.Parallel()
	require.NotNil(t, theSample.rewriter.Rewrite("SELECT 1", nil).Refused)
	require.NotNil(t, theSample.rewriter.Rewrite("SELECT 1", &plan.Plan{}).Refused, "a plan of another snapshot")
}

func TestATemplateOfAnotherShapeIsNotFilledIn(t *testing.T) {
	t.Parallel()
	kim, lee := theSample.values(t, "kim@acme"), theSample.values(t, "lee@acme")
	template := theSample.rewriter.Rewrite("SELECT id FROM app.project", kim.Plan())
	require.Contains(t, string(template.AppendSQL(nil, kim)), "'acme'")
	require.NotContains(t, string(template.AppendSQL(nil, lee)), "app.project")
}

func TestUsersWithTheSameRolesShareATemplate(t *testing.T) {
	t.Parallel()
	acme, globex := theSample.values(t, "wil@acme"), theSample.values(t, "wil@globex")
	one := theSample.rewriter.Rewrite("SELECT 1 FROM lab.doc", acme.Plan())
	require.Same(t, one, theSample.rewriter.Rewrite("SELECT 1 FROM lab.doc", globex.Plan()))
	require.Contains(t, string(one.AppendSQL(nil, acme)), "'acme'")
	require.Contains(t, string(one.AppendSQL(nil, globex)), "'globex'")
}

func TestRefusalsComeBackByTheirMark(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	for sql, state := range map[string]string{
		"SELECT * FROM app.audit_log": "42P01",
		"SELECT pg_sleep(1)":          "42501",
		"SELECT 1 +":                  "42601",
		"DROP TABLE app.task":         "42501",
	} {
		template := theSample.rewriter.Rewrite(sql, v.Plan())
		err := theSample.prepare(t, string(template.AppendSQL(nil, v)))
		var failed *pgconn.PgError
		require.ErrorAs(t, err, &failed, sql)
		r := template.Refusal(failed.Message, v)
		require.NotNil(t, r, sql)
		require.Equal(t, state, r.SQLState, sql)
	}
	require.Nil(t, theSample.rewriter.Rewrite("SELECT 1", v.Plan()).Refusal("division by zero", v))
}

func TestPositionsPointIntoTheClientsText(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	for _, sql := range []string{
		"SELECT name, @nosuch FROM app.project",
		"SELECT 'üüü', (SELECT max(id) FROM app.task WHERE task.project_id = @nosuch.id) FROM app.project p",
		"SELECT * FROM app.project p JOIN app.task t ON t.project_id = p.id WHERE @t.nosuch = current_user",
		"SELECT id FROM app.project WHERE name @= 5",
	} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()
			before, after, _ := strings.Cut(sql, "@")
			template := theSample.rewriter.Rewrite(before+after, v.Plan())
			require.Nil(t, template.Refused)
			err := theSample.prepare(t, string(template.AppendSQL(nil, v)))
			var failed *pgconn.PgError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, utf8.RuneCountInString(before)+1, template.Position(v, int(failed.Position)), "%s", failed.Message)
		})
	}
}

func TestParametersMayBeDeclaredOfTypesThatCastsMayName(t *testing.T) {
	t.Parallel()
	oid := func(name string) (oid uint32) {
		theSample.lock.Lock()
		defer theSample.lock.Unlock()
		require.NoError(t, theSample.conn.QueryRow(t.Context(), "SELECT $1::text::regtype::oid", name).Scan(&oid))
		return oid
	}
	for _, name := range []string{"int4", "text", "text[]", "uuid", "jsonb", "numeric", "timestamptz", "app.task_status", "app.task_status[]", "unknown"} {
		require.True(t, theSample.rewriter.MayDeclare(oid(name), theSample.values(t, "kim@acme").Plan()), name)
	}
	require.True(t, theSample.rewriter.MayDeclare(0, theSample.values(t, "kim@acme").Plan()))
	for _, name := range []string{
		"regclass", "regclass[]", "regrole", "regprocedure", "regtype", "app.project", "app.audit_log", "app.project[]", "record", "cstring", "internal", "refcursor",
	} {
		require.False(t, theSample.rewriter.MayDeclare(oid(name), theSample.values(t, "kim@acme").Plan()), name)
	}
	require.False(t, theSample.rewriter.MayDeclare(4294967295, theSample.values(t, "kim@acme").Plan()))
}

func TestTheValuesOfASubjectAreQuoted(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	p := *v.Plan()
	p.Values = map[string]string{"id": `o'neil\`, "tenant": `' OR true --`}
	p.Subject.User = `o'neil\`
	hostile := rewrite.NewValues(&p, mark)
	sql := string(theSample.rewriter.Rewrite("SELECT current_user, id FROM app.project", v.Plan()).AppendSQL(nil, hostile))
	require.Contains(t, sql, `'o''neil\\'`)
	require.Contains(t, sql, `''' OR true --'`)
	require.NoError(t, theSample.prepare(t, sql))
}

func TestRewritingIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				template := theSample.rewriter.Rewrite("SELECT id FROM app.task WHERE project_id = 1", v.Plan())
				require.Nil(t, template.Refused)
			}
		})
	}
	group.Wait()
}

// FuzzRewrite looks for texts that end the process, or that come out unrefused in a form that PostgreSQL does not parse.
func FuzzRewrite(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(f, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(f, err)
		for _, c := range strings.Split(string(content), "\n\n") {
			_, sql, _ := strings.Cut(c, "\n")
			sql, _, _ = strings.Cut(sql, "\n----")
			f.Add(sql)
		}
	}
	v := theSample.values(f, "wil@acme")
	f.Fuzz(func(t *testing.T, sql string) {
		template := theSample.rewriter.Rewrite(sql, v.Plan())
		if template.Refused != nil || len(template.Statements) != 1 {
			return
		}
		var failed *pgconn.PgError
		if err := theSample.prepare(t, string(template.AppendSQL(nil, v))); err != nil {
			require.ErrorAs(t, err, &failed)
			require.NotContains(t, failed.Message, "syntax error", "%s", template.AppendSQL(nil, v))
		}
	})
}
