package rewrite

import (
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/plan"
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

// Every statement that the parser has is either allowed, which takes a function of its own, or refused by its name with a word on what to
// do instead.
func TestEveryStatementIsAllowedOrRefusedByName(t *testing.T) {
	t.Parallel()
	node := (&pg.Node{}).ProtoReflect()
	fields := node.Descriptor().Oneofs().Get(0).Fields()
	statements := 0
	for i := range fields.Len() {
		kind := fields.Get(i).Message().Name()
		if !strings.HasSuffix(string(kind), "Stmt") {
			continue
		}
		statements++
		command, instead := refusedCommand(kind)
		if classify(kind) == handled {
			require.Emptyf(t, command, "%s is allowed and refused", kind)
			continue
		}
		require.NotEmpty(t, command, "%s is neither allowed nor refused by name", kind)
		require.NotEmpty(t, instead, "%s is refused without a word on what to do instead", kind)
		n := &pg.Node{}
		n.ProtoReflect().Set(fields.Get(i), n.ProtoReflect().NewField(fields.Get(i)))
		_, err := (&walker{plan: &plan.Plan{}}).statement(n)
		var refusal *denial
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, stateInsufficientPrivilege, refusal.SQLState)
		require.Contains(t, refusal.Message, command)
		require.Equal(t, instead, refusal.Hint)
	}
	require.Greater(t, statements, 110)
}
