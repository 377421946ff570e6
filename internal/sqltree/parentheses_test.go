package sqltree

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every operand stands in every place, in parentheses: the print must mean what the text means, or there must be none.
func TestOperandsKeepTheirParentheses(t *testing.T) {
	t.Parallel()
	operands := []string{
		"a AND b", "a OR b", "NOT a", "a = b", "a IS NULL", "a IS TRUE", "a IS DISTINCT FROM b", "a IS NOT DISTINCT FROM b", "a IN (1)", "a NOT IN (1)",
		"a BETWEEN 1 AND 2", "a LIKE 'x'", "a = ANY (b)", "a IN (SELECT 1)", "NOT a IN (SELECT 1)", "CASE WHEN a THEN b END", "a + b", "-a", "a::text",
		"EXISTS (SELECT 1)", "(SELECT 1)", "(a, b) = (1, 2)", "a SIMILAR TO 'x'", "coalesce(a, b)", "greatest(a, b)", "ARRAY[a]", "nullif(a, b)", "f(a)",
		"a COLLATE \"C\"", "(a).b", "a[1]", "CURRENT_USER", "xmlconcat(a)", "GROUPING(a)", "$1", "a AT TIME ZONE 'UTC'", "JSON_OBJECT('k': a)", "JSON_ARRAY(a)",
	}
	places := []string{
		"(%s) IS NULL", "(%s) IS NOT NULL", "(%s) IS TRUE", "(%s) IS NOT UNKNOWN", "(%s) = c", "c = (%s)", "(%s) IS DISTINCT FROM c", "c IS NOT DISTINCT FROM (%s)", "(%s) IS NOT DISTINCT FROM c", "c IS DISTINCT FROM (%s)", "(%s)::int",
		"(%s) + c", "NOT (%s)", "(%s) AND c", "c OR (%s)", "(%s) IN (1)", "c IN ((%s), 2)", "(%s) BETWEEN 1 AND 2", "c BETWEEN (%s) AND 3",
		"c NOT BETWEEN 1 AND (%s)", "(%s) LIKE 'x'", "c ILIKE (%s)", "(%s) = ANY (c)", "c = ANY ((%s))", "(%s) IN (SELECT 1)",
		"(%s) = ALL (SELECT 1)", "CASE (%s) WHEN 1 THEN 2 END", "f((%s))", "ARRAY[(%s)]", "c[(%s)]", "(%s)[1]", "(%s)[1:2]", "(%s).f", "(%s)[1].f", "(%s).*",
	}
	for _, place := range places {
		for _, operand := range operands {
			sql := "SELECT " + fmt.Sprintf(place, operand) + " AS x"
			stmts, err := Parse(sql)
			require.NoError(t, err, sql)
			_, _, err = Deparse(stmts[0].GetStmt(), nil)
			require.NoError(t, err, sql)
		}
	}
}
