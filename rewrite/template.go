package rewrite

import "github.com/wherewall/wherewall/plan"

// Template is a statement text that may be sent to PostgreSQL: the result of rewriting one Query or Parse message. It is
// the only thing that the wire sends as SQL. It is immutable and may be shared by sessions whose plans have the same shape.
//
// A refused text has a Template too: its Render yields a statement that must fail with the session's mark, so that the
// refusal arrives in its place among the replies (the zero Template does as well).
type Template struct {
	segments   []segment
	positions  []position
	refusals   []*Refusal // what each mark stands for, by number
	Refused    *Refusal   // the text was refused: Render yields the stand-in
	Statements []Statement
}

// Statement is what the reply loop must know of one statement of a Template.
type Statement struct {
	Kind   Kind
	Hidden Hidden
}

// Hidden is what the reply loop must take out of a statement's replies.
type Hidden int

// A statement without RETURNING whose new rows are checked gets one for us alone (HiddenRows); one with RETURNING gets one more column at
// the end, always NULL (HiddenColumn).
const (
	HiddenNothing Hidden = iota
	HiddenColumn         // take the last column out of RowDescription, DataRow and Bind's result formats
	HiddenRows           // drop RowDescription and DataRow; Describe answers NoData
)

// Kind is a statement's kind as far as sessions care.
type Kind int

// The kinds of statement that may pass. The zero value is none of them.
const (
	Unknown Kind = iota
	Empty
	Select
	Insert
	Update
	Delete
	Transaction
	Set
	Show
)

// Values fill a Template's slots for one session.
type Values struct {
	Plan *plan.Plan
	Mark string // the session's unforgeable mark: at least 128 random bits in hexadecimal
}

// Refusal is a truthful no: what the client is told instead of an answer.
type Refusal struct {
	Code     string // of policy.md section 5, such as table_denied
	SQLState string
	Message  string
	Detail   string
	Hint     string
	Position int // in characters from 1 within the client's text; 0 for none
}

// Error makes a Refusal an error.
func (r *Refusal) Error() string { return r.Message }

type segment struct {
	text string
	slot string // the value that follows text; empty for none
}

type position struct {
	ours, theirs int
}
