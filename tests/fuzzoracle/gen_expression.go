package main

import (
	"fmt"
	"slices"
	"strings"
)

// expression is an expression of a kind. d bounds its depth.
func (g *generator) expression(k kind, s *scope, d int) string {
	if d <= 0 || g.chance(35) {
		return g.leaf(k, s)
	}
	switch k {
	case bools:
		return g.condition(s, d)
	case integers:
		return g.integer(s, d)
	case numerics:
		return g.numeric(s, d)
	case texts:
		return g.text(s, d)
	}
	if g.chance(35) {
		return g.common(k, s, d)
	}
	switch k {
	case dates:
		return oneOf(g,
			weighted[string]{3, func() string { return fmt.Sprintf("(%s + %d)", g.expression(k, s, d-1), g.IntN(400)-200) }},
			weighted[string]{1, func() string { return fmt.Sprintf("(%s)::date", g.expression(stamps, s, d-1)) }},
			weighted[string]{1, func() string { return "current_date" }},
			weighted[string]{1, func() string {
				return fmt.Sprintf("date_trunc('%s', %s)::date", pick(g, []string{"month", "year"}), g.expression(k, s, d-1))
			}})
	case stamps:
		return oneOf(g,
			weighted[string]{3, func() string {
				return fmt.Sprintf("(%s + interval '%d hours')", g.expression(k, s, d-1), g.IntN(90))
			}},
			weighted[string]{1, func() string { return fmt.Sprintf("(%s)::timestamptz", g.expression(dates, s, d-1)) }},
			weighted[string]{1, func() string { return fmt.Sprintf("date_trunc('month', %s)", g.expression(k, s, d-1)) }})
	case jsons:
		return oneOf(g,
			weighted[string]{2, func() string { return fmt.Sprintf("(%s -> '%s')", g.expression(k, s, d-1), g.jsonKey()) }},
			weighted[string]{2, func() string {
				return fmt.Sprintf("jsonb_build_object('a', %s)", g.expression(g.anyKind(), s, d-1))
			}},
			weighted[string]{1, func() string { return fmt.Sprintf("to_jsonb(%s)", g.expression(g.anyKind(), s, d-1)) }},
			weighted[string]{1, func() string {
				return fmt.Sprintf("(%s || %s)", g.expression(k, s, d-1), g.expression(k, s, d-1))
			}})
	case arrays:
		return oneOf(g,
			weighted[string]{2, func() string {
				return fmt.Sprintf("ARRAY[%s, %s]", g.expression(texts, s, d-1), g.expression(texts, s, d-1))
			}},
			weighted[string]{1, func() string { return fmt.Sprintf("string_to_array(%s, ' ')", g.expression(texts, s, d-1)) }},
			weighted[string]{1, func() string {
				return fmt.Sprintf("array_append(%s, %s)", g.expression(k, s, d-1), g.expression(texts, s, d-1))
			}},
			weighted[string]{2, func() string { return "ARRAY" + g.ordering(g.subquery(s, []kind{texts}, d-1)) }})
	}
	return g.common(k, s, d)
}

// common is what every kind has.
func (g *generator) common(k kind, s *scope, d int) string {
	return oneOf(g,
		weighted[string]{3, func() string { return g.leaf(k, s) }},
		weighted[string]{2, func() string {
			if g.chance(30) {
				of := g.comparable()
				return fmt.Sprintf("CASE %s WHEN %s THEN %s ELSE %s END", g.expression(of, s, d-1), g.leaf(of, s), g.expression(k, s, d-1), g.expression(k, s, d-1))
			}
			otherwise := ""
			if g.chance(70) {
				otherwise = " ELSE " + g.expression(k, s, d-1)
			}
			return fmt.Sprintf("CASE WHEN %s THEN %s%s END", g.condition(s, d-1), g.expression(k, s, d-1), otherwise)
		}},
		weighted[string]{2, func() string {
			return fmt.Sprintf("coalesce(%s, %s)", g.expression(k, s, d-1), g.expression(k, s, d-1))
		}},
		weighted[string]{1, func() string { return fmt.Sprintf("nullif(%s, %s)", g.expression(k, s, d-1), g.leaf(k, s)) }},
		weighted[string]{1, func() string {
			if k == jsons || k == bools {
				return g.leaf(k, s)
			}
			return fmt.Sprintf("%s(%s, %s)", pick(g, []string{"greatest", "least"}), g.expression(k, s, d-1), g.leaf(k, s))
		}},
		weighted[string]{2, func() string { return g.scalar(s, k, d-1) }},
		weighted[string]{1, func() string {
			if k == records || strings.Contains(string(k), ".") {
				return g.leaf(k, s)
			}
			return fmt.Sprintf("((%s)::text)::%s", g.expression(k, s, d-1), k)
		}})
}

// leaf is a column or a constant.
func (g *generator) leaf(k kind, s *scope) string {
	if g.chance(75) {
		if c := g.column(k, s); c != "" {
			return c
		}
	}
	return g.constant(k)
}

// column is a reference to a column of a kind; empty if there is none.
func (g *generator) column(k kind, s *scope) string {
	for ; s != nil; s = s.outer {
		if s.outer != nil && g.chance(12) {
			continue
		}
		var found []string
		count := map[string]int{}
		for _, r := range s.relations {
			for _, c := range r.columns {
				count[c.name]++
			}
		}
		for _, r := range s.relations {
			for _, c := range r.columns {
				if c.kind != k {
					continue
				}
				switch {
				case g.chance(1), count[c.name] == 1 && g.chance(12):
					found = append(found, c.name)
				case r.alias == "" && r.base != nil && g.chance(30):
					found = append(found, qualified(r.base)+"."+c.name)
				case r.alias == "" && r.base != nil:
					found = append(found, ident(r.base.name)+"."+c.name)
				default:
					found = append(found, r.alias+"."+c.name)
				}
			}
		}
		if len(found) > 0 {
			return pick(g, found)
		}
	}
	return ""
}

// constant is a literal, often one that stands in a table.
func (g *generator) constant(k kind) string {
	value := g.value(k)
	if g.parameters != nil && len(*g.parameters) < 4 && g.chance(40) {
		*g.parameters = append(*g.parameters, value)
		return fmt.Sprintf("$%d::%s", len(*g.parameters), k)
	}
	switch {
	case value == nil:
		return "NULL::" + string(k)
	case k == integers:
		return *value
	case k == numerics:
		return *value
	case k == bools:
		return *value
	default:
		return literal(*value) + "::" + string(k)
	}
}

// value is the text of a value; nil for NULL.
func (g *generator) value(k kind) *string {
	if g.chance(4) {
		return nil
	}
	var v string
	if labels := g.tables.enums[k]; labels != nil {
		v = pick(g, labels)
		return &v
	}
	if g.chance(60) {
		var found []string
		for range 6 {
			for _, c := range pick(g, g.tables.all).columns {
				if c.kind == k && len(c.values) > 0 {
					found = append(found, pick(g, c.values))
				}
			}
		}
		if len(found) > 0 {
			v = pick(g, found)
			switch k {
			case bools:
				v = pick(g, []string{"true", "false"})
			case integers, numerics:
				v = strings.TrimPrefix(v, "-")
			}
			return &v
		}
	}
	switch k {
	case integers:
		v = fmt.Sprint(g.IntN(60))
	case numerics:
		v = fmt.Sprintf("%d.%d", g.IntN(6000), g.IntN(10))
	case bools:
		v = pick(g, []string{"true", "false"})
	case dates:
		v = fmt.Sprintf("2026-%02d-%02d", 1+g.IntN(12), 1+g.IntN(28))
	case stamps:
		v = fmt.Sprintf("2026-%02d-%02d 10:00+00", 1+g.IntN(12), 1+g.IntN(28))
	case jsons:
		v = pick(g, []string{"{}", `{"votes": 3}`, "1", "true", `"x"`, "[1, 2]", "null"})
	case arrays:
		v = pick(g, []string{"{}", "{a,b}", "{web}", "{urgent,NULL}"})
	case uuids:
		v = "00000000-0000-4000-8000-000000000001"
	default:
		v = pick(g, []string{"", "a", "1", "12", "x'y", `back\slash`, "Ä", "acme", "globex", "%a%"})
	}
	return &v
}

func (g *generator) jsonKey() string {
	return pick(g, []string{"votes", "source", "plan", "sso", "a", "hours", "text"})
}

// comparable is a kind that has an order.
func (g *generator) comparable() kind {
	k := g.anyKind()
	if k == jsons && g.chance(70) {
		return texts
	}
	return k
}

// condition is a boolean expression.
func (g *generator) condition(s *scope, d int) string {
	if d <= 0 {
		return g.comparison(s, 0)
	}
	return oneOf(g,
		weighted[string]{22, func() string { return g.comparison(s, d) }},
		weighted[string]{7, func() string {
			return "(" + g.condition(s, d-1) + pick(g, []string{" AND ", " AND ", " OR "}) + g.condition(s, d-1) + ")"
		}},
		weighted[string]{3, func() string { return "NOT (" + g.condition(s, d-1) + ")" }},
		weighted[string]{4, func() string { return g.leaf(bools, s) }},
		weighted[string]{6, func() string { return g.leaky(s, d) }},
		weighted[string]{12, func() string { return g.sublink(s, d) }},
		weighted[string]{3, func() string {
			return "(" + g.condition(s, d-1) + ") IS " + pick(g, []string{"TRUE", "NOT TRUE", "FALSE", "UNKNOWN", "NOT UNKNOWN"})
		}},
		weighted[string]{1, func() string { return "(" + g.common(bools, s, d) + ")" }})
}

func (g *generator) comparison(s *scope, d int) string {
	k := g.comparable()
	left := g.expression(k, s, d-1)
	switch g.IntN(13) {
	case 0:
		return left + pick(g, []string{" IS NULL", " IS NOT NULL"})
	case 1:
		return left + pick(g, []string{" IS DISTINCT FROM ", " IS NOT DISTINCT FROM "}) + g.expression(k, s, d-1)
	case 2:
		return fmt.Sprintf("%s %sIN (%s, %s)", left, pick(g, []string{"", "NOT "}), g.constant(k), g.leaf(k, s))
	case 3:
		return fmt.Sprintf("%s BETWEEN %s AND %s", left, g.constant(k), g.constant(k))
	case 4:
		return g.expression(texts, s, d-1) + pick(g, []string{" LIKE '%a%'", " ILIKE 'p%'", " NOT LIKE '_e%'", " ~ '^[a-m]'", " ~* 'RE'", " SIMILAR TO '%(a|b)%'"})
	case 5:
		return fmt.Sprintf("%s %s ANY (ARRAY[%s, %s])", left, pick(g, []string{"=", "<>", "<"}), g.constant(k), g.leaf(k, s))
	case 6:
		other := g.comparable()
		return fmt.Sprintf("(%s, %s) %s (%s, %s)", left, g.leaf(other, s), pick(g, []string{"=", "<", ">="}), g.leaf(k, s), g.leaf(other, s))
	case 7:
		switch g.IntN(4) {
		case 0:
			return fmt.Sprintf("%s @> %s", g.expression(arrays, s, d-1), g.constant(arrays))
		case 1:
			return fmt.Sprintf("%s = ANY (%s)", g.leaf(texts, s), g.expression(arrays, s, d-1))
		case 2:
			return fmt.Sprintf("%s ? '%s'", g.expression(jsons, s, d-1), g.jsonKey())
		default:
			return fmt.Sprintf("%s @> %s", g.expression(jsons, s, d-1), g.constant(jsons))
		}
	default:
		return left + " " + pick(g, []string{"=", "=", "=", "<", "<=", ">", ">=", "<>"}) + " " + g.expression(k, s, d-1)
	}
}

// leaky is a condition that fails for some rows: it tells of a row that it is evaluated on.
func (g *generator) leaky(s *scope, d int) string {
	return oneOf(g,
		weighted[string]{5, func() string { return fmt.Sprintf("1 / (%s - %s) >= 0", g.leaf(integers, s), g.constant(integers)) }},
		weighted[string]{2, func() string { return fmt.Sprintf("(%s)::int > 0", g.expression(texts, s, d-1)) }},
		weighted[string]{2, func() string { return fmt.Sprintf("(%s)::bool", g.leaf(jsons, s)) }},
		weighted[string]{2, func() string {
			return fmt.Sprintf("1 / (CASE WHEN %s = %s THEN 0 ELSE 1 END) > 0", g.leaf(texts, s), g.constant(texts))
		}},
		weighted[string]{1, func() string { return fmt.Sprintf("10 / %s > 0", g.leaf(numerics, s)) }},
		weighted[string]{1, func() string { return fmt.Sprintf("'ok' ~ %s", g.leaf(texts, s)) }},
		weighted[string]{1, func() string { return fmt.Sprintf("jsonb_array_length(%s) >= 0", g.leaf(jsons, s)) }},
		weighted[string]{1, func() string {
			return fmt.Sprintf("substr(%s, 1, (%s - 5)::int) <> ''", g.leaf(texts, s), g.leaf(integers, s))
		}},
		weighted[string]{1, func() string {
			return fmt.Sprintf("(%s) = %s", g.scalarUnbound(s, integers, d-1), g.leaf(integers, s))
		}})
}

// sublink is a condition over a sub-select.
func (g *generator) sublink(s *scope, d int) string {
	k := g.comparable()
	switch g.IntN(7) {
	case 0, 1:
		return pick(g, []string{"", "NOT "}) + "EXISTS " + g.subquery(s, nil, d-1)
	case 2, 3:
		return g.leaf(k, s) + pick(g, []string{" IN ", " NOT IN "}) + g.subquery(s, []kind{k}, d-1)
	case 4:
		return g.leaf(k, s) + " " + pick(g, []string{"= ANY", "<= ALL", "<> ALL", "> ANY", "= SOME"}) + " " + g.subquery(s, []kind{k}, d-1)
	case 5:
		other := g.comparable()
		return fmt.Sprintf("(%s, %s) IN %s", g.leaf(k, s), g.leaf(other, s), g.subquery(s, []kind{k, other}, d-1))
	default:
		return fmt.Sprintf("%s %s %s", g.leaf(k, s), pick(g, []string{"=", "<", ">="}), g.scalar(s, k, d-1))
	}
}

// scalar is a sub-select of at most one row.
func (g *generator) scalar(s *scope, k kind, d int) string {
	if k == integers && g.chance(40) {
		return strings.Replace(g.subquery(s, []kind{integers}, d), "(", "(SELECT count(*) FROM (", 1) + " z)"
	}
	return g.ordering(g.subquery(s, []kind{k}, d), "LIMIT 1")
}

// scalarUnbound is a sub-select that fails where it has several rows.
func (g *generator) scalarUnbound(s *scope, k kind, d int) string {
	q := g.subquery(s, []kind{k}, d)
	return q[1 : len(q)-1]
}

// ordering gives a sub-select one order of its only column.
func (g *generator) ordering(q string, more ...string) string {
	return "(SELECT * FROM " + q + " o ORDER BY 1 " + strings.Join(more, " ") + ")"
}

func (g *generator) subquery(s *scope, want []kind, d int) string {
	saved := len(g.ctes)
	defer func() { g.ctes = slices.Delete(g.ctes, saved, len(g.ctes)) }()
	sql, _ := g.query(s, want, min(d, 2))
	return "(" + sql + ")"
}

func (g *generator) integer(s *scope, d int) string {
	return oneOf(g,
		weighted[string]{4, func() string {
			return fmt.Sprintf("(%s %s %s)", g.expression(integers, s, d-1), pick(g, []string{"+", "-", "*"}), g.leaf(integers, s))
		}},
		weighted[string]{1, func() string {
			return fmt.Sprintf("(%s %s %s)", g.expression(integers, s, d-1), pick(g, []string{"/", "%"}), g.leaf(integers, s))
		}},
		weighted[string]{2, func() string { return fmt.Sprintf("length(%s)", g.expression(texts, s, d-1)) }},
		weighted[string]{1, func() string { return fmt.Sprintf("abs(%s)", g.expression(integers, s, d-1)) }},
		weighted[string]{1, func() string { return fmt.Sprintf("cardinality(%s)", g.expression(arrays, s, d-1)) }},
		weighted[string]{1, func() string {
			return fmt.Sprintf("extract(%s FROM %s)::int", pick(g, []string{"year", "month", "day"}), g.expression(dates, s, d-1))
		}},
		weighted[string]{1, func() string { return fmt.Sprintf("round(%s)::int", g.expression(numerics, s, d-1)) }},
		weighted[string]{1, func() string {
			return fmt.Sprintf("(%s - %s)", g.expression(dates, s, d-1), g.leaf(dates, s))
		}},
		weighted[string]{1, func() string { return fmt.Sprintf("(%s ->> 'votes')::int", g.leaf(jsons, s)) }},
		weighted[string]{1, func() string { return fmt.Sprintf("(%s)::int", g.expression(bools, s, d-1)) }},
		weighted[string]{4, func() string { return g.common(integers, s, d) }})
}

func (g *generator) numeric(s *scope, d int) string {
	return oneOf(g,
		weighted[string]{4, func() string {
			return fmt.Sprintf("(%s %s %s)", g.expression(numerics, s, d-1), pick(g, []string{"+", "-", "*"}), g.leaf(numerics, s))
		}},
		weighted[string]{1, func() string {
			return fmt.Sprintf("(%s / %s)", g.expression(numerics, s, d-1), g.leaf(pick(g, []kind{integers, numerics}), s))
		}},
		weighted[string]{2, func() string { return fmt.Sprintf("round(%s, 1)", g.expression(numerics, s, d-1)) }},
		weighted[string]{1, func() string { return fmt.Sprintf("(%s)::numeric", g.expression(integers, s, d-1)) }},
		weighted[string]{4, func() string { return g.common(numerics, s, d) }})
}

func (g *generator) text(s *scope, d int) string {
	return oneOf(g,
		weighted[string]{3, func() string {
			return fmt.Sprintf("%s(%s)", pick(g, []string{"upper", "lower", "trim", "reverse", "initcap", "md5"}), g.expression(texts, s, d-1))
		}},
		weighted[string]{3, func() string {
			return fmt.Sprintf("(%s || %s)", g.expression(texts, s, d-1), g.leaf(g.anyKind(), s)+"::text")
		}},
		weighted[string]{2, func() string {
			return fmt.Sprintf("%s(%s, %d)", pick(g, []string{"left", "right", "substr"}), g.expression(texts, s, d-1), g.IntN(6))
		}},
		weighted[string]{3, func() string { return fmt.Sprintf("(%s)::text", g.expression(g.anyKind(), s, d-1)) }},
		weighted[string]{2, func() string { return fmt.Sprintf("(%s ->> '%s')", g.expression(jsons, s, d-1), g.jsonKey()) }},
		weighted[string]{1, func() string { return fmt.Sprintf("(%s)[%d]", g.expression(arrays, s, d-1), g.IntN(3)) }},
		weighted[string]{1, func() string {
			return fmt.Sprintf("concat_ws('-', %s, %s)", g.leaf(g.anyKind(), s), g.leaf(g.anyKind(), s))
		}},
		weighted[string]{1, func() string { return fmt.Sprintf("to_char(%s, 'YYYY-MM')", g.expression(dates, s, d-1)) }},
		weighted[string]{1, func() string { return fmt.Sprintf("format('%%s/%%s', %s, %s)", g.leaf(texts, s), g.leaf(integers, s)) }},
		weighted[string]{1, func() string { return fmt.Sprintf("replace(%s, 'a', 'b')", g.expression(texts, s, d-1)) }},
		weighted[string]{4, func() string { return g.common(texts, s, d) }})
}
