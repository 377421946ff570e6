package sqltree

import (
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

func TestTreeVersionIsTheParsersOwn(t *testing.T) {
	t.Parallel()
	tree, err := pg.Parse("SELECT 1")
	require.NoError(t, err)
	require.Equal(t, tree.Version, int32(treeVersion))
}

func TestDeparseProvesWhatItPrints(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"joins":   "SELECT a.x, b.* FROM a LEFT JOIN (b CROSS JOIN c) ON a.id = b.id AND b.y IN (1, 2)",
		"windows": "SELECT sum(x) OVER (PARTITION BY y ORDER BY z ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t",
		"writes":  "WITH d AS (DELETE FROM a USING b WHERE a.id = b.id RETURNING a.*) INSERT INTO c SELECT * FROM d ON CONFLICT (id) DO UPDATE SET x = excluded.x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stmts, err := Parse(sql)
			require.NoError(t, err)
			text, again, err := Deparse(stmts[0].Stmt, nil)
			require.NoError(t, err)
			require.True(t, Equal(stmts[0].Stmt, again), text)
		})
	}
}

func TestDeparseRefusesWhatIsReadBackDifferently(t *testing.T) {
	t.Parallel()
	// A minus before a number is read as a negative number, not as an operator.
	stmts, err := Parse("SELECT + 1")
	require.NoError(t, err)
	stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().GetVal().GetAExpr().Name[0].GetString_().Sval = "-"
	_, _, err = Deparse(stmts[0].Stmt, nil)
	require.ErrorContains(t, err, "reading the print back")
}

func TestAlignPairsThePlacesOfBothTexts(t *testing.T) {
	t.Parallel()
	const sql = "select   x  from  t where y = 'ü' and z=1"
	stmts, err := Parse(sql)
	require.NoError(t, err)
	found := map[string]string{}
	var pairs [][2]int32
	text, _, err := Deparse(stmts[0].Stmt, func(want, _ proto.Message, theirs, ours int32) {
		if _, ok := want.(*pg.ColumnRef); ok {
			pairs = append(pairs, [2]int32{theirs, ours})
		}
	})
	require.NoError(t, err)
	for _, p := range pairs {
		found[sql[p[0]:p[0]+1]] = text[p[1] : p[1]+1]
	}
	require.Equal(t, map[string]string{"x": "x", "y": "y", "z": "z"}, found)
}

func TestSyntaxErrorsSayWhereInCharacters(t *testing.T) {
	t.Parallel()
	_, err := Parse("select 'ü', from")
	var syntax *SyntaxError
	require.ErrorAs(t, err, &syntax)
	require.Equal(t, `syntax error at or near "from"`, syntax.Message)
	require.Equal(t, 13, syntax.Position)
}
