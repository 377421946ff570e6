package wire

import (
	"time"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// Trail takes the records of what sessions do. Its methods are called by all sessions at once. Only Await may take long.
//
// A statement's Deed is reserved before it is sent and handed over when it has come to its end, so that there is always room for the record of what
// has been done. The Trail owns Deeds and uses them again.
type Trail interface {
	// Enter reserves the record of a statement; nil where there is no room now.
	Enter(lane uint32) *Deed
	// Await is Enter for who can wait, which is bounded. nil without an error says that the statement may go unrecorded; an error says why it may
	// not be sent.
	Await(lane uint32) (*Deed, error)
	// Late gives a record for what has happened already. nil without an error says that it goes unrecorded; an error says that it may not, and that
	// the session has to end.
	Late(lane uint32) (*Deed, error)
	// Done takes a Deed whose statement has come to its end. The caller must not touch it any more.
	Done(d *Deed)
	// Drop takes a Deed back whose statement was not sent, or was skipped by the server.
	Drop(d *Deed)
	// Tell takes the record of something that cannot be refused any more.
	Tell(a Act)
	// Admit takes the record of something that must not happen unrecorded, and says why there can be none. It may wait, which is bounded.
	Admit(a Act) error
}

// Party is who is at the other end of a connection. It is immutable once its login is over.
type Party struct {
	// Lane is what the connection's records are kept in order by.
	Lane         uint32
	Conn         string // identifies the connection; the same in all its records
	Client       string // its address
	Application  string // application_name at the login, as the client wrote it
	Login        string // as the client wrote it
	Auth         string // how the login was proven; empty where it was not
	User, Tenant string // of the policy; empty before they are known
	TenantSource string // what named the tenant: login, setting, token or membership; empty for none
	ServerLogin  string // the database user
	ServerPID    uint32
	Unfiltered   bool
	TokenIssuer  string // of the token that proved the login; empty for other proofs
	TokenID      string
}

// Ending is how a statement has ended. The zero value is none.
type Ending int

// The ways in which a statement ends.
const (
	Unended   Ending = iota
	Completed        // PostgreSQL has said so
	Failed           // with an error of PostgreSQL's
	Refused          // by the policy, before it ran or by a check of it
	Aborted          // the session has ended while it ran, or before it was known how it ended
	Suspended        // its portal was closed before all of its rows were fetched
)

// maxTag is more than a command tag has.
const maxTag = 64

// Deed is one statement that somebody has sent.
type Deed struct {
	Party    *Party
	Plan     *plan.Plan        // of whom the session acted as; nil where there is no policy
	Template *rewrite.Template // nil where the message named none
	At       int               // which statement of the template
	// Runs and RunsAt are the statement that Template runs by name (EXECUTE, FETCH), or itself.
	Runs     *rewrite.Template
	RunsAt   int
	Message  byte // of the protocol, that it came by or failed at: Q, P, B, D, E, C or S
	Began    time.Time
	Took     time.Duration
	Ending   Ending
	Rows     int64 // returned or affected; negative where PostgreSQL does not say
	Bytes    int64 // that the server has sent for it
	SQLState string
	Code     string // of a refusal

	tag  [maxTag]byte
	tags int

	next *Deed // of the statement behind it in the same message

	// Lane is the Trail's own.
	Lane uint32
}

// chained counts a Deed and those behind it.
func (d *Deed) chained() int {
	n := 0
	for ; d != nil; d = d.next {
		n++
	}
	return n
}

// Tag is the command tag that PostgreSQL ended the statement with, its count included; empty for none. It is borrowed.
func (d *Deed) Tag() []byte { return d.tag[:d.tags] }

// SetTag keeps a copy of a command tag, and the count at its end as Rows.
func (d *Deed) SetTag(tag []byte) {
	d.tags = copy(d.tag[:], tag)
	d.Rows = countOf(tag)
}

// nameTag replaces the command of a tag by another one, without changing Rows.
func (d *Deed) nameTag(command string) { d.tags = copy(d.tag[:], command) }

// countOf is the number of rows at the end of a command tag; negative for none.
func countOf(tag []byte) int64 {
	n, factor, digits := int64(0), int64(1), 0
	for i := len(tag) - 1; i >= 0 && digits < 18; i-- {
		c := tag[i]
		if c == ' ' && digits > 0 {
			return n
		}
		if c < '0' || c > '9' {
			return -1
		}
		n += int64(c-'0') * factor
		factor *= 10
		digits++
	}
	return -1
}

// ActKind is what an Act is about. The zero value is none.
type ActKind int

// The kinds of Acts that the wire tells of.
const (
	NoAct ActKind = iota
	LoginSucceeded
	LoginFailed
	SessionEnded
	SubjectSwitched // a shared login acts as somebody else from here on, or as itself again
)

// Act is something other than a statement that somebody has done.
type Act struct {
	Kind     ActKind
	Party    *Party
	Plan     *plan.Plan    // of whom the session acts as from here on; nil where that is not known
	As       plan.Subject  // of SubjectSwitched; zero for the login itself
	SQLState string        // of LoginFailed
	Reason   string        // why, in words for the operator; without secrets
	Took     time.Duration // the login, or the session
	// BytesFromClient and BytesFromServer are what an unfiltered session has relayed.
	BytesFromClient, BytesFromServer int64
	TokenIssuer, TokenID             string // of the token behind SubjectSwitched
}
