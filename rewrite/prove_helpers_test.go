package rewrite_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheProofMakesAnswersAboutObjectsAgain(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	applied := map[string]int{}
	for _, sql := range []string{
		"SELECT pg_get_constraintdef(oid) FROM pg_constraint", "SELECT 'task'::regclass", "SELECT format_type(23, NULL)", "SELECT has_table_privilege('task', 'SELECT')",
		"SELECT obj_description(1, 'pg_class')", "SELECT '{task}'::regclass[]", "SELECT * FROM pg_partition_ancestors('task') a",
	} {
		template := theSample.rewriter.Rewrite(sql, v.Plan())
		require.Nil(t, template.Refused, sql)
		text := template.Unfilled()
		require.NoError(t, theSample.rewriter.Prove(text, v.Plan()), sql)
		for claim, change := range map[string][2]string{
			"another object in sight":     {"16384::pg_catalog.oid", "99999::pg_catalog.oid"},
			"an argument in the answer":   {"ww_o.oid", "16384"},
			"another argument's type":     {"::pg_catalog.text AS ww_a1", "::pg_catalog.name AS ww_a1"},
			"arguments without their own": {"OFFSET 0) \"ww_h_", ") \"ww_h_"},
		} {
			if changed := strings.Replace(text, change[0], change[1], 1); changed != text {
				applied[claim]++
				require.Error(t, theSample.rewriter.Prove(changed, v.Plan()), "%s: %s", claim, sql)
			}
		}
	}
	require.Len(t, applied, 4)
}

func TestTheProofRefusesWhatLooksNamesUp(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	for _, sql := range []string{
		"SELECT 'app.task'::regclass", "SELECT '{app.task}'::pg_catalog.regclass[]", "SELECT 16384::regtype", "SELECT NULL::_regproc",
		"SELECT pg_catalog.pg_get_constraintdef(16384::pg_catalog.oid)", "SELECT pg_catalog.to_regclass('app.task')", "SELECT pg_catalog.format_type(16384, NULL)",
		"SELECT pg_catalog.has_table_privilege('app.task', 'SELECT')", "SELECT (SELECT pg_catalog.pg_get_viewdef(ww_o.oid) FROM pg_catalog.pg_class ww_o)",
		"LOCK TABLE app.task", "LOCK TABLE app.audit_log IN ACCESS SHARE MODE", "LOCK TABLE task IN ACCESS SHARE MODE",
		`SELECT (SELECT ww_o.oid FROM (SELECT 'x'::pg_catalog.text AS ww_a1 OFFSET 0) "ww_h_regclass.oid", pg_catalog.pg_class ww_o)`,
		"SELECT * FROM (SELECT ww_1.seqstart AS last_value FROM pg_catalog.pg_sequence ww_1) s",
	} {
		require.Error(t, theSample.rewriter.Prove(sql, v.Plan()), sql)
	}
	require.NoError(t, theSample.rewriter.Prove("LOCK TABLE app.task IN ACCESS SHARE MODE", v.Plan()))
}
