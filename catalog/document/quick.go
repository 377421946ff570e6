package document

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// quick reads the plain part of YAML that lists of people are written in: block maps, flow maps and lists on one line,
// words, numbers and quoted text without escapes. Of anything else it says so, and the library reads it. What it reads it reads
// as the library does, place by place; a test holds the two together.
type quick struct {
	file *File
	line int // from 0
	end  int // the line after the entry
}

// entry reads the one entry of a map that the lines are.
func (q *quick) entry() (Entry, bool) {
	for _, line := range q.file.lines[q.line:q.end] {
		if strings.ContainsFunc(line, unicode.IsControl) {
			return Entry{}, false
		}
	}
	m, ok := q.block(indentOf(q.file.lines[q.line]))
	if !ok || q.line != q.end || len(m.Entries) != 1 {
		return Entry{}, false
	}
	return m.Entries[0], true
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// skip passes blank lines and comments.
func (q *quick) skip() {
	for q.line < q.end {
		content := strings.TrimLeft(q.file.lines[q.line], " ")
		if content != "" && content[0] != '#' {
			return
		}
		q.line++
	}
}

// block reads a map whose keys stand at an indentation, and all lines that belong to it.
func (q *quick) block(indent int) (*Node, bool) {
	m := &Node{Kind: Map, Place: Place{q.file, q.line + 1, indent + 1}}
	for q.skip(); q.line < q.end; q.skip() {
		line := q.file.lines[q.line]
		if indentOf(line) < indent {
			break
		}
		if indentOf(line) > indent {
			return nil, false
		}
		s := &quickLine{quick: q, text: line, at: indent, col: indent + 1}
		key, ok := s.key()
		if !ok || m.entry(key.Text) != nil {
			return nil, false
		}
		value, ok := q.value(s, indent)
		if !ok {
			return nil, false
		}
		m.Entries = append(m.Entries, Entry{key, value})
	}
	return m, true
}

// value reads what follows a key on its line, or below it.
func (q *quick) value(s *quickLine, indent int) (*Node, bool) {
	s.space()
	if s.rest() != "" && s.text[s.at] != '#' {
		n, ok := s.value(false)
		if !ok || !s.done() {
			return nil, false
		}
		q.line++
		// A deeper line would go on with what stands here.
		q.skip()
		return n, q.line == q.end || indentOf(q.file.lines[q.line]) <= indent
	}
	if s.rest() != "" && !s.done() {
		return nil, false
	}
	q.line++
	q.skip()
	if q.line == q.end || indentOf(q.file.lines[q.line]) <= indent {
		return nil, false // nothing, whose place is the library's to say
	}
	if strings.HasPrefix(strings.TrimLeft(q.file.lines[q.line], " "), "- ") {
		return nil, false
	}
	return q.block(indentOf(q.file.lines[q.line]))
}

// quickLine reads one line. at is in bytes, col in characters from 1.
type quickLine struct {
	*quick
	text    string
	at, col int
}

func (s *quickLine) rest() string { return s.text[s.at:] }

func (s *quickLine) place() Place { return Place{s.file, s.line + 1, s.col} }

func (s *quickLine) move(bytes int) {
	s.col += utf8.RuneCountInString(s.text[s.at : s.at+bytes])
	s.at += bytes
}

func (s *quickLine) space() {
	s.move(len(s.rest()) - len(strings.TrimLeft(s.rest(), " ")))
}

// done says whether nothing but a comment follows, which has a space before it.
func (s *quickLine) done() bool {
	spaced := s.at > 0 && s.text[s.at-1] == ' '
	rest := strings.TrimLeft(s.rest(), " ")
	return rest == "" || rest[0] == '#' && (spaced || len(rest) < len(s.rest()))
}

// key reads a key and its colon.
func (s *quickLine) key() (*Node, bool) {
	n, ok := s.scalar(true)
	if !ok || n.Kind != Scalar || !strings.HasPrefix(s.rest(), ":") {
		return nil, false
	}
	s.move(1)
	return n, s.rest() == "" || s.text[s.at] == ' '
}

func (s *quickLine) value(flow bool) (*Node, bool) {
	if s.rest() == "" {
		return nil, false
	}
	switch s.text[s.at] {
	case '{':
		return s.flowMap()
	case '[':
		return s.flowList()
	default:
		return s.scalar(flow)
	}
}

func (s *quickLine) flowMap() (*Node, bool) {
	m := &Node{Kind: Map, Place: s.place()}
	for s.move(1); ; {
		s.space()
		if strings.HasPrefix(s.rest(), "}") {
			s.move(1)
			return m, true
		}
		key, ok := s.key()
		if !ok || m.entry(key.Text) != nil {
			return nil, false
		}
		s.space()
		value, ok := s.value(true)
		if !ok || !s.next('}') {
			return nil, false
		}
		m.Entries = append(m.Entries, Entry{key, value})
	}
}

func (s *quickLine) flowList() (*Node, bool) {
	l := &Node{Kind: List, Place: s.place()}
	for s.move(1); ; {
		s.space()
		if strings.HasPrefix(s.rest(), "]") {
			s.move(1)
			return l, true
		}
		item, ok := s.value(true)
		if !ok || !s.next(']') {
			return nil, false
		}
		l.Items = append(l.Items, item)
	}
}

// next passes a comma, or stops before the end of a map or list.
func (s *quickLine) next(end byte) bool {
	s.space()
	switch {
	case s.rest() == "":
		return false
	case s.text[s.at] == ',':
		s.move(1)
		s.space()
		return s.rest() != "" && s.text[s.at] != end // A comma before the end is the library's to judge.
	default:
		return s.text[s.at] == end
	}
}

func (s *quickLine) scalar(flow bool) (*Node, bool) {
	if s.rest() == "" {
		return nil, false
	}
	if c := s.text[s.at]; c == '"' || c == '\'' {
		return s.quoted(c)
	}
	n := &Node{Kind: Scalar, Place: s.place()}
	end := s.word(flow)
	if end == 0 {
		return nil, false
	}
	n.Text = s.rest()[:end]
	s.move(end)
	typ, ok := wordType(n.Text)
	n.Type = typ
	return n, ok
}

func (s *quickLine) quoted(quote byte) (*Node, bool) {
	n := &Node{Kind: Scalar, Place: s.place(), style: single}
	if quote == '"' {
		n.style = double
	}
	end := strings.IndexByte(s.rest()[1:], quote)
	if end < 0 || strings.ContainsAny(s.rest()[1:1+end], "\\\t") || strings.HasPrefix(s.rest()[2+end:], string(quote)) {
		return nil, false
	}
	n.Text = s.rest()[1 : 1+end]
	s.move(end + 2)
	return n, utf8.ValidString(n.Text)
}

// word is the length of the plain word that begins here; 0 for one that may mean more. Outside of keys, lists and flow maps, a word
// may have colons: verifiers have.
func (s *quickLine) word(flow bool) int {
	for i, c := range s.rest() {
		switch {
		case unicode.IsLetter(c) || c >= '0' && c <= '9' || c == '_':
		case i > 0 && strings.ContainsRune("-.@$+=/", c):
		case i == 0 && c == '-':
		case i > 0 && c == ':' && !flow && i+1 < len(s.rest()) && s.rest()[i+1] != ' ':
		case c == ' ' || c == ':' || c == ',' || c == '}' || c == ']':
			if c == ' ' && !s.ends(i, flow) {
				return 0
			}
			return i
		default:
			return 0
		}
	}
	return len(s.rest())
}

// ends says whether the spaces at i of the rest end the word: a comment, a comma or the end of the line follows.
func (s *quickLine) ends(i int, flow bool) bool {
	after := strings.TrimLeft(s.rest()[i:], " ")
	return after == "" || after[0] == '#' || flow && strings.ContainsRune(",}]", rune(after[0]))
}

// wordType types a plain word; ok is false for one that the library may read as something else.
func wordType(word string) (t Type, ok bool) {
	first := rune(word[0])
	if first >= 0x80 {
		first, _ = utf8.DecodeRuneInString(word)
	}
	switch {
	case word == "true" || word == "false":
		return Bool, true
	case unicode.IsLetter(first) || first == '_':
		return Text, !special[strings.ToLower(word)]
	case isDay(word):
		return Text, true
	case isInteger(word):
		return Int, true
	default:
		return Text, false
	}
}

// special words mean something in some spelling.
var special = map[string]bool{
	"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true, "inf": true, "nan": true,
}

func isInteger(word string) bool {
	digits := strings.TrimPrefix(word, "-")
	if digits == "" || len(digits) > 15 || digits[0] == '0' && digits != "0" || word == "-0" {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}

// isDay tells 2006-01-02.
func isDay(word string) bool {
	if len(word) != 10 || word[4] != '-' || word[7] != '-' {
		return false
	}
	return strings.Trim(word[:4]+word[5:7]+word[8:], "0123456789") == ""
}
