package casebook

import (
	"github.com/wherewall/wherewall/catalog/document"
)

// File is one file of cases and the data they are about.
type File struct {
	Path    string
	Dataset []Source // loaded in order
	Login   string   // the role that statements run as; empty: the superuser of the throwaway server
	Cases   []*Case  // in the file's order
}

// Source is SQL to load, from a file or from the test itself.
type Source struct {
	Place document.Place
	SQL   string
	Path  string // of the file; empty for SQL of the test itself
}

// Case is one claim about one session.
type Case struct {
	Name   string
	Place  document.Place
	User   string
	Tenant string // as the session names it; empty: none named
	Day    string // that the session starts on; empty: today
	Given  string // SQL that the login runs before, as it is
	Claim  Claim
}

// Claim is what a case says. It is one of SessionClaim, RowsClaim, RowClaim, StatementClaim and PermissionClaim.
type Claim interface{ isClaim() }

// SessionClaim says that there is no such session, by the code of the refusal.
type SessionClaim struct{ Code string }

// RowsClaim says which rows of an entity an action reaches. What is nil is not claimed.
type RowsClaim struct {
	Entity  string
	Action  string
	Where   string // of the user's own; empty for none
	Visible *[]Key // exactly these
	Hidden  []Key  // none of these, which exist
	Count   *int
	Columns []string // exactly those of SELECT *
}

// RowClaim says what one row shows.
type RowClaim struct {
	Entity string
	Row    Key
	Cells  []Cell
}

// StatementClaim says what comes of a statement.
type StatementClaim struct {
	Verb   string // select, insert, update, delete or merge
	SQL    string
	Place  document.Place // of the SQL
	Expect Outcome
	Code   string // of a refusal or an error; empty: any
	Count  *int   // rows returned or changed
	Rows   *[][]Value
}

// PermissionClaim says whether the user could use a permission at all.
type PermissionClaim struct {
	Permission string
	Expect     Outcome
}

func (SessionClaim) isClaim()    {}
func (RowsClaim) isClaim()       {}
func (RowClaim) isClaim()        {}
func (StatementClaim) isClaim()  {}
func (PermissionClaim) isClaim() {}

// Key is the key of a row, a value for each of its columns.
type Key []Value

// Cell is a column and what it shows.
type Cell struct {
	Column string
	Value  Value
}

// Outcome is what comes of a statement. The zero value is none.
type Outcome string

// The outcomes.
const (
	Allowed  Outcome = "allowed"   // and at least one row was returned or changed
	ZeroRows Outcome = "zero_rows" // it was executed, and there was nothing for it
	Denied   Outcome = "denied"    // by the policy
	Failed   Outcome = "error"     // by PostgreSQL
)
