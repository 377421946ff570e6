package wire

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// errorFields are the fields of an ErrorResponse or NoticeResponse that a client may see, and two that tell where it comes from. Internal
// queries, contexts and places in the server's source (q, p, W, F, L, R) are never sent: they quote text that is not the client's.
type errorFields struct {
	severity      string // S, in the server's language
	fixedSeverity string // V
	code          string // C
	message       string // M
	detail        string // D
	hint          string // H
	position      int    // P, in characters from 1
	schema        string // s
	table         string // t
	column        string // c
	typeName      string // d
	constraint    string // n
	context       string // W; for our eyes only
	where         string // W, as far as the client may see it
	routine       string // R; for our eyes only
}

// parseErrorFields reads the fields of a message body. Any set of fields is tolerated, and a body that was cut off too.
func parseErrorFields(body []byte) errorFields {
	var f errorFields
	for len(body) > 0 && body[0] != 0 {
		kind := body[0]
		value, rest, _ := bytes.Cut(body[1:], []byte{0})
		body = rest
		f.set(kind, strings.ToValidUTF8(string(value), string(utf8.RuneError)))
	}
	f.complete()
	return f
}

// complete fills in what clients rely on. What has no severity is taken for the end of the session.
func (f *errorFields) complete() {
	if f.fixedSeverity == "" {
		f.fixedSeverity = f.severity
	}
	if f.fixedSeverity == "" {
		f.fixedSeverity = "FATAL"
	}
	if f.severity == "" {
		f.severity = f.fixedSeverity
	}
	if f.code == "" {
		f.code = stateInternal
	}
}

func (f *errorFields) set(kind byte, value string) {
	switch kind {
	case 'S':
		f.severity = value
	case 'V':
		f.fixedSeverity = value
	case 'C':
		f.code = value
	case 'M':
		f.message = value
	case 'D':
		f.detail = value
	case 'H':
		f.hint = value
	case 'P':
		f.position, _ = strconv.Atoi(value)
	case 's':
		f.schema = value
	case 't':
		f.table = value
	case 'c':
		f.column = value
	case 'd':
		f.typeName = value
	case 'n':
		f.constraint = value
	case 'W':
		f.context = value
	case 'R':
		f.routine = value
	}
}

// fatal says whether the sender ends the connection.
func (f *errorFields) fatal() bool {
	return f.fixedSeverity != "ERROR"
}

// holds says whether a text that must not leave is in any field that would.
func (f *errorFields) holds(secret string) bool {
	for _, s := range []string{f.message, f.detail, f.hint, f.schema, f.table, f.column, f.typeName, f.constraint, f.where} {
		if strings.Contains(s, secret) {
			return true
		}
	}
	return false
}

func appendError(dst []byte, f errorFields) []byte {
	return appendMessage(dst, 'E', f.append)
}

func appendNotice(dst []byte, f errorFields) []byte {
	return appendMessage(dst, 'N', f.append)
}

func (f *errorFields) append(dst []byte) []byte {
	position := ""
	if f.position > 0 {
		position = strconv.Itoa(f.position)
	}
	for _, field := range []struct {
		kind  byte
		value string
	}{
		{'S', f.severity},
		{'V', f.fixedSeverity},
		{'C', f.code},
		{'M', f.message},
		{'D', f.detail},
		{'H', f.hint},
		{'P', position},
		{'W', f.where},
		{'s', f.schema},
		{'t', f.table},
		{'c', f.column},
		{'d', f.typeName},
		{'n', f.constraint},
	} {
		if field.value != "" {
			dst = append(dst, field.kind)
			dst = append(dst, strings.ReplaceAll(field.value, "\x00", "")...)
			dst = append(dst, 0)
		}
	}
	return append(dst, 0)
}
