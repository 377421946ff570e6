package wire

import (
	"fmt"
	"strings"

	"github.com/wherewall/wherewall/rewrite"
)

// statement is a Template with the values of the plan it was made with. Position and Refusal need both.
type statement struct {
	template *rewrite.Template
	values   *rewrite.Values
	size     int    // of the client's text in bytes
	code     string // of the refusal, for the log; empty where the Template has it
	at       int    // which of the template's statements it is
	body     bool   // it is that statement's body: what PREPARE or DECLARE made
	shift    int    // by how many characters the text that was rewritten begins later in the client's
}

// said is what is known of the statement; nil for none, and for one that is refused.
func (s statement) said() *rewrite.Statement {
	if s.template == nil || s.template.Refused != nil || s.at >= len(s.template.Statements) {
		return nil
	}
	said := &s.template.Statements[s.at]
	if s.body {
		return said.Body
	}
	return said
}

// hidden is what must be taken out of the statement's replies.
func (s statement) hidden() rewrite.Hidden {
	if said := s.said(); said != nil {
		return said.Hidden
	}
	return rewrite.HiddenNothing
}

// scrubError turns a server's error into the client's. It returns the refusal that it stands for, or nil. The zero
// statement is a reply that belongs to no text of the client. inner is what that text runs by name: the marks are its own then, and the
// places in it are not those of the text.
// about is the statement of a Query that the server was about; nil for none that is known.
func scrubError(f *errorFields, of, inner statement, mark string, about *rewrite.Statement) *rewrite.Refusal {
	loadContext(f, about)
	if inner.template != nil {
		if r := inner.template.Refusal(f.message, inner.values); r != nil {
			*f = refusalFields(r)
			f.position = 0
			return r
		}
	} else if of.template != nil {
		if r := of.template.Refusal(f.message, of.values); r != nil {
			where := f.where
			if where == "" {
				where = refusedRow(about, of.template.RefusedRow(f.message, of.values))
			}
			*f = refusalFields(r)
			f.where = where
			return r
		}
	}
	if f.holds(mark) {
		// A mark that nobody claims is our own text in the client's error. What it stood for is unknown, so the answer is the plainest no.
		*f = refusalFields(&rewrite.Refusal{SQLState: stateDenied, Message: "permission denied"})
		return nil
	}
	f.detail = scrubDetail(f)
	f.position = of.position(f.position)
	scrubFunction(f)
	scrubIntegrity(f, of.plan())
	scrubPrivilege(f, of.plan())
	scrubColumns(f, of)
	scrubColumns(f, inner)
	scrubOwnNames(f)
	scrubTemporary(f, about)
	scrubInternals(f)
	scrubLoad(f, about)
	if of.hidden() == rewrite.HiddenColumn || inner.hidden() == rewrite.HiddenColumn {
		f.message = uncount(f.message)
	}
	return nil
}

// scrubTemporary names temporary tables as clients do: it is us who put their schema before them. A session that has not made one yet does not even
// have the schema.
func scrubTemporary(f *errorFields, about *rewrite.Statement) {
	if f.code == stateNoSchema && f.message == `schema "pg_temp" does not exist` && about != nil && about.Temporary != "" {
		f.code, f.message = stateNoTable, `relation "`+about.Temporary+`" does not exist`
	}
	if strings.HasPrefix(f.code, "42") {
		f.message = strings.ReplaceAll(f.message, `"pg_temp.`, `"`)
	}
}

// uncount takes the hidden column out of what PostgreSQL says of a Bind with a wrong number of result formats.
func uncount(message string) string {
	const wrong = "bind message has %d result formats but query has %d columns"
	var formats, columns int
	if n, err := fmt.Sscanf(message, wrong, &formats, &columns); n != 2 || err != nil {
		return message
	}
	return fmt.Sprintf(wrong, formats-1, columns-1)
}

func (s statement) position(server int) int {
	if s.template == nil || server <= 0 {
		return 0
	}
	if at := s.template.Position(s.values, server); at > 0 {
		return at + s.shift
	}
	return 0
}

func refusalFields(r *rewrite.Refusal) errorFields {
	return errorFields{severity: "ERROR", fixedSeverity: "ERROR", code: r.SQLState, message: r.Message, detail: r.Detail, hint: r.Hint, position: r.Position}
}

// scrubDetail lets details pass whose SQLSTATE class speaks of the statement or of the values in it. The others can hold rows
// (23, 44), sessions (40, 53, 55, 57) or whatever a trigger says (P0).
func scrubDetail(f *errorFields) string {
	if len(f.code) != 5 {
		return ""
	}
	switch f.code[:2] {
	case "0A", "08", "22", "25", "26", "34", "42", "54":
		return f.detail
	case "23":
		return keylessDetail(f.code, f.detail)
	default:
		return ""
	}
}

// keylessDetail is what PostgreSQL itself says of an integrity error when row security hides the key.
func keylessDetail(code, detail string) string {
	switch code {
	case "23503":
		for _, kind := range []string{"is not present in table", "is still referenced from table"} {
			if at := strings.LastIndex(detail, " "+kind+` "`); at >= 0 && strings.HasPrefix(detail, "Key (") {
				return "Key" + detail[at:]
			}
		}
	case "23P01":
		if strings.HasPrefix(detail, "Key (") {
			return "Key conflicts with existing key."
		}
	}
	return ""
}

// passNotice says whether a notice may reach the client: PostgreSQL's own remarks on transactions and identifiers. RAISE in a
// trigger speaks under other codes, and may speak of any row.
func passNotice(f *errorFields) bool {
	switch f.fixedSeverity {
	case "NOTICE", "WARNING":
	default:
		return false
	}
	if f.context != "" {
		return false
	}
	switch f.code {
	case "25001", "25P01", "42622", "01P01":
		return true
	default:
		return false
	}
}

// aboutTemporary says whether a notice is PostgreSQL's about a temporary table that is there already, or that is not there, and that the statement
// names itself.
func aboutTemporary(f *errorFields, said *rewrite.Statement) bool {
	if said == nil || said.Kind != rewrite.Define || f.fixedSeverity != "NOTICE" || f.context != "" {
		return false
	}
	switch f.routine {
	case "transformCreateStmt":
		return f.code == "42P07"
	case "DropErrorMsgNonExistent":
		// In a session that has made no temporary table yet it is the schema that is missing, of which the client did not speak.
		return f.code == "00000" && !strings.HasPrefix(f.message, "schema ")
	default:
		return false
	}
}

// scrubNotice makes a passed notice fit for the client.
func scrubNotice(f *errorFields, of statement) {
	f.detail, f.hint = "", ""
	f.message = strings.ReplaceAll(f.message, `"pg_temp.`, `"`)
	f.position = of.position(f.position)
}
