package rewrite

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryKindHasAName(t *testing.T) {
	t.Parallel()
	for kind := Empty; kind <= SwitchSubject; kind++ {
		require.NotEqual(t, "UNKNOWN", kind.String(), int(kind))
	}
	require.Equal(t, "UNKNOWN", Unknown.String())
	require.Equal(t, "UNKNOWN", (SwitchSubject + 1).String(), "a new kind needs a name")
}

func TestADigestSaysNothingOfWhatFillsTheSlots(t *testing.T) {
	t.Parallel()
	text := func(segments ...segment) string { return (&Template{segments: segments}).Digest() }
	one := text(segment{text: "SELECT ", slot: "id"}, segment{text: " AS x", slot: ""})
	require.Len(t, one, 64)
	require.Equal(t, one, text(segment{text: "SELECT ", slot: "id"}, segment{text: " AS x", slot: ""}))
	require.NotEqual(t, one, text(segment{text: "SELECT ", slot: "tenant:"}, segment{text: " AS x", slot: ""}))
	require.NotEqual(t, text(segment{text: "ab", slot: "c"}), text(segment{text: "a", slot: "bc"}), "where a slot begins counts")
	require.False(t, strings.Contains(one, " "))
}
