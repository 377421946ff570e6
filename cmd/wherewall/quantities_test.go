package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestQuantitiesOfFlags(t *testing.T) {
	t.Parallel()
	path := file(t, "max_connections: 20\nreserved_connections: 0\nmax_message: 64MB\nmax_statement: 512kB\nmax_held: 1GB\nstatement_timeout: 1m30s\nclient_send_timeout: 0\n")
	r, err := read([]string{"serve", "--config", path, "--policy", "p", "--upstream", "u"}, standardStreams())
	require.NoError(t, err)
	serve := r.commands.Serve
	require.Equal(t, number(20), serve.MaxConnections)
	require.Equal(t, []size{64 << 20, 512 << 10, 1 << 30}, []size{serve.MaxMessage, serve.MaxStatement, serve.MaxHeld})
	require.Equal(t, 90*time.Second, serve.StatementTimeout.duration())
	require.Equal(t, map[string]int64{"statement_timeout": 90000}, serve.timeoutFlags.settings(), "no limit is none of ours")
	require.NoError(t, serve.validate())
}

func TestQuantitiesThatNoLimitCanBe(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, want string }{
		"a negative number":              {"max_connections: -1\n", ":1:18: max_connections: "},
		"a word":                         {"max_connections: many\n", ":1:18: max_connections: "},
		"a size of nothing":              {"max_message: 0\n", ":1:14: max_message: "},
		"a size beyond the protocol":     {"max_message: 2GB\n", ":1:14: max_message: "},
		"a size in unknown units":        {"max_message: 16M\n", ":1:14: max_message: "},
		"a time without a unit":          {"statement_timeout: 5\n", ":1:20: statement_timeout: "},
		"a negative time":                {"statement_timeout: -5s\n", ":1:20: statement_timeout: "},
		"a time that PostgreSQL rounds":  {"statement_timeout: 10us\n", ":1:20: statement_timeout: "},
		"a time that PostgreSQL refuses": {"statement_timeout: 700h\n", ":1:20: statement_timeout: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, c.text)
			_, err := parse(t, "--config", path, "version")
			require.ErrorContains(t, err, path+c.want)
		})
	}
}

func TestAReserveLeavesSomething(t *testing.T) {
	t.Parallel()
	r, err := read([]string{"serve", "--policy", "p", "--upstream", "u", "--max-connections", "3"}, standardStreams())
	require.NoError(t, err)
	require.ErrorContains(t, r.commands.Serve.validate(), "--reserved-connections 3")
}

func TestChangesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	path := file(t, "policy: p\nupstream: u\ndrain: 1s\nlisten: 127.0.0.1:1\n")
	first, err := read([]string{"serve", "--config", path, "--max-connections", "7"}, standardStreams())
	require.NoError(t, err)
	rewriteFile(t, path, "policy: p\nupstream: u\ndrain: 2s\nlisten: 127.0.0.1:2\nmax_connections: 9\n")
	second, err := first.again()
	require.NoError(t, err)
	require.Equal(t, []change{{"listen", true}, {"drain", false}}, second.since(first), "the command line wins, so max_connections is what it was")
	require.Equal(t, number(7), second.commands.Serve.MaxConnections)
	require.Empty(t, second.since(second))

	rewriteFile(t, path, "policy: p\nupstream: u\ndrain: soon\n")
	_, err = second.again()
	require.ErrorContains(t, err, path+":3:8: drain: ")
}
