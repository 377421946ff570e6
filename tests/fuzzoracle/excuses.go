package main

import (
	"regexp"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// notNeeded is where PostgreSQL evaluates an expression that fails, on no row or before it looks for rows, and Wherewall's plan finds
// first that there is nothing to evaluate it on.
const notNeeded = "PostgreSQL evaluates what fails, and Wherewall's plan does not need it"

// otherOrder is where a condition that fails on rows that the subject sees runs behind Wherewall and not in PostgreSQL's plan, which stopped
// before it. The answer is the same with the hidden rows deleted; which of several conditions runs first on visible rows nobody promises.
const otherOrder = "what fails on visible rows runs earlier than in PostgreSQL's plan"

// excuse names a difference that is meant, by the decision behind it. Each is as narrow as it can be told.
func excuse(l *lane, subject plan.Subject, sc *script, b *sides, at int, what string) string {
	got, want := b.got[at], b.want[at]
	sql := strings.ToUpper(sc.text())
	switch {
	case what == "one fails" && want.code == "55P03", what == "one fails" && got.code == "55P03":
		return "a row was locked by another worker"
	case strings.Contains(sql, "SKIP LOCKED") && (what == "rows" || what == "tags"):
		return "a row was locked by another worker"
	case what == "columns" && rowTypes(got.fields, want.fields):
		return "a row as a whole is a record"
	case want.code == "23502" && got.code == "" && l.preset(subject, want.message):
		return "`set:` fills a column that the statement leaves out"
	case strings.HasPrefix(got.message+want.message, "cursor can only scan forward"):
		return "whether a cursor without SCROLL goes back depends on its plan"
	case got.code == "" && (strings.Contains(sql, "*") && sc.writes || strings.Contains(sql, "(TABLE ")) && l.sample.shown[login(subject)] != "" && strings.HasPrefix(want.message, "permission denied for table"):
		return "* stands for the open columns, and rights on columns refuse it"
	case got.code == "" && strings.Contains(sql, "NATURAL ") && l.sample.shown[login(subject)] != "" && strings.HasPrefix(want.message, "permission denied for table"):
		return "NATURAL JOIN joins by the open columns, and rights on columns refuse it"
	case what == "tables" && strings.HasPrefix(sql, "MERGE") && strings.Contains(sql, "GROUP BY"):
		return "rows of groups come in any order, and get their numbers in it"
	case sc.kind == "several" && what == "one fails" && got.code == "" && ofValues(want.code):
		return notNeeded
	case sc.kind == "sqlsmith" && what == "rows" && (strings.Contains(sql, "LIMIT") || strings.Contains(sql, "OFFSET")):
		return "sqlsmith asks for a part of the rows in no order"
	case what == "rows" && aliasList.MatchString(sql) && strings.Contains(sql, "TO_JSON"):
		return "a row as a whole is a record, with the names of its alias"
	case what == "rows" && strings.Contains(sql, "TABLEOID::REGCLASS") && strings.Contains(sql, "EVENT"):
		return "the name of a mapped table's child is not told, as catalogs do not show it"
	case what == "columns" && setOperation.MatchString(sql) && modifiers.ReplaceAllString(got.fields, "") == modifiers.ReplaceAllString(want.fields, ""):
		return "an arm that the planner leaves out gives a set operation's column no type modifier"
	case (what == "rows" || what == "tags" && strings.Contains(sql, "WITH TIES")) && strings.Contains(sql, "ORDER BY") && groupingSets(sql):
		return "PostgreSQL before 18 takes a column that a condition makes constant for sorted, though grouping sets make it NULL"
	case got.code != "" && want.code != "" && want.code[:2] == "42" && got.code[:2] == "42":
		return "refused in another way"
	}
	return ""
}

var (
	aliasList    = regexp.MustCompile(`\b[TC][0-9]+\(`)
	setOperation = regexp.MustCompile(`\b(UNION|EXCEPT|INTERSECT)\b`)
	modifiers    = regexp.MustCompile(`/-?[0-9]+`)
)

// rowTypes says that columns differ only where a row as a whole is a record on one side: the sub-select in a table's place has no row type.
func rowTypes(got, want string) bool {
	a, b := strings.Fields(got), strings.Fields(want)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		name, kind, _ := strings.Cut(a[i], ":")
		other, _, _ := strings.Cut(b[i], ":")
		if a[i] != b[i] && (name != other || kind != "2249/-1") {
			return false
		}
	}
	return true
}

func groupingSets(sql string) bool {
	return strings.Contains(sql, "ROLLUP") || strings.Contains(sql, "CUBE") || strings.Contains(sql, "GROUPING SETS")
}

// preset says whether a message that a column is NULL is about a column that the subject's plan fills.
func (l *lane) preset(subject plan.Subject, message string) bool {
	for _, t := range l.tables.all {
		if t.entity == "" || !strings.Contains(message, literalName(t.name)) {
			continue
		}
		for column := range l.plans[subject].Rule(t.entity, catalog.Create).Presets {
			if strings.Contains(message, "in column "+literalName(column)) {
				return true
			}
		}
	}
	return false
}

func literalName(name string) string { return "\"" + name + "\"" }
