package rewrite

import "github.com/wherewall/wherewall/internal/sqltree"

// Template is a statement text that may be sent to PostgreSQL: the result of rewriting one Query or Parse message. It is
// the only thing that the wire sends as SQL. It is immutable and may be shared by sessions whose plans have the same shape.
//
// A refused text has a Template too: AppendSQL yields a statement that must fail with the session's mark, so that the
// refusal arrives in its place among the replies (the zero Template does as well).
type Template struct {
	shape     string // of the plan that it was made for
	segments  []segment
	positions []position // sorted; ours in bytes of the text without slots, theirs in characters from 1
	refusals  []*Refusal // what each mark stands for, by number
	secret    bool       // its text may hold a token, and is not remembered
	// fingerprint is documented at Fingerprint.
	fingerprint string
	Refused     *Refusal // the text was refused: AppendSQL yields a stand-in that fails
	Cause       error    // why, for the operator's log; it may name what the client may not know
	Statements  []Statement
	// Parts are the four statements of a COPY from the client that goes through a table of ours, each alone, where they are the whole text; nil for
	// any other.
	Parts []*Template

	// Of a template that texts of one shape share, positions are those of the text that it was made of, whose literals are described by marks. sql is
	// the text that it was filled for, and literals where those are that go in.
	marks    []marked
	sql      string
	literals []sqltree.Literal
}

// Statement is what the reply loop must know of one statement of a Template.
type Statement struct {
	Kind   Kind
	Hidden Hidden
	Uses   []Use
	// Name is the prepared statement or cursor that the statement makes, uses or ends; empty for none and, where it ends them, for all. Of LISTEN and
	// its kin it is the client's name for the channel.
	Name string
	// Body is what Prepare and Declare make and what Explain explains; nil for an Explain of what Name was prepared as.
	Body *Statement
	Hold bool // what Declare makes outlives the transaction
	// Tag is the command that the client is told of at the end, where another is sent in its place; empty for the server's own word.
	Tag  string
	Load *Load
	// Temporary is the temporary table, or the first, that a statement is about which looks for it by itself; empty for none.
	Temporary string
	// Switches are what the statement asks for about the session's subject. The server is told of nothing but an empty setting.
	Switches []Switch
	Control  Control // of a Transaction
	Keeps    Keeps   // what it leaves in the session, or finds there
}

// Load is what is known of the rows of a COPY from the client; nil for other statements.
type Load struct {
	Table string // as the client may know it
	// Lines says that each row is a line of its own, of which the first has Before others before it, and Skips that rows may be left out.
	Lines, Skips bool
	Before       int
}

// Hidden is what the reply loop must take out of a statement's replies.
type Hidden int

// A statement without RETURNING whose new rows are checked gets one for us alone (HiddenRows); one with RETURNING gets one more column at
// the end, always NULL (HiddenColumn).
const (
	HiddenNothing Hidden = iota
	HiddenColumn         // take the last column out of RowDescription, DataRow and Bind's result formats
	HiddenRows           // drop RowDescription and DataRow; Describe answers NoData
	HiddenPlan           // reduce each row, a line of a plan, by PlanLine of the statement that is explained
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
	Merge
	Copy // to the client
	Transaction
	Set
	Show
	Prepare
	Execute
	Deallocate
	Declare
	Fetch
	Move
	Close
	Explain
	Discard    // and UNLISTEN: what a session forgets of itself
	DiscardAll // statements and cursors too
	Listen
	Notify
	Unlisten // of one channel
	Define   // a temporary table
	CopyIn   // from the client, straight into the table
	// What is loaded through a table of ours takes four statements: to make it, to fill it from the client, to write its rows, and to end it.
	CopyPrepare
	CopyFill
	CopyStore
	CopyEnd
	Lock // as reading does
	SwitchSubject
)

// Loads says whether a statement of the kind reads rows from the client.
func (k Kind) Loads() bool { return k == CopyIn || k == CopyFill }

// ofChannel says whether a statement is about a channel.
func (k Kind) ofChannel() bool { return k == Listen || k == Notify || k == Unlisten }

// IsQuery says whether statements of the kind read or write rows, which is what can be prepared, explained, and run by name.
func (k Kind) IsQuery() bool {
	return k == Select || k == Insert || k == Update || k == Delete || k == Merge
}

// Refuse makes the Template of a refusal.
func Refuse(r *Refusal) *Template { return &Template{Refused: r, refusals: []*Refusal{r}} }

// segment is a piece of text and what is behind it: a slot, or one of the client's literals by number from 1, or nothing.
type segment struct {
	text, slot string
	literal    int
}

// position is a place that the client's text and ours share.
type position struct{ ours, theirs int }
