package plan

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/wherewall/wherewall/catalog/expr"
)

// like matches a literal pattern.
func (v *evaluator) like(l expr.Like) verdict {
	s := v.operand(l.Left)
	switch {
	case s.isNull():
		return verdict{truth: isNULL}
	case !s.known:
		return verdict{unknownTruth, s.needs}
	}
	open := verdict{notNULL, []string{"what the collation takes for alike"}}
	pattern, ok := parsePattern(l.Pattern)
	if !ok || s.datum.kind != textKind || s.datum.folds || !utf8.ValidString(s.datum.text) {
		return open
	}
	text := []rune(s.datum.text)
	switch {
	case matches(pattern, text):
		return verdict{truth: isTRUE}
	case !l.Insensitive:
		return verdict{truth: isFALSE}
	case !plainCase(l.Pattern) || !plainCase(s.datum.text):
		return open
	}
	lower, _ := parsePattern(strings.ToLower(l.Pattern))
	return verdict{truth: truthOf(matches(lower, []rune(strings.ToLower(s.datum.text))))}
}

// Wildcards of a pattern; everything else in it is a character.
const (
	anyRune rune = -1
	anyText rune = -2
)

func parsePattern(text string) (pattern []rune, ok bool) {
	if !utf8.ValidString(text) {
		return nil, false
	}
	escaped := false
	for _, c := range text {
		switch {
		case escaped:
			pattern, escaped = append(pattern, c), false
		case c == '\\':
			escaped = true
		case c == '%':
			pattern = append(pattern, anyText)
		case c == '_':
			pattern = append(pattern, anyRune)
		default:
			pattern = append(pattern, c)
		}
	}
	return pattern, !escaped
}

// matches goes back to the last % alone, so it takes no more than one comparison for each pair of characters.
func matches(pattern, text []rune) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == anyText:
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == anyRune || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyText {
		p++
	}
	return p == len(pattern)
}

// contains is && @> <@ on arrays. On jsonb PostgreSQL is asked.
func (v *evaluator) contains(c expr.Contains) verdict {
	l, r := v.operand(c.Left), v.operand(c.Right)
	switch {
	case l.isNull() || r.isNull():
		return verdict{truth: isNULL}
	case !l.known || !r.known:
		return verdict{unknownTruth, union2(l.needs, r.needs)}
	case l.datum.kind != listKind || r.datum.kind != listKind:
		return verdict{notNULL, []string{"what " + c.Op + " finds"}}
	}
	switch c.Op {
	case "&&":
		return v.some(l.datum.list, r.datum.list)
	case "@>":
		return v.every(r.datum.list, l.datum.list)
	case "<@":
		return v.every(l.datum.list, r.datum.list)
	default:
		return verdict{unknownTruth, []string{"an unknown operator"}}
	}
}

// member says whether an element is in a list. NULL is in none.
func (v *evaluator) member(item scalar, list []scalar) verdict {
	result := verdict{truth: isFALSE}
	for _, other := range list {
		if !item.null && !other.null {
			result = result.or(v.compare(expr.Eq, item, other))
		}
	}
	return result
}

func (v *evaluator) some(items, list []scalar) verdict {
	result := verdict{truth: isFALSE}
	for _, item := range items {
		result = result.or(v.member(item, list))
	}
	return result
}

func (v *evaluator) every(items, list []scalar) verdict {
	result := verdict{truth: isTRUE}
	for _, item := range items {
		result = result.and(v.member(item, list))
	}
	return result
}

// plainNumber is what jsonb prints as it was read.
var plainNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// jsonText is ->> on jsonb.
func (v *evaluator) jsonText(j expr.JSONText) scalar {
	s := v.operand(j.Left)
	if !s.known || s.null {
		return s
	}
	open := missing("what ->> gives")
	if s.datum.typ.Name != "jsonb" {
		return open
	}
	decoder := json.NewDecoder(strings.NewReader(s.datum.text))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil || decoder.More() {
		return open
	}
	object, ok := document.(map[string]any)
	if !ok {
		return null()
	}
	text := func(t string) scalar {
		return known(datum{kind: textKind, typ: expr.Type{Schema: "pg_catalog", Name: "text"}, text: t})
	}
	switch value := object[j.Key].(type) {
	case nil:
		return null()
	case string:
		if strings.ContainsRune(value, utf8.RuneError) {
			return open
		}
		return text(value)
	case bool:
		if value {
			return text("true")
		}
		return text("false")
	case json.Number:
		if plainNumber.MatchString(value.String()) {
			return text(value.String())
		}
		return open
	default:
		return open
	}
}
