package tests

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// scribe writes backend messages down, one a line. The only things that it leaves out, and so the only differences that two equal transcripts
// may hide, are
//
//   - BackendKeyData's values: the keys are Wherewall's own, on purpose;
//   - the process of a notification, save whether it is the session's own;
//   - the OIDs of tables, instead of which their names are written, and the number of the schema of a session's temporary tables;
//
// and of a session that is filtered, beside that,
//
//   - the fields F, L and R of errors and notices: source file, line and routine of whoever made them;
//   - DETAIL of integrity errors (class 23) and CONTEXT, save that of COPY: they may quote rows that the user must not see, so they are
//     withheld or shortened, as PostgreSQL itself does under row-level security;
//   - `pg_catalog.` before a function's name in a message: functions are sent schema-qualified.
type scribe struct {
	unfiltered bool
	pid        uint32 // the session's, as the client was told
	tables     map[uint32]string
}

// line is a message in one line.
func (s scribe) line(m pgproto3.BackendMessage) string {
	return regexp.MustCompile(`pg_temp_\d+`).ReplaceAllString(s.words(m), "pg_temp_N")
}

func (s scribe) words(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.RowDescription:
		return "RowDescription " + describeFieldsOf(m.Fields, s.table)
	case *pgproto3.DataRow:
		return "DataRow " + describeRow(m.Values)
	case *pgproto3.CommandComplete:
		return fmt.Sprintf("CommandComplete %s", m.CommandTag)
	case *pgproto3.ReadyForQuery:
		return fmt.Sprintf("ReadyForQuery %c", m.TxStatus)
	case *pgproto3.ErrorResponse:
		return "ErrorResponse " + s.describe(m)
	case *pgproto3.NoticeResponse:
		e := pgproto3.ErrorResponse(*m)
		return "NoticeResponse " + s.describe(&e)
	case *pgproto3.ParameterStatus:
		return fmt.Sprintf("ParameterStatus %s=%q", m.Name, m.Value)
	case *pgproto3.ParameterDescription:
		return fmt.Sprintf("ParameterDescription %v", m.ParameterOIDs)
	case *pgproto3.CopyOutResponse:
		return fmt.Sprintf("CopyOutResponse %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyInResponse:
		return fmt.Sprintf("CopyInResponse %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyData:
		return fmt.Sprintf("CopyData %q", m.Data)
	case *pgproto3.NotificationResponse:
		return fmt.Sprintf("NotificationResponse own=%t %s %q", m.PID == s.pid, m.Channel, m.Payload)
	case *pgproto3.FunctionCallResponse:
		return fmt.Sprintf("FunctionCallResponse %q", m.Result)
	default:
		return messageName(m)
	}
}

// table names a table; a temporary one has no name of its own here.
func (s scribe) table(oid uint32) string {
	const firstOfUsers = 16384
	if name, ok := s.tables[oid]; ok {
		return name
	}
	if oid >= firstOfUsers {
		return "temporary"
	}
	return strconv.FormatUint(uint64(oid), 10)
}

// describe writes an error or a notice down: every field of it for a session that is not filtered.
func (s scribe) describe(m *pgproto3.ErrorResponse) string {
	if !s.unfiltered {
		return describeError(m)
	}
	return fmt.Sprintf("%s code=%s %q %q %q at=%d/%d %q %q schema=%q table=%q column=%q type=%q constraint=%q %s:%d %s", m.Severity+"/"+m.SeverityUnlocalized, m.Code, m.Message,
		m.Detail, m.Hint, m.Position, m.InternalPosition, m.InternalQuery, m.Where, m.SchemaName, m.TableName, m.ColumnName, m.DataTypeName, m.ConstraintName, m.File, m.Line, m.Routine)
}

func messageName(m pgproto3.BackendMessage) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
}

func describeFields(fields []pgproto3.FieldDescription) string {
	return describeFieldsOf(fields, func(oid uint32) string { return strconv.FormatUint(uint64(oid), 10) })
}

func describeFieldsOf(fields []pgproto3.FieldDescription, table func(uint32) string) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s table=%s/%d type=%d/%d/%d format=%d", f.Name, table(f.TableOID), f.TableAttributeNumber,
			f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format)
	}
	return "[" + b.String() + "]"
}

func describeRow(values [][]byte) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = "NULL"
		if v != nil {
			words[i] = fmt.Sprintf("%q", v)
		}
	}
	return strings.Join(words, " ")
}

// describeError is what a filtered session is told of an error, without what scribe leaves out.
func describeError(m *pgproto3.ErrorResponse) string {
	var b strings.Builder
	detail := m.Detail
	if strings.HasPrefix(m.Code, "23") {
		detail = ""
	}
	message := strings.ReplaceAll(m.Message, "function pg_catalog.", "function ")
	fmt.Fprintf(&b, "%s/%s %s %q", m.Severity, m.SeverityUnlocalized, m.Code, message)
	for _, f := range []struct{ name, value string }{
		{"detail", detail},
		{"hint", m.Hint},
		{"internal", m.InternalQuery},
		{"schema", m.SchemaName},
		{"table", m.TableName},
		{"column", m.ColumnName},
		{"type", m.DataTypeName},
		{"constraint", m.ConstraintName},
	} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s=%q", f.name, f.value)
		}
	}
	if strings.HasPrefix(m.Where, "COPY ") {
		fmt.Fprintf(&b, " where=%q", m.Where)
	}
	if m.Position != 0 || m.InternalPosition != 0 {
		fmt.Fprintf(&b, " at=%d/%d", m.Position, m.InternalPosition)
	}
	return b.String()
}

// distinguishing is the word of a message that an `until` may ask for.
func distinguishing(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.CommandComplete:
		return string(m.CommandTag)
	case *pgproto3.ErrorResponse:
		return m.Code
	case *pgproto3.NoticeResponse:
		return m.Code
	case *pgproto3.ReadyForQuery:
		return string(m.TxStatus)
	case *pgproto3.ParameterStatus:
		return m.Name
	}
	return ""
}
