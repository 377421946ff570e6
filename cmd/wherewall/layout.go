package main

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// clause begins a line in a statement that is laid out.
var clause = map[string]bool{
	"FROM": true, "WHERE": true, "GROUP": true, "HAVING": true, "ORDER": true, "LIMIT": true, "RETURNING": true,
	"SET": true, "VALUES": true, "UNION": true,
}

// layOut breaks a statement before its clauses, indents those of sub-selects, and folds what is still too wide. It is for
// statements that we show, which have no white space in their literals.
func layOut(sql string, width int) string {
	var lines []string
	line, depth, indent := "", 0, 0
	for _, w := range words(sql) {
		if clause[w] {
			lines = append(lines, folded(line, indent, width))
			line, indent = "", depth
		}
		switch w {
		case "(":
			depth++
		case ")":
			depth--
		}
		if line != "" || strings.TrimSpace(w) != "" {
			line += w
		}
	}
	return strings.Join(append(lines, folded(line, indent, width)), "\n")
}

func folded(line string, depth, width int) string {
	margin := strings.Repeat("  ", depth)
	return margin + fold(strings.TrimSpace(line), width-len(margin), margin+"    ")
}

// fold breaks a line at white space so that none is wider than width, and indents what follows the first.
func fold(s string, width int, indent string) string {
	var b strings.Builder
	column, space := 0, ""
	for _, w := range words(s) {
		size := runewidth.StringWidth(w)
		if strings.TrimSpace(w) == "" {
			space = w // It is written before the word that follows, unless a new line begins there.
			continue
		}
		if column > 0 && column+len(space)+size > width && w != "," && w != ")" {
			b.WriteString("\n" + indent)
			column, space = 0, ""
		}
		b.WriteString(space + w)
		column, space = column+len(space)+size, ""
	}
	return b.String()
}
