package document

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInsideFindsEveryVisibleCharacter(t *testing.T) {
	t.Parallel()
	const text = `# é
plain: {where: region = ANY(me.regions), z: 3}
folded: a = 1
   AND b = X2
double: "s = 'dé' \u0041ND \"q\" = \
    X2"
single: 'it = ''é'' AND X2'
literal: |
    a = 1
      AND b

    AND X2
strip: >-   # header
  x = é
  and X2
inline: [é, X2]
`
	docs, faults := Parse("p.yaml", []byte(text))
	require.Empty(t, faults)
	want := map[string][2]int{
		"folded": {4, 12}, "double": {6, 5}, "single": {7, 25}, "literal": {12, 9}, "strip": {15, 7},
	}
	for key, at := range want {
		n := docs[0].Get(key)
		got := n.Inside(strings.Index(n.Text, "X2"))
		require.Equal(t, at, [2]int{got.Line, got.Col}, "%s: %q", key, n.Text)
	}
	where := docs[0].Get("plain").Get("where")
	require.Equal(t, "p.yaml:2:25", where.Inside(strings.Index(where.Text, "ANY")).String())
	require.Equal(t, "p.yaml:16:14", docs[0].Get("inline").Items[1].Inside(1).String())
	require.Equal(t, "p.yaml:2:40", where.Inside(999).String())
}

func TestParseIsStrict(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, fault string }{
		"a duplicate key names both places":    {"a: 1\nb:\n  c: 1\n  c: 2\n", `p.yaml:4:3 "c" is there twice, first at p.yaml:3:3`},
		"a duplicate in a flow map is found":   {"a: {x: 1, 'x': 2}\n", `p.yaml:1:11 "x" is there twice, first at p.yaml:1:5`},
		"an anchor is a fault":                 {"a: &x 1\n", "p.yaml:1:4 anchors, aliases and tags are not part of the language"},
		"a merge key is a fault":               {"a:\n  <<: {x: 1}\n", "p.yaml:2:3 merge keys are not part of the language"},
		"a tag is a fault":                     {"a: !!str 1\n", "p.yaml:1:4 anchors, aliases and tags are not part of the language"},
		"a null key is a fault":                {"null: 1\n", "p.yaml:1:1 a key is missing or needs quotes"},
		"broken YAML is a fault with its line": {"a:\n  b: [1\n", "p.yaml:2:6 sequence end token ']' not found"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, faults := Parse("p.yaml", []byte(c.text))
			require.NotEmpty(t, faults)
			require.Equal(t, c.fault, faults[0].Place.String()+" "+faults[0].Message)
		})
	}
}

func TestScalarsKeepTheirSpelling(t *testing.T) {
	t.Parallel()
	docs, faults := Parse("p.yaml", []byte("{007: 1, a: 1e3, b: NO, c: \"1\", d: True, e: , f: 0x10, g: 1_000}\n"))
	require.Empty(t, faults)
	var got []string
	for _, e := range docs[0].Entries {
		got = append(got, e.Key.Text+"="+e.Value.Text)
	}
	require.Equal(t, []string{"007=1", "a=1e3", "b=NO", "c=1", "d=true", "e=", "f=0x10", "g=1_000"}, got)
	require.Equal(t, Text, docs[0].Get("c").Type)
	require.Equal(t, Text, docs[0].Get("b").Type)
	require.Equal(t, Int, docs[0].Get("f").Type)
}

func FuzzParse(f *testing.F) {
	f.Add("a: {b: \"x\\u0041\"}\nc: |\n  d\n")
	f.Fuzz(func(t *testing.T, text string) {
		docs, _ := Parse("p.yaml", []byte(text))
		for _, d := range docs {
			walk(d)
		}
	})
}

func walk(n *Node) {
	n.Inside(len(n.Text) / 2)
	_ = n.Place.Excerpt()
	for _, e := range n.Entries {
		walk(e.Key)
		walk(e.Value)
	}
	for _, i := range n.Items {
		walk(i)
	}
}
