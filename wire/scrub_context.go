package wire

import "strings"

// fromFunction says whether an error comes from inside a function or trigger of the database, which runs with the service login's rights and
// may have met rows, tables and words that are not the client's. Contexts that the server itself gives to what a client sent are
// known; what is not known, or said in another language, counts as a function's.
func (f *errorFields) fromFunction() bool {
	for line := range strings.Lines(f.context) {
		if !ownContext(strings.TrimSpace(line)) {
			return true
		}
	}
	return false
}

func ownContext(line string) bool {
	for _, known := range []string{"", "JSON data, line ", "unnamed portal", "portal \"", "while "} {
		if line == known || known != "" && strings.HasPrefix(line, known) {
			return true
		}
	}
	return false
}

// raised says whether the text is what the author of a function wrote for its callers. Only the server fills in this field.
func (f *errorFields) raised() bool { return f.routine == "exec_stmt_raise" }

// scrubFunction leaves of a function's error its code, and its message as far as the author wrote it or it quotes nothing. Details and hints
// are for the function's author, and often quote rows.
func scrubFunction(f *errorFields) {
	if !f.fromFunction() {
		return
	}
	f.detail, f.hint, f.position = "", "", 0
	if f.raised() {
		return
	}
	switch class(f.code) {
	case "23": // is told by its table
	case "42", "0A", "55":
		f.message = "a function or trigger of the database failed"
	default:
		f.message = unquoted(f.message)
	}
}

// unquoted cuts a message before what it quotes.
func unquoted(message string) string {
	if at := strings.IndexAny(message, "\"'«»„“”‚‘’`"); at >= 0 {
		return strings.TrimRight(message[:at], " :(,")
	}
	return message
}

func class(code string) string {
	if len(code) != 5 {
		return ""
	}
	return code[:2]
}

// scrubInternals hides what the server says of its own files, pages and catalog rows. They are the operator's, whose log has them.
func scrubInternals(f *errorFields) {
	switch {
	case f.code == "53100":
		f.message = "the database server is out of disk space"
	case class(f.code) == "XX", class(f.code) == "58", class(f.code) == "F0":
		f.message = "internal error of the database server"
	default:
		return
	}
	f.detail, f.hint = "", ""
}
