package casebook

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// transactionWord finds the first statement of a text that would begin or end a transaction, by its first word. The text does not go
// through the rewriter, so nothing else would keep it from committing what a case is to leave no trace of.
func transactionWord(sql string) string {
	tokens := sqltree.NewTokenizer(sql)
	first := true
	for {
		token, err := tokens.Next()
		if err != nil {
			return "be read: " + err.Error()
		}
		text := sql[token.Start:token.End]
		switch {
		case token.Kind == sqltree.EndOfText:
			return ""
		case text == ";":
			first = true
			continue
		case token.Kind == sqltree.Comment:
			continue
		}
		if word := strings.ToLower(text); first && slices.Contains(transactionWords(), word) {
			return word
		}
		first = false
	}
}

func transactionWords() []string {
	return []string{"begin", "start", "commit", "end", "rollback", "abort", "prepare", "savepoint", "release"}
}
