package tests

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// claimsPolicy has a grant for each of some attributes, which tokens bring.
const claimsPolicy = `wherewall: 1
attributes: {word: text, words: "text[]", most: int, day: date}
entities:
  doc: {table: public.doc, key: id, tenant: tenant}
permissions:
  docs: [doc.read]
roles:
  member:
    can:
      - docs: {where: "title = me.word"}
      - docs: {where: "title = ANY (me.words)"}
      - docs: {where: "id <= me.most"}
      - docs: {where: "me.day > date '2020-01-01'"}
tenants: {acme: {}, globex: {}}
users:
  kim: {tenants: {acme: [member]}}
  signed: {may_impersonate: token}
`

// TestWhatATokenSaysIsAValueAndNothingElse signs claims that would be SQL, or another type, if anything took them for it.
func TestWhatATokenSaysIsAValueAndNothingElse(t *testing.T) {
	t.Parallel()
	p := newImpersonatingBy(t, "subjects_claims", claimsPolicy, map[string]string{"word": "word", "words": "/a/words", "most": "most", "day": "day"})
	c := dial(t, p.dsn("signed"))
	const titles = "SELECT title FROM doc ORDER BY id"
	for name, claim := range map[string]struct {
		claims map[string]any
		want   string
	}{
		"a word":             {map[string]any{"word": "t1"}, "t1"},
		"another's word":     {map[string]any{"word": "t3"}, ""},
		"a quote":            {map[string]any{"word": "t1' OR true --"}, ""},
		"a quote twice":      {map[string]any{"word": "t1'' OR ''a''=''a"}, ""},
		"a backslash":        {map[string]any{"word": `t1\' OR true --`}, ""},
		"dollars":            {map[string]any{"word": "$$ OR true OR title = $$"}, ""},
		"a statement":        {map[string]any{"word": "x'; RESET ALL; SELECT '"}, ""},
		"an escape":          {map[string]any{"word": `\x74\x31`}, ""},
		"a parameter":        {map[string]any{"word": "$1"}, ""},
		"a zero byte":        {map[string]any{"word": "t1\x00"}, "28000"},
		"a number as word":   {map[string]any{"word": 1}, ""},
		"a list as word":     {map[string]any{"word": []string{"t1"}}, "28000"},
		"an object as word":  {map[string]any{"word": map[string]any{"t1": 1}}, "28000"},
		"no word":            {map[string]any{"word": nil}, ""},
		"words":              {map[string]any{"a": map[string]any{"words": []any{"t1", "t3", "t4"}}}, "t1, t4"},
		"a word as words":    {map[string]any{"a": map[string]any{"words": "t1"}}, "28000"},
		"words with quotes":  {map[string]any{"a": map[string]any{"words": []any{`t1","t2`, `t1','t2`, `{t1,t2}`}}}, ""},
		"no words at all":    {map[string]any{"a": map[string]any{"words": []any{}}}, ""},
		"a number":           {map[string]any{"most": 2}, "t1, t2"},
		"a number as text":   {map[string]any{"most": "2"}, "t1, t2"},
		"a condition":        {map[string]any{"most": "2 OR true"}, "28000"},
		"a fraction":         {map[string]any{"most": 2.5}, "28000"},
		"too large a number": {map[string]any{"most": json.Number("99999999999999999999")}, "28000"},
		"no number":          {map[string]any{"most": "NaN"}, "28000"},
		"truth":              {map[string]any{"most": true}, "28000"},
		"no day":             {map[string]any{"day": "tomorrow"}, "28000"},
		"a day and more":     {map[string]any{"day": "2030-01-01' OR true --"}, "28000"},
		"a day in the past":  {map[string]any{"day": "2019-01-01"}, ""},
	} {
		text := p.issuer.Token(t, "kim", claim.claims)
		got := told(c.query(t, titles+" /* wherewall.token='"+text+"' */"))
		if claim.want == "" && got == nothingOfDocs {
			got = "" // without the attribute there is no grant, and without a grant no table
		}
		require.Equal(t, claim.want, got, name)
		p.requireSecret(t, text)
	}
}
