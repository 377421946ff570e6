package tests

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// transcribe writes a backend message in one line. The only things it leaves out, and so the only differences that two
// equal transcripts may hide, are:
//
//   - BackendKeyData's values: the keys are Wherewall's own, on purpose;
//   - the fields F, L and R of errors and notices: source file, line and routine of whoever made them;
//   - DETAIL of integrity errors (class 23) and CONTEXT, save that of COPY: they may quote rows that the user must not see, so they are
//     withheld or shortened, as PostgreSQL itself does under row-level security;
//   - `pg_catalog.` before a function's name in a message: functions are sent schema-qualified.
func transcribe(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.RowDescription:
		return "RowDescription " + describeFields(m.Fields)
	case *pgproto3.DataRow:
		return "DataRow " + describeRow(m.Values)
	case *pgproto3.CommandComplete:
		return fmt.Sprintf("CommandComplete %s", m.CommandTag)
	case *pgproto3.ReadyForQuery:
		return fmt.Sprintf("ReadyForQuery %c", m.TxStatus)
	case *pgproto3.ErrorResponse:
		return "ErrorResponse " + describeError(m)
	case *pgproto3.NoticeResponse:
		e := pgproto3.ErrorResponse(*m)
		return "NoticeResponse " + describeError(&e)
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
		return fmt.Sprintf("NotificationResponse %s %q", m.Channel, m.Payload)
	default:
		return messageName(m)
	}
}

func messageName(m pgproto3.BackendMessage) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
}

func describeFields(fields []pgproto3.FieldDescription) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s table=%d/%d type=%d/%d/%d format=%d", f.Name, f.TableOID, f.TableAttributeNumber,
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
