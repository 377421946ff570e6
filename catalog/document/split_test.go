package document

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sameAsTheLibrary reads an entry both ways.
func sameAsTheLibrary(t *testing.T, text string) (quickly bool) {
	t.Helper()
	file := NewFile("p.yaml", []byte(text))
	lines := make([]int, len(file.lines))
	for i := range lines {
		lines[i] = i + 1
	}
	q := &quick{file: file, line: 0, end: len(file.lines)}
	entry, ok := q.entry()
	if !ok {
		return false
	}
	c := &converter{file: file, lines: lines}
	documents := c.parse([]byte(text))
	require.Empty(t, c.faults, "%q", text)
	require.Len(t, documents, 1, "%q", text)
	require.Len(t, documents[0].Entries, 1, "%q", text)
	want := documents[0].Entries[0]
	if strings.Contains(text, " \n") || strings.Contains(text, "\r") || strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }) {
		// The library miscounts columns there.
		nowhere(want.Key, want.Value, entry.Key, entry.Value)
	}
	require.Equal(t, want, entry, "%q", text)
	return true
}

func nowhere(nodes ...*Node) {
	for _, n := range nodes {
		n.Place.Col = 0
		for _, e := range n.Entries {
			nowhere(e.Key, e.Value)
		}
		nowhere(n.Items...)
	}
}

func TestTheQuickReaderAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	scalars := []string{
		"kim", "7", "-3", "007", "1.5", "true", "True", "null", "~", "NO", "yes", "2026-01-01", "a b", "'q'", "'it''s'", `"d"`, `"e\n"`, "é", "a:b", "a: b",
		"SCRAM-SHA-256$4096:a+/=:b==", "x#y", "-", "[]", "{}", "[a, b]", "[a, 'b c', 3]", "{a: [x], b: {c: 1}}", "{a: b,}", "{a}", "[a,, b]", "[a", "{a: }", "*x", "&x y",
		"!t", "|", "> x", "a@b.c", "", "a,b", "[a b]", "x y # z", "1_000", "0x1f", "1e3", ".5", "+1", "12345678901234567890", "{'a': 1}", "{\"a\": \"b\"}", "a/b", "{a: b c}", "[true, x:y]", "inf", "Ωmega",
	}
	var text []string
	for _, s := range scalars {
		for _, comment := range []string{"", " # note", "#x", "   "} {
			text = append(text, "  k: "+s+comment, "  'k q': "+s, "  k:\n    a: "+s+comment+"\n    # c\n\n    b: {x: [y, "+s+"]}\n  ")
		}
	}
	text = append(text, "  k:\n    a:\n      b: c\n    d: e\n", "  k:\n    - a\n    - b\n", "  k: a\n    b\n", "  k: [a,\n    b]\n", "  k:\n   a: b\n    c: d\n", "  k:\n    a: b\n    a: c\n",
		"  k :  v", "  k:v", "  k: {a: b} c", "  k: [a] # x\n  # y\n", "  \"k\": v", "  k:\n", "  k: 'a' 'b'", "  k: \t v", "  k: v\n ", "\t k: v")
	quickly := 0
	for _, s := range text {
		if sameAsTheLibrary(t, s) {
			quickly++
		}
	}
	require.Greater(t, quickly, len(text)/5, "much of it is plain")
}

func TestRandomEntriesAreReadAsTheLibraryDoes(t *testing.T) {
	t.Parallel()
	words := []string{"a", "kim", "7", " ", "  ", ":", ": ", ", ", ",", "{", "}", "[", "]", "'", "\"", "#", " # ", "-", "- ", "\n", "\n    ", "\n      ", "é", "true", "null", "x:y", "2026-01-01", "$", "1.5", "\t"}
	source := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that runs alike every time
	for range 100_000 {
		var b strings.Builder
		b.WriteString("  k:")
		for range 1 + source.IntN(14) {
			b.WriteString(words[source.IntN(len(words))])
		}
		sameAsTheLibrary(t, b.String())
	}
}

func FuzzQuick(f *testing.F) {
	f.Add("  kim: {tenants: {acme: [member]}, active: true}\n")
	f.Add("  kim:\n    tenants: {acme: [a, 'b c']} # x\n    attrs: {n: 7}\n")
	f.Fuzz(func(t *testing.T, text string) { sameAsTheLibrary(t, text) })
}

func TestSectionsAreLeftOutOfTheDocument(t *testing.T) {
	t.Parallel()
	const text = `wherewall: 1
users: # everybody
  # the first
  kim: {roles: [a]}
  lee:
    roles:
      - b
    attrs: {x: |
        y}

roles:
  a: {can: [}
`
	documents, sections, faults := ParseSplit("p.yaml", []byte(strings.Replace(text, "[}", "[]}", 1)), "users", "tenants")
	require.Empty(t, faults)
	require.Len(t, documents, 1)
	require.Equal(t, "p.yaml:11:1", documents[0].Entries[1].Key.Place.String(), "what comes after has its own lines")
	require.Len(t, sections, 1)
	require.Equal(t, 2, sections[0].Len())
	var places []string
	faults = sections[0].Each(func(key, value *Node) {
		places = append(places, key.Text+" "+key.Place.String()+" "+value.Place.String())
	})
	require.NotEmpty(t, places)
	require.Equal(t, "kim p.yaml:4:3 p.yaml:4:8", places[0])
	require.NotEmpty(t, faults, "a block scalar in a flow map")
	require.Contains(t, []int{8, 9}, faults[0].Place.Line)

	_, _, faults = ParseSplit("p.yaml", []byte(text), "users")
	require.Equal(t, 12, faults[0].Place.Line)
	_, _, faults = ParseSplit("p.yaml", []byte("users:\n  a: {}\nusers: {b: {}}\nusers:\n  c: {}\n"), "users")
	_, _, hidden := ParseSplit("p.yaml", []byte("users:\n  a: {} # x\rroles: {}\n"), "users")
	require.Equal(t, "p.yaml:2:12 a carriage return in the middle of a line", hidden[0].Place.String()+" "+hidden[0].Message)
	var found []string
	for _, f := range faults {
		require.True(t, f.Duplicate)
		found = append(found, f.Place.String()+" "+f.Message)
	}
	require.ElementsMatch(t, []string{
		`p.yaml:3:1 "users" is there twice, first at p.yaml:1:1`, `p.yaml:4:1 "users" is there twice, first at p.yaml:1:1`,
		`p.yaml:4:1 "users" is there twice, first at p.yaml:3:1`,
	}, found)
}
