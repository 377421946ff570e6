package sqltree

// wordClass says what an unquoted word may do to the depth of the tree.
type wordClass uint8

const (
	plainWord    wordClass = iota
	labelWord              // AS: the next word is a name
	betweenWord            // its AND is no separator
	andWord                // separates terms unless a BETWEEN waits for it
	orWord                 // separates terms
	operatorWord           // NOT, IS, LIKE, ...: an operator that has letters
	caseWord               // opens a CASE
	armWord                // WHEN, THEN, ELSE: separates terms of a CASE
	endWord                // closes a CASE
	joinWord               // one more level of a FROM item
	setWord                // UNION, INTERSECT, EXCEPT
	bodyWord               // ATOMIC: opens a function's body
	queryWord              // the level holds a query or an ORDER BY
)

// classify knows the words of PostgreSQL's grammar that stand in recursive rules without brackets. A word counts even where it is used as
// a name: that can only refuse too much.
func classify(word string) wordClass {
	var folded [12]byte
	if len(word) > len(folded) {
		return plainWord
	}
	for i := range len(word) {
		c := word[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		folded[i] = c
	}
	switch string(folded[:len(word)]) {
	case "as":
		return labelWord
	case "between":
		return betweenWord
	case "and":
		return andWord
	case "or":
		return orWord
	case "not", "is", "isnull", "notnull", "like", "ilike", "similar", "in", "escape", "collate", "at", "operator",
		"overlaps", "any", "some", "all", "over", "filter", "within", "default", "explain", "uescape", "distinct":
		return operatorWord
	case "atomic":
		return bodyWord
	case "case":
		return caseWord
	case "when", "then", "else":
		return armWord
	case "end":
		return endWord
	case "join":
		return joinWord
	case "union", "intersect", "except":
		return setWord
	case "select", "values", "with", "table", "order", "partition", "passing", "columns", "json", "json_array", "json_object",
		"insert", "update", "delete", "merge":
		return queryWord
	}
	return plainWord
}

// word accounts for an unquoted word. Behind a dot or AS any word is a name and must not separate terms: the chain goes on
// in 1 + x.and + x.and + ...
func (c *depthCheck) word(text string, label bool, offset int) error {
	class := classify(text)
	if label {
		return nil
	}
	l := &c.levels[c.top]
	switch class {
	case labelWord:
		c.label = true
	case betweenWord:
		l.chain += operatorWeight
		l.between = true
	case andWord:
		if l.between {
			l.between = false
		} else {
			l.endTerm()
			l.and = true
		}
	case orWord:
		l.endTerm()
		l.or = true
	case operatorWord:
		l.chain += operatorWeight
	case caseWord:
		return c.push(caseLevel, offset)
	case armWord:
		if l.kind == caseLevel {
			l.endTerm()
		}
	case endWord:
		if l.kind == caseLevel {
			c.pop()
		}
	case bodyWord:
		c.bodies += bodyWeight
	case joinWord:
		c.query().joins += joinWeight
	case queryWord:
		c.query().query = true
	case setWord:
		c.popCases()
		c.levels[c.top].endJoins()
		c.levels[c.top].sets += setWeight
	}
	return nil
}

// query is the level that a word of the query grammar belongs to. Most of these words may be names too, so unlike a comma they prove
// nothing about the CASEs that seem to be open.
func (c *depthCheck) query() *level {
	i := c.top
	for c.levels[i].kind == caseLevel {
		i--
	}
	return &c.levels[i]
}
