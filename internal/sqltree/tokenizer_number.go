package sqltree

// scanNumber reads a number at i. What PostgreSQL calls junk behind a number is an error, never a second token.
func (t *Tokenizer) scanNumber(start int) (TokenKind, int, error) {
	if t.text[start] == '0' {
		if digit, name := radix(t.at(start + 1)); digit != nil {
			return t.scanRadix(start, digit, name)
		}
	}
	i := t.digits(start, isDigit)
	if t.at(i) == '.' {
		if i > start && t.at(i+1) == '.' {
			return Number, i, nil // 1..10 is 1, then two dots
		}
		i = t.digits(i+1, isDigit)
	}
	if c := t.at(i); c == 'e' || c == 'E' {
		signed := t.at(i+1) == '+' || t.at(i+1) == '-'
		switch {
		case isDigit(t.at(i + 1)):
			i = t.digits(i+1, isDigit)
		case signed && isDigit(t.at(i+2)):
			i = t.digits(i+2, isDigit)
		case signed:
			return t.junk(start, i+2)
		}
	}
	if isIdentStart(t.at(i)) {
		return t.junk(start, t.wordEnd(i))
	}
	return Number, i, nil
}

// junk is the error of a number that runs into something else.
func (t *Tokenizer) junk(start, end int) (TokenKind, int, error) {
	return NoToken, 0, syntaxError(t.text, start, end, "trailing junk after numeric literal")
}

// radix tells the digits of a number that starts with 0x, 0o or 0b by that letter.
func radix(letter byte) (digit func(byte) bool, name string) {
	switch letter {
	case 'x', 'X':
		return isHexDigit, "hexadecimal"
	case 'o', 'O':
		return func(c byte) bool { return '0' <= c && c <= '7' }, "octal"
	case 'b', 'B':
		return func(c byte) bool { return c == '0' || c == '1' }, "binary"
	}
	return nil, ""
}

// scanRadix reads 0x1F and its like. The digits may start with an underscore; a letter behind them is no junk but the next word.
func (t *Tokenizer) scanRadix(start int, digit func(byte) bool, name string) (TokenKind, int, error) {
	first := start + 2
	if t.at(first) == '_' {
		first++
	}
	if isDigit(t.at(first)) && !digit(t.at(first)) {
		return t.junk(start, t.wordEnd(first))
	}
	if !digit(t.at(first)) {
		return NoToken, 0, syntaxError(t.text, start, first, "invalid "+name+" integer")
	}
	return Number, t.digits(first, digit), nil
}

// digits returns the end of the digits at i. A single underscore may stand between two digits.
func (t *Tokenizer) digits(i int, digit func(byte) bool) int {
	if !digit(t.at(i)) {
		return i
	}
	for i++; ; i++ {
		switch {
		case digit(t.at(i)):
		case t.at(i) == '_' && digit(t.at(i+1)):
			i++
		default:
			return i
		}
	}
}

// scanParameter reads $1. Numbers beyond the protocol's are refused here because some servers let them wrap around:
// $4294967297 would be $1 there.
func (t *Tokenizer) scanParameter(start int) (TokenKind, int, error) {
	i, number := start+1, 0
	for ; isDigit(t.at(i)); i++ {
		number = min(number*10+int(t.text[i]-'0'), MaxParameter+1)
	}
	if isIdentStart(t.at(i)) {
		return NoToken, 0, syntaxError(t.text, start, t.wordEnd(i), "trailing junk after parameter")
	}
	if number > MaxParameter {
		return NoToken, 0, &LimitError{
			Code: CodeUnparsable, SQLState: "54023", Message: "parameter number is out of range",
			Position: character(t.text, start),
		}
	}
	return Parameter, i, nil
}

// wordEnd is where the word that i is in ends.
func (t *Tokenizer) wordEnd(i int) int {
	for i < len(t.text) && isIdentCont(t.text[i]) {
		i++
	}
	return i
}

func isHexDigit(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
