package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBoxesAreAligned(t *testing.T) {
	t.Parallel()
	shout := func(s string) string { return "\x1b[1m" + s + "\x1b[0m" }
	table := boxes{
		{{text: ""}, {text: "kim\nacme"}},
		{{text: "Gdańsk 日本"}, {text: "7", paint: shout}},
	}
	require.Equal(t, ""+
		" ┌─────────────┬──────┐\n"+
		" │             │ kim  │\n"+
		" │             │ acme │\n"+
		" ├─────────────┼──────┤\n"+
		" │ Gdańsk 日本 │ \x1b[1m7\x1b[0m    │\n"+
		" └─────────────┴──────┘\n", table.draw(" "))
}
