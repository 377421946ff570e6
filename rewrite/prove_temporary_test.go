package rewrite_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheProofKeepsStatementsAboutTemporaryTablesToThem(t *testing.T) {
	t.Parallel()
	p := *theSample.values(t, "kim@acme").Plan()
	p.Allow = map[string]bool{"temp_tables": true}
	guarded := "(SELECT * FROM " + project + ") s"
	for name, sql := range map[string]string{
		"COPY to the client":          "COPY pg_temp.x (a) TO STDOUT (FORMAT csv)",
		"COPY from the client":        "COPY pg_temp.x FROM STDIN WHERE a > 1",
		"MERGE of a guarded source":   "MERGE INTO pg_temp.x USING (SELECT * FROM " + project + " OFFSET 0) s ON x.a = s.id WHEN MATCHED THEN DELETE",
		"a table like another":        "CREATE TEMPORARY TABLE pg_temp.x (LIKE pg_temp.y INCLUDING ALL, b int)",
		"a column and a constraint":   "ALTER TABLE pg_temp.x ADD COLUMN b int DEFAULT 1, ADD CHECK (b > 0)",
		"a type and a default":        "ALTER TABLE pg_temp.x ALTER COLUMN b TYPE text USING pg_catalog.lower(b), ALTER COLUMN b SET DEFAULT 'x'",
		"what is dropped":             "ALTER TABLE pg_temp.x DROP COLUMN b CASCADE, DROP CONSTRAINT c, ALTER COLUMN d DROP DEFAULT, ALTER d DROP NOT NULL",
		"another name":                "ALTER TABLE pg_temp.x RENAME TO y",
		"another name for its column": "ALTER TABLE pg_temp.x RENAME COLUMN a TO b",
	} {
		require.NoError(t, theSample.rewriter.Prove(sql, &p), name)
		require.Error(t, theSample.rewriter.Prove(sql, theSample.values(t, "kim@acme").Plan()), "%s, which nobody allowed", name)
	}
	for name, sql := range map[string]string{
		"COPY of a table":                    "COPY app.project TO STDOUT",
		"COPY to a file":                     "COPY pg_temp.x TO '/tmp/x'",
		"COPY from a program":                "COPY pg_temp.x FROM PROGRAM 'x'",
		"COPY with an option":                "COPY pg_temp.x FROM STDIN (FREEZE)",
		"COPY where something is called":     "COPY pg_temp.x FROM STDIN WHERE pg_catalog.pg_sleep(a) IS NULL",
		"COPY of the proxy's own table":      "COPY pg_temp.ww_copy TO STDOUT",
		"COPY of a catalog":                  "COPY pg_temp.pg_class TO STDOUT",
		"COPY without a schema":              "COPY x TO STDOUT",
		"MERGE of a bare source":             "MERGE INTO pg_temp.x USING app.project s ON x.a = s.id WHEN MATCHED THEN DELETE",
		"MERGE into a table":                 "MERGE INTO app.project USING pg_temp.x ON x.a = project.id WHEN MATCHED THEN DELETE",
		"MERGE that fails on its source":     "MERGE INTO pg_temp.x USING " + guarded + " ON 1 / (s.id - 5) = x.a WHEN MATCHED THEN DELETE",
		"MERGE of a bare sub-select":         "MERGE INTO pg_temp.x USING pg_temp.y ON true WHEN MATCHED THEN UPDATE SET a = (SELECT max(id) FROM app.project)",
		"a table like a mapped one":          "CREATE TEMPORARY TABLE pg_temp.x (LIKE app.project)",
		"a table like a catalog":             "CREATE TEMPORARY TABLE pg_temp.x (LIKE pg_temp.pg_class)",
		"a lasting table like another":       "CREATE TABLE app.x (LIKE pg_temp.y)",
		"a change of a table":                "ALTER TABLE app.project ADD COLUMN b int",
		"a change of a view":                 "ALTER VIEW pg_temp.x ALTER COLUMN a SET DEFAULT 1",
		"a change of an index":               "ALTER INDEX pg_temp.x SET (fillfactor = 50)",
		"an owner":                           "ALTER TABLE pg_temp.x OWNER TO postgres",
		"a foreign key":                      "ALTER TABLE pg_temp.x ADD FOREIGN KEY (a) REFERENCES app.project",
		"a column that refers":               "ALTER TABLE pg_temp.x ADD COLUMN b int REFERENCES app.project",
		"a parent":                           "ALTER TABLE pg_temp.x INHERIT app.project",
		"a partition":                        "ALTER TABLE pg_temp.x ATTACH PARTITION app.project DEFAULT",
		"a trigger":                          "ALTER TABLE pg_temp.x DISABLE TRIGGER ALL",
		"an index of another":                "ALTER TABLE pg_temp.x ADD CONSTRAINT c UNIQUE USING INDEX project_pkey",
		"a storage parameter":                "ALTER TABLE pg_temp.x SET (fillfactor = 50)",
		"a default that calls":               "ALTER TABLE pg_temp.x ALTER a SET DEFAULT pg_catalog.pg_read_file('x')",
		"a conversion that calls":            "ALTER TABLE pg_temp.x ALTER a TYPE text USING pg_catalog.pg_read_file('x')",
		"a type that looks names up":         "ALTER TABLE pg_temp.x ALTER a TYPE regclass",
		"a column of a hidden table's rows":  "CREATE TEMPORARY TABLE pg_temp.y (a app.audit_log)",
		"a column added of such rows":        "ALTER TABLE pg_temp.x ADD COLUMN b app.audit_log[]",
		"a column that becomes such rows":    "ALTER TABLE pg_temp.x ALTER a TYPE app.audit_log",
		"a check that calls":                 "ALTER TABLE pg_temp.x ADD CHECK (pg_catalog.pg_sleep(1) IS NULL)",
		"row security":                       "ALTER TABLE pg_temp.x ENABLE ROW LEVEL SECURITY",
		"another schema":                     "ALTER TABLE pg_temp.x SET SCHEMA app",
		"another name for a table":           "ALTER TABLE app.project RENAME TO y",
		"the name of a type":                 "ALTER TABLE pg_temp.x RENAME TO text",
		"a name of the proxy's":              "ALTER TABLE pg_temp.x RENAME TO ww_copy",
		"a column's name of the proxy's":     "ALTER TABLE pg_temp.x RENAME COLUMN a TO ww_check",
		"a constraint's name of the proxy's": "ALTER TABLE pg_temp.x RENAME CONSTRAINT a TO ww_copy",
		"another name for an index":          "ALTER INDEX pg_temp.x RENAME TO y",
		"another name for a view's column":   "ALTER VIEW pg_temp.x RENAME COLUMN a TO b",
		"another name for a schema":          "ALTER SCHEMA app RENAME TO b",
	} {
		require.Error(t, theSample.rewriter.Prove(sql, &p), name)
	}
}
