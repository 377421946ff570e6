package rewrite

import (
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
)

func TestEveryKindOfNodeIsDecided(t *testing.T) {
	t.Parallel()
	messages := pg.File_pg_query_proto.Messages()
	require.Greater(t, messages.Len(), 250)
	for i := range messages.Len() {
		name := messages.Get(i).Name()
		require.NotEqual(t, unheardOf, classify(name), "the parser has a kind of node that allow.go does not name: %s", name)
	}
}

func TestAKindNobodyDecidedIsRefused(t *testing.T) {
	t.Parallel()
	require.Equal(t, unheardOf, classify("SomethingNewStmt"))
}
