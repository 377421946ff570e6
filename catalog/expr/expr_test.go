package expr

import (
	"testing"

	"github.com/stretchr/testify/require"
)

var text = Type{Schema: "pg_catalog", Name: "text"}

// everything has each kind of node once.
func everything() Expr {
	me := Me{Name: "id", Type: text}
	hop := Hop{Relation: "p", Schema: "app", Table: "p", On: []Pair{{"p_id", "id"}}, Where: Compare{Eq, Column{Name: "org", Type: text}, me}}
	return And{[]Expr{
		Or{[]Expr{Bool(true), IsNull{Column{Path: []Hop{hop}, Name: "x", Type: text}}}},
		Not{In{Column{Name: "y", Type: text}, []Expr{Const{Type: text, Text: "a"}, Const{Type: text, Null: true}}}},
		EqAny{me, Me{Name: "roles", Type: Type{Schema: "pg_catalog", Name: "text", Array: true}}},
		Exists{[]Hop{hop}, And{[]Expr{Distinct{Column{Name: "z", Type: text, Up: 1}, me}, Like{me, "a%", true}}}},
		Contains{"@>", Column{Name: "j", Type: text}, Const{Type: text, Text: "{}"}},
		Compare{Gt, Arithmetic{"+", JSONText{Column{Name: "j", Type: text}, "k"}, Cast{me, text}, text}, Call{"lower", []Expr{me}, text}},
		Case{[]When{{Bool(true), me}}, me, text},
		SQL{Text: "a = me.id", Columns: []string{"a"}, Me: []Me{me}, Type: text},
	}}
}

func TestMapRebuildsWithoutTouchingTheOriginal(t *testing.T) {
	t.Parallel()
	original := everything()
	require.Equal(t, original, Map(original, func(e Expr) Expr { return e }))
	changed := Map(original, func(e Expr) Expr {
		if me, ok := e.(Me); ok {
			me.Name = "other"
			return me
		}
		return e
	})
	require.Equal(t, everything(), original)
	var seen []string
	Walk(changed, func(e Expr) {
		if me, ok := e.(Me); ok {
			seen = append(seen, me.Name)
		}
	})
	require.Equal(t, []string{"other", "other", "other", "other", "other", "other", "other", "other", "other", "other", "id"}, seen,
		"those inside a hop's restriction too; a text's own cannot change")
}

func TestUnknownNodesAreNotPassedOn(t *testing.T) {
	t.Parallel()
	// A pointer to a node has the methods of the node, and is none.
	require.Panics(t, func() { Map(&And{}, func(e Expr) Expr { return e }) })
	require.Panics(t, func() { Text(Not{&Not{}}) })
}

func TestDifferentExpressionsHaveDifferentTexts(t *testing.T) {
	t.Parallel()
	column := func(name string) Expr { return Column{Name: name, Type: text} }
	different := []Expr{
		nil, Bool(true), Bool(false),
		Const{Type: text},
		Const{Type: text, Null: true},
		Const{Type: text, Text: "null"},
		Me{Name: "a", Type: text},
		Me{Name: "a", Type: Type{Schema: "pg_catalog", Name: "text", Array: true}},
		column("a"), column(`a" "b`), column(""),
		And{},
		Or{},
		And{[]Expr{column("a"), column("b")}},
		And{[]Expr{And{[]Expr{column("a")}}, column("b")}},
		Or{[]Expr{column("a"), column("b")}},
		Not{column("a")},
		IsNull{column("a")},
		Compare{Lt, column("a"), column("b")},
		Compare{Le, column("a"), column("b")},
		In{column("a"), []Expr{column("b")}},
		EqAny{column("a"), column("b")},
		everything(),
		Column{Path: []Hop{{Relation: "r", Schema: "s", Table: "t"}}, Name: "a", Type: text},
		Column{Name: "a", Type: text, Up: 1},
		Exists{[]Hop{{Relation: "r"}}, column("a")},
		Exists{[]Hop{{Relation: "r"}, {Relation: "r"}}, column("a")},
		Distinct{column("a"), column("b")},
		Like{column("a"), "b", false},
		Like{column("a"), "b", true},
		Contains{"&&", column("a"), column("b")},
		JSONText{column("a"), "b"},
		Arithmetic{"-", column("a"), column("b"), text},
		Call{"lower", []Expr{column("a")}, text},
		Call{"lower", []Expr{column("a"), column("b")}, text},
		Cast{column("a"), text},
		Case{[]When{{column("a"), column("b")}}, nil, text},
		Case{[]When{{column("a"), column("b")}}, column("a"), text},
		Case{nil, column("a"), text},
		SQL{Text: "a", Type: text},
		SQL{Text: "b", Type: text},
		Column{Path: []Hop{{Relation: "r", Schema: "s", Table: "t", On: []Pair{{"a", "b"}}}}, Name: "a", Type: text},
		Column{Path: []Hop{{Relation: "r", Schema: "s", Table: "t", Where: Bool(true)}}, Name: "a", Type: text},
	}
	texts := map[string]bool{}
	for _, e := range different {
		require.False(t, texts[Text(e)], Text(e))
		texts[Text(e)] = true
	}
}
