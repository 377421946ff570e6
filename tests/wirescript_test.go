package tests

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A wire script is a conversation in a file, one step a line:
//
//	# a comment
//	Query SELECT 1; SELECT 2            the rest of the line is the SQL; \n in it is a line break
//	Parse s1 (23,0) SELECT $1, $2       name (- for the unnamed), parameter types, SQL
//	Bind p1 s1 text:1 null bin:0001 -> 1 0     portal, statement, values; after -> the result formats
//	Bind p1 s1 fmt=0 text:1 text:2      fmt= gives the parameter format codes instead of deriving them
//	Describe S s1   Execute p1 2   Close P p1   Sync   Flush   Terminate
//	Bind p2 s2 3*text:1                 three times the same value
//	Parse s2 () SELECT {$1..$3}         the parameters from one to another, with commas
//	Describe S s1   Execute p1 2   Close P p1   Sync   Flush   Terminate
//	CopyData bytes as in a Go string   CopyDone   CopyFail text
//	Raw F body as in a Go string        a message of any kind, its length as it ought to be
//	Bytes as in a Go string             anything
//	until RowDescription CommandComplete(SELECT 1) ReadyForQuery(I)
//
// `until` flushes what was sent and reads until the named messages have come in that order, others between
// them allowed. The part in parentheses is the tag, SQLSTATE or status that the message must have.
type wireScript struct {
	name  string
	steps []wireStep
}

// wireStep either sends a message, or waits for messages, or does something beside the conversation.
type wireStep struct {
	line      int
	send      pgproto3.FrontendMessage
	until     []expectation
	deed, sql string
}

// expectation is a message's name and, where what is not empty, its distinguishing word.
type expectation struct{ message, what string }

func readWireScript(path string) (*wireScript, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening a wire script: %w", err)
	}
	defer f.Close()
	s := &wireScript{name: path}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimRight(lines.Text(), " ")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		step, err := parseWireStep(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		step.line = n
		s.steps = append(s.steps, step)
	}
	return s, lines.Err()
}

func parseWireStep(text string) (wireStep, error) {
	verb, rest, _ := strings.Cut(text, " ")
	switch verb {
	case "until":
		e, err := parseExpectations(rest)
		return wireStep{until: e}, err
	case "Other", "Admin", "Running", "Cancel", "HalfClose":
		return wireStep{deed: verb, sql: rest}, nil
	}
	m, err := parseFrontendMessage(verb, rest)
	return wireStep{send: m}, err
}

func parseExpectations(s string) ([]expectation, error) {
	var all []expectation
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		end := strings.IndexAny(s, " (")
		if end < 0 {
			return append(all, expectation{message: s}), nil
		}
		e := expectation{message: s[:end]}
		if s[end] == '(' {
			closing := strings.IndexByte(s, ')')
			if closing < 0 {
				return nil, fmt.Errorf("no closing parenthesis in %q", s)
			}
			e.what, end = s[end+1:closing], closing+1
		}
		all, s = append(all, e), s[end:]
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("until names no message")
	}
	return all, nil
}

func parseFrontendMessage(verb, rest string) (pgproto3.FrontendMessage, error) {
	words := strings.Fields(rest)
	switch {
	case verb == "Query":
		return &pgproto3.Query{String: sqlOf(rest)}, nil
	case verb == "Parse":
		return parseParse(rest)
	case verb == "Bind" && len(words) >= 2:
		return parseBind(words)
	case verb == "Describe" && len(words) == 2:
		return &pgproto3.Describe{ObjectType: words[0][0], Name: nameOf(words[1])}, nil
	case verb == "Close" && len(words) == 2:
		return &pgproto3.Close{ObjectType: words[0][0], Name: nameOf(words[1])}, nil
	case verb == "Execute" && len(words) == 1:
		return &pgproto3.Execute{Portal: nameOf(words[0])}, nil
	case verb == "Execute" && len(words) == 2:
		n, err := strconv.ParseUint(words[1], 10, 32)
		return &pgproto3.Execute{Portal: nameOf(words[0]), MaxRows: uint32(n)}, err
	case verb == "CopyData":
		data, err := dataOf(rest)
		return &pgproto3.CopyData{Data: data}, err
	case verb == "Raw" && len(words) >= 1:
		data, err := dataOf(strings.TrimPrefix(rest[1:], " "))
		return &rawMessage{bytes: append(binary.BigEndian.AppendUint32([]byte{rest[0]}, uint32(4+len(data))), data...)}, err //nolint:gosec // a line of a file
	case verb == "Bytes":
		data, err := dataOf(rest)
		return &rawMessage{bytes: data}, err
	case verb == "CopyFail":
		return &pgproto3.CopyFail{Message: rest}, nil
	}
	if m := bareMessage(verb); m != nil && rest == "" {
		return m, nil
	}
	return nil, fmt.Errorf("not a step: %s %s", verb, rest)
}

func bareMessage(verb string) pgproto3.FrontendMessage {
	switch verb {
	case "Sync":
		return &pgproto3.Sync{}
	case "Flush":
		return &pgproto3.Flush{}
	case "Terminate":
		return &pgproto3.Terminate{}
	case "CopyDone":
		return &pgproto3.CopyDone{}
	}
	return nil
}

func nameOf(word string) string {
	if word == "-" {
		return ""
	}
	return word
}

// sqlOf writes out line breaks and lists of parameters.
func sqlOf(rest string) string {
	sql := strings.ReplaceAll(rest, `\n`, "\n")
	before, list, found := strings.Cut(sql, "{$")
	list, after, closed := strings.Cut(list, "}")
	var first, last int
	if n, err := fmt.Sscanf(list, "%d..$%d", &first, &last); !found || !closed || n != 2 || err != nil {
		return sql
	}
	var all []string
	for i := first; i <= last; i++ {
		all = append(all, "$"+strconv.Itoa(i))
	}
	return before + strings.Join(all, ",") + after
}

// rawMessage is bytes that are sent as they are.
type rawMessage struct{ bytes []byte }

// Frontend makes it a message of a client.
func (*rawMessage) Frontend() {}

// Decode is not for it.
func (*rawMessage) Decode([]byte) error { return errors.New("a raw message is only sent") }

// Encode appends the bytes.
func (m *rawMessage) Encode(dst []byte) ([]byte, error) { return append(dst, m.bytes...), nil }

// dataOf reads data in which bytes may be written as in a Go string: \n, \t, \\, \x00.
func dataOf(rest string) ([]byte, error) {
	var data []byte
	for rest != "" {
		value, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return nil, fmt.Errorf("reading the data %q: %w", rest, err)
		}
		if multibyte {
			data = utf8.AppendRune(data, value)
		} else {
			data = append(data, byte(value)) //nolint:gosec // one byte, or multibyte would be set
		}
		rest = tail
	}
	return data, nil
}

func parseParse(rest string) (pgproto3.FrontendMessage, error) {
	name, rest, _ := strings.Cut(rest, " ")
	types, sql, ok := strings.Cut(rest, ")")
	if !ok || !strings.HasPrefix(types, "(") {
		return nil, fmt.Errorf("Parse wants NAME (TYPES) SQL")
	}
	m := &pgproto3.Parse{Name: nameOf(name), Query: sqlOf(strings.TrimPrefix(sql, " "))}
	for _, w := range strings.FieldsFunc(types[1:], func(r rune) bool { return r == ',' }) {
		oid, err := strconv.ParseUint(w, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("reading a parameter type: %w", err)
		}
		m.ParameterOIDs = append(m.ParameterOIDs, uint32(oid))
	}
	return m, nil
}

func parseBind(words []string) (pgproto3.FrontendMessage, error) {
	m := &pgproto3.Bind{DestinationPortal: nameOf(words[0]), PreparedStatement: nameOf(words[1])}
	var derived, given []int16
	results, anyBinary, explicit := false, false, false
	for _, w := range repeated(words[2:]) {
		kind, value, _ := strings.Cut(w, ":")
		switch {
		case w == "->":
			results = true
		case results || strings.HasPrefix(w, "fmt="):
			codes, err := formatCodes(strings.TrimPrefix(w, "fmt="))
			if err != nil {
				return nil, err
			}
			if results {
				m.ResultFormatCodes = append(m.ResultFormatCodes, codes...)
			} else {
				given, explicit = codes, true
			}
		case w == "null":
			m.Parameters, derived = append(m.Parameters, nil), append(derived, 0)
		case kind == "text":
			m.Parameters, derived = append(m.Parameters, []byte(value)), append(derived, 0)
		case kind == "bin":
			b, err := hex.DecodeString(value)
			if err != nil {
				return nil, fmt.Errorf("reading a binary value: %w", err)
			}
			m.Parameters, derived, anyBinary = append(m.Parameters, b), append(derived, 1), true
		default:
			return nil, fmt.Errorf("not a value: %q", w)
		}
	}
	if explicit {
		m.ParameterFormatCodes = given
	} else if anyBinary {
		m.ParameterFormatCodes = derived
	}
	return m, nil
}

// repeated writes out words such as 3*text:1.
func repeated(words []string) []string {
	var all []string
	for _, w := range words {
		count, word, found := strings.Cut(w, "*")
		n, err := strconv.Atoi(count)
		if !found || err != nil {
			all = append(all, w)
			continue
		}
		all = append(all, slices.Repeat([]string{word}, n)...)
	}
	return all
}

func formatCodes(s string) ([]int16, error) {
	var codes []int16
	for _, w := range strings.Split(s, ",") {
		n, err := strconv.ParseInt(w, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("reading a format code: %w", err)
		}
		codes = append(codes, int16(n))
	}
	return codes, nil
}
