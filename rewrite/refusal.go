package rewrite

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// Refusal is a truthful no: what the client is told instead of an answer.
type Refusal struct {
	Code     string // of the stable codes, such as table_denied
	SQLState string
	Message  string
	Detail   string
	Hint     string
	Position int // in characters from 1 within the client's text; 0 for none
}

// Error makes a Refusal an error.
func (r *Refusal) Error() string { return r.Message }

// The stable codes of refusals.
const (
	TableDenied       = "table_denied"
	ColumnDenied      = "column_denied"
	OperationDenied   = "operation_denied"
	FunctionDenied    = "function_denied"
	StatementDenied   = "statement_denied"
	SettingDenied     = "setting_denied"
	RowCheckViolation = "row_check_violation"
	Unparsable        = "unparsable"
	TooComplex        = "too_complex"
)

// The SQLSTATEs that refusals use (PostgreSQL's appendix on error codes).
const (
	stateInsufficientPrivilege = "42501"
	stateUndefinedTable        = "42P01"
	stateUndefinedFunction     = "42883"
	stateUndefinedObject       = "42704"
	stateUndefinedSchema       = "3F000"
	stateSyntaxError           = "42601"
	stateFeatureNotSupported   = "0A000"
	stateDuplicateTable        = "42P07"
	stateReservedName          = "42939"
	stateTooComplex            = "54001"
	stateDuplicateColumn       = "42701"
	stateAmbiguousColumn       = "42702"
	stateUndefinedColumn       = "42703"
	stateInvalidColumn         = "42P10"
	stateWrongObjectType       = "42809"
	stateInvalidParameter      = "22023"
	stateUndefinedParameter    = "42P02"
	stateInvalidCursor         = "42P11"
	stateInternalError         = "XX000"
)

// denial is a Refusal on its way up, with the place in bytes that it is about.
type denial struct {
	Refusal
	location int32
}

// unplaced is the location of a refusal that PostgreSQL tells without a position.
const unplaced = -1

func (d *denial) Error() string { return d.Message }

func deny(code, state string, location int32, format string, args ...any) *denial {
	return &denial{Refusal: Refusal{Code: code, SQLState: state, Message: fmt.Sprintf(format, args...)}, location: location}
}

func (d *denial) hint(format string, args ...any) *denial {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// refusalOf turns whatever stopped a rewrite into what the client is told. An error that we did not foresee is told
// without its text, which might name what the client may not know.
func refusalOf(err error, sql string) *Refusal {
	var d *denial
	var limit *sqltree.LimitError
	var syntax *sqltree.SyntaxError
	switch {
	case errors.As(err, &d):
		r := d.Refusal
		r.Position = characters(sql, d.location)
		return &r
	case errors.As(err, &limit):
		return &Refusal{Code: limit.Code, SQLState: limit.SQLState, Message: limit.Message, Position: limit.Position}
	case errors.As(err, &syntax):
		return &Refusal{Code: Unparsable, SQLState: stateSyntaxError, Message: syntax.Message, Position: syntax.Position}
	default:
		return &Refusal{
			Code: StatementDenied, SQLState: stateFeatureNotSupported,
			Message: "the statement could not be rewritten safely",
			Hint:    "Write it in a simpler form; the proxy's log names the part that was not understood.",
		}
	}
}

// startOf skips the blanks that the parser counts to a statement.
func startOf(sql string, location int32) int32 {
	blanks := len(sql[location:]) - len(strings.TrimLeft(sql[location:], " \t\r\n\f\v"))
	return location + int32(blanks) //nolint:gosec // texts are bounded to far less than 2 GiB
}

// characters turns a location in bytes from 0 into one in characters from 1; 0 for an unknown one.
func characters(sql string, location int32) int {
	if location < 0 || int(location) > len(sql) {
		return 0
	}
	return utf8.RuneCountInString(sql[:location]) + 1
}
