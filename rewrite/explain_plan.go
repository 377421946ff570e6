package rewrite

import (
	"regexp"
	"slices"
	"strings"
)

// PlanLine reduces one line of a plan of the statement to what may be told: which nodes there are, and which of the relations that the
// statement itself names they read. Conditions hold what the policy adds, and the other relations are the policy's own, so both go. It
// returns false for a line that goes as a whole, which is any that is not known here.
func (s *Statement) PlanLine(line string) (string, bool) {
	rest := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(rest)]
	if label := planLabel(rest); label != "" {
		return indent + label, true
	}
	rest, arrow := strings.CutPrefix(rest, "->  ")
	if arrow {
		indent += "->  "
	}
	node, about, _ := strings.Cut(rest, " on ")
	node, _, _ = strings.Cut(node, " using ")
	if !isPlanNode(node) {
		return "", false
	}
	return indent + node + s.planRelation(node, about), true
}

// planLabel names what a part of a plan is for. A WITH query's name may be one of a view's.
func planLabel(line string) string {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "CTE":
		if rest != "" && !strings.HasPrefix(rest, "Scan") {
			return kind
		}
	case "InitPlan", "SubPlan":
		number, _, _ := strings.Cut(rest, " ")
		if number != "" && strings.Trim(number, "0123456789") == "" {
			return kind + " " + number
		}
	}
	return ""
}

// isPlanNode says whether words are the name of a node, as explain.c spells them.
func isPlanNode(words string) bool {
	for _, prefix := range []string{"Parallel ", "Async ", "Partial ", "Finalize "} {
		words = strings.TrimPrefix(words, prefix)
	}
	switch words {
	case "Result", "ProjectSet", "Insert", "Update", "Delete", "Merge", "Append", "Merge Append", "Recursive Union", "BitmapAnd", "BitmapOr",
		"Gather", "Gather Merge", "Materialize", "Memoize", "Sort", "Incremental Sort", "Group", "Aggregate", "GroupAggregate",
		"HashAggregate", "MixedAggregate", "WindowAgg", "Unique", "LockRows", "Limit", "Hash",
		"Seq Scan", "Sample Scan", "Index Scan", "Index Scan Backward", "Index Only Scan", "Index Only Scan Backward",
		"Bitmap Index Scan", "Bitmap Heap Scan", "Tid Scan", "Tid Range Scan", "Subquery Scan", "Function Scan",
		"Table Function Scan", "Values Scan", "CTE Scan", "WorkTable Scan":
		return true
	}
	return isJoin(words) || isSetOperation(words)
}

// isJoin knows Nested Loop and the joins by hash and by merging, of every kind.
func isJoin(words string) bool {
	if words == "Nested Loop" {
		return true
	}
	kind, join := strings.CutSuffix(words, " Join")
	for _, method := range []string{"Nested Loop", "Hash", "Merge"} {
		if rest, ok := strings.CutPrefix(kind, method); ok && join {
			switch rest {
			case "", " Left", " Right", " Full", " Semi", " Anti", " Right Semi", " Right Anti":
				return true
			}
		}
	}
	return false
}

func isSetOperation(words string) bool {
	method, operation, _ := strings.Cut(words, " ")
	switch operation {
	case "Intersect", "Intersect All", "Except", "Except All":
		return method == "SetOp" || method == "HashSetOp"
	}
	return false
}

// planRelation is what may be told of the relation that a node is about: its name and the alias that the client gave it, if the statement
// itself names it. An index is not told: its name can speak of columns that are closed.
func (s *Statement) planRelation(node, about string) string {
	switch node[strings.LastIndexByte(node, ' ')+1:] {
	case "Scan", "Backward", "Insert", "Update", "Delete", "Merge":
	default:
		return ""
	}
	found := planNames.FindStringSubmatch(about)
	if found == nil || strings.HasSuffix(node, "Bitmap Index Scan") || !s.namesRelation(unquoted(found[1])) {
		return ""
	}
	if found[2] == "" || strings.HasPrefix(unquoted(found[2]), reservedPrefix) {
		return " on " + found[1]
	}
	return " on " + found[1] + " " + found[2]
}

// planNames are a relation's name and perhaps an alias.
var planNames = regexp.MustCompile(`^(` + planName + `)(?: (` + planName + `))?$`)

const planName = `[a-z_][a-z0-9_$]*|"(?:[^"]|"")+"`

func unquoted(name string) string {
	if inner, ok := strings.CutPrefix(name, `"`); ok {
		return strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}
	return name
}

// namesRelation says whether the client's text names a relation so that it is read or written.
func (s *Statement) namesRelation(name string) bool {
	return slices.ContainsFunc(s.Uses, func(u Use) bool { return u.Relation == name })
}
