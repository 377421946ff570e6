package sqltree

// What a token adds to the depth of the tree, in protobuf messages. A bracket's weight is that of a call's argument; where a word in it
// says that a query or an ORDER BY is in it, queryWeight comes on top.
const (
	operatorWeight = 2 // Node, A_Expr
	joinWeight     = 2 // Node, JoinExpr
	setWeight      = 1 // SelectStmt
	caseWeight     = 4 // Node, CaseExpr, Node, CaseWhen
	bracketWeight  = 4 // Node, FuncCall, Node, NamedArgExpr
	booleanWeight  = 4 // Node, BoolExpr (OR), Node, BoolExpr (AND)
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
	boolean  bool  // holds an AND or OR
	query    bool  // holds a query or an ORDER BY
	sets     int32 // UNION, INTERSECT, EXCEPT
	joins    int32 // of the FROM item at hand
	maxJoins int32
	chain    int32 // operators of the term at hand
	inner    int32 // depth of the deepest bracket in the term at hand
	maxTerm  int32
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
	if l.boolean {
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

// depthCheck walks over the tokens of a text with a stack of its open levels. It lives on the goroutine's stack.
type depthCheck struct {
	text       string
	levels     [MaxNesting + 1]level
	top        int
	tokens     int
	statements int
	label      bool // the token before was a dot or AS: a word now is a name, whatever it spells
}

// checkDepth refuses texts that are too deep, have too many tokens or statements, or do not consist of tokens at all.
func checkDepth(sql string) error {
	c := depthCheck{text: sql}
	return c.run()
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
	if c.tokens++; c.tokens > MaxTokens {
		return tooComplex(c.text, t.Start, "statement has too many tokens")
	}
	text := c.text[t.Start:t.End]
	label := c.label
	c.label = false
	switch t.Kind {
	case Word:
		if err := c.word(text, label, t.Start); err != nil {
			return err
		}
	case Operator:
		c.levels[c.top].chain += operatorWeight
	case Punctuation:
		if err := c.punctuation(text, t.Start); err != nil {
			return err
		}
	}
	return c.check(t.Start)
}

// check refuses a level that has become too deep by itself. What its parents add is known when it is closed.
func (c *depthCheck) check(offset int) error {
	if c.levels[c.top].depth() > MaxTreeDepth {
		return tooComplex(c.text, offset, "statement is nested too deeply")
	}
	return nil
}

// punctuation accounts for brackets, separators, casts and labels.
func (c *depthCheck) punctuation(text string, offset int) error {
	switch text {
	case "(", "[":
		return c.push(bracketLevel, offset)
	case ")", "]":
		c.popCases()
		if c.top > 0 {
			c.pop()
		}
	case ",":
		c.popCases()
		c.levels[c.top].endJoins()
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
		*l = level{maxTerm: l.depth()}
	}
	return nil
}

// push opens a level.
func (c *depthCheck) push(kind levelKind, offset int) error {
	if c.top == MaxNesting {
		return tooComplex(c.text, offset, "statement is nested too deeply")
	}
	c.top++
	c.levels[c.top] = level{kind: kind}
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
	parent.inner = max(parent.inner, closed.depth()+bracketWeight)
}

// popCases closes the CASEs that a separator or closing bracket proves to be none, so that those tokens always meet the level
// that they belong to.
func (c *depthCheck) popCases() {
	for c.levels[c.top].kind == caseLevel {
		c.pop()
	}
}
