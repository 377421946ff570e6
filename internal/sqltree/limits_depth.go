package sqltree

// What a token adds to the depth of the tree, in protobuf messages. A bracket's weight is that of a row or list; behind a name it is
// that of a call's argument. Where a word in it says that a query or an ORDER BY is in it, queryWeight comes on top.
const (
	operatorWeight = 2 // Node, A_Expr
	joinWeight     = 2 // Node, JoinExpr
	setWeight      = 1 // SelectStmt
	bodyWeight     = 6 // Node, CreateFunctionStmt, Node, List, Node, List
	caseWeight     = 4 // Node, CaseExpr, Node, CaseWhen
	bracketWeight  = 2 // Node, RowExpr
	callWeight     = 4 // Node, FuncCall, Node, NamedArgExpr
	booleanWeight  = 2 // Node, BoolExpr
	queryWeight    = 6 // SubLink, Node, SelectStmt, Node, ResTarget, and a WITH or a JsonValueExpr
)

// level is one open bracket or CASE of a text, or the text itself.
//
// Of its contents only what can stand above or below one another is added up. Terms separated by a comma, and terms of an AND or
// OR that is not a BETWEEN's, stand side by side, because nothing binds less than these; joins separated by a comma
// likewise, and all of it on both sides of a UNION. UNIONs themselves are one chain.
type level struct {
	kind     levelKind
	between  bool  // a BETWEEN waits for its AND
	call     bool  // a name stands before the bracket
	and, or  bool  // holds an AND or OR
	query    bool  // holds a query or an ORDER BY
	sets     int32 // UNION, INTERSECT, EXCEPT
	joins    int32 // of the FROM item at hand
	maxJoins int32
	chain    int32 // operators of the term at hand
	inner    int32 // depth of the deepest bracket in the term at hand
	maxTerm  int32
	// How often the parser copies what is written here. SET (a, b, c) = (SELECT ...) is three assignments with a query each, and
	// three times three where that query has a WITH (UPDATE ... SET (a, b, c) = ...) in it.
	copies int // of the level's first token
	factor int // more of them now: the width of the row before =
	width  int // terms separated by commas so far
}

type levelKind uint8

const (
	textLevel levelKind = iota
	bracketLevel
	caseLevel
)

// depth is an upper bound for the depth of the tree over everything in the level so far.
func (l *level) depth() int32 {
	d := l.sets + max(l.maxJoins, l.joins) + max(l.maxTerm, l.chain+l.inner)
	if l.and {
		d += booleanWeight
	}
	if l.or {
		d += booleanWeight
	}
	if l.query {
		d += queryWeight
	}
	return d
}

// endTerm is called between terms that stand side by side.
func (l *level) endTerm() {
	l.maxTerm = max(l.maxTerm, l.chain+l.inner)
	l.chain, l.inner, l.between = 0, 0, false
}

// endJoins is called between FROM items that stand side by side.
func (l *level) endJoins() {
	l.endTerm()
	l.maxJoins, l.joins = max(l.maxJoins, l.joins), 0
}

// multiple is how often the parser copies the level's next token, cut off where that is too much anyway.
func (l *level) multiple() int { return min(l.copies*l.factor, MaxTokens+1) }

// depthCheck walks over the tokens of a text with a stack of its open levels. It lives on the goroutine's stack.
type depthCheck struct {
	text       string
	levels     [MaxNesting + 1]level
	top        int
	tokens     int
	statements int
	label      bool  // the token before was a dot or AS: a word now is a name, whatever it spells
	name       bool  // the token before was a word or quoted name: a bracket now may be a call
	row        int   // the token before closed a bracket of so many terms
	deepest    int32 // of the statements before the one at hand
	bodies     int32 // of BEGIN ATOMIC: function bodies within one another need no brackets, and their semicolons end no statement
}

// checkDepth refuses texts that are too deep, have too many tokens or statements, or do not consist of tokens at all.
func checkDepth(sql string) error {
	c := newDepthCheck(sql)
	return c.run()
}

func newDepthCheck(sql string) depthCheck {
	c := depthCheck{text: sql}
	c.levels[0] = level{copies: 1, factor: 1, width: 1}
	return c
}

// run reads all tokens. Afterwards the level at the bottom knows the depth of the whole.
func (c *depthCheck) run() error {
	t := NewTokenizer(c.text)
	for {
		token, err := t.Next()
		if err != nil {
			return err
		}
		if token.Kind == EndOfText {
			break
		}
		if token.Kind == Comment {
			continue
		}
		if err := c.token(token); err != nil {
			return err
		}
	}
	for c.top > 0 {
		c.pop()
	}
	return c.check(len(c.text))
}

// token accounts for one token.
func (c *depthCheck) token(t Token) error {
	if c.tokens += c.levels[c.top].multiple(); c.tokens > MaxTokens {
		return tooComplex(c.text, t.Start, "statement has too many tokens")
	}
	text := c.text[t.Start:t.End]
	row := c.row
	c.row = 0
	label, name := c.label, c.name
	c.label, c.name = false, t.Kind == Word || t.Kind == QuotedName
	switch t.Kind {
	case Word:
		if err := c.word(text, label, t.Start); err != nil {
			return err
		}
	case Operator:
		l := &c.levels[c.top]
		l.chain += operatorWeight
		if text == "=" {
			l.factor = max(l.factor, row)
		}
	case Punctuation:
		if err := c.punctuation(text, name, t.Start); err != nil {
			return err
		}
	}
	return c.check(t.Start)
}

// check refuses a level that has become too deep by itself. What its parents add is known when it is closed.
func (c *depthCheck) check(offset int) error {
	if c.levels[c.top].depth()+c.bodies > MaxTreeDepth {
		return tooComplex(c.text, offset, "statement is nested too deeply")
	}
	return nil
}

// punctuation accounts for brackets, separators, casts and labels.
func (c *depthCheck) punctuation(text string, name bool, offset int) error {
	switch text {
	case "(", "[":
		if err := c.push(bracketLevel, offset); err != nil {
			return err
		}
		c.levels[c.top].call = name || text == "["
	case ")", "]":
		c.popCases()
		if c.top > 0 {
			c.row = c.levels[c.top].width
			c.pop()
		}
	case ",":
		c.popCases()
		c.levels[c.top].endJoins()
		c.levels[c.top].width++
		c.levels[c.top].factor = 1
	case ";":
		return c.semicolon(offset)
	case ".":
		c.label = true
	case "::", ":=":
		c.levels[c.top].chain += operatorWeight
	case ":":
		c.query().query = true // JSON's key : value has a JsonValueExpr in it
	}
	return nil
}

// semicolon ends a statement, or an action of a rule.
func (c *depthCheck) semicolon(offset int) error {
	if c.statements++; c.statements > MaxStatements {
		return tooComplex(c.text, offset, "message has too many statements")
	}
	c.popCases()
	l := &c.levels[c.top]
	l.endJoins()
	if c.top == 0 {
		c.deepest = max(c.deepest, l.depth())
		*l = level{copies: 1, factor: 1, width: 1}
	}
	return nil
}

// push opens a level.
func (c *depthCheck) push(kind levelKind, offset int) error {
	if c.top == MaxNesting {
		return tooComplex(c.text, offset, "statement is nested too deeply")
	}
	copies := c.levels[c.top].multiple()
	c.top++
	c.levels[c.top] = level{kind: kind, copies: copies, factor: 1, width: 1}
	return nil
}

// pop closes the level at the top. A bracket is one operand of its term. A CASE adds to its term's chain: this bound is poor but holds even
// where the word CASE or END was an alias.
func (c *depthCheck) pop() {
	closed := &c.levels[c.top]
	c.top--
	parent := &c.levels[c.top]
	if closed.kind == caseLevel {
		parent.chain += closed.depth() + caseWeight
		return
	}
	weight := int32(bracketWeight)
	if closed.call {
		weight = callWeight
	}
	parent.inner = max(parent.inner, closed.depth()+weight)
}

// popCases closes the CASEs that a separator or closing bracket proves to be none, so that those tokens always meet the level
// that they belong to.
func (c *depthCheck) popCases() {
	for c.levels[c.top].kind == caseLevel {
		c.pop()
	}
}
