package rewrite

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// slotPrefix starts the text of a string constant that stands for a value of the subject until the template is
// rendered. A client's text may not contain it (see Rewrite), so that every such constant is ours.
const slotPrefix = "ww_slot_"

// slots of a template that are not attributes of the subject.
const (
	markSlot = "mark:" // + number: the session's mark for one of the template's refusals
	userSlot = "id"    // the subject's user
	pidSlot  = "pid:"  // the process id that the client was told

	tenantSlot = "tenant:" // the subject's tenant; empty for none
	planSlot   = "plan:"   // the digest of the plan

	locksSlot       = "locks:"        // what the digests of the tenant's advisory locks are made of
	channelSlot     = "channel:"      // + a name in hexadecimal: the server's name for the tenant's channel, as a name
	channelTextSlot = "channel-text:" // the same as a text
	channelsSlot    = "channels:"     // what the server's names of the tenant's channels begin with
)

func slot(name string) *pg.Node { return literal(slotPrefix + name) }

// slotOf returns the name of the slot that a node is, if it is one.
func slotOf(m any) (string, bool) {
	c, ok := m.(*pg.A_Const)
	if !ok {
		return "", false
	}
	return strings.CutPrefix(c.GetSval().GetSval(), slotPrefix)
}

// raise is a boolean expression that fails whenever it is evaluated, with the session's mark and the number of one of the template's
// refusals in its message. The empty piece of a volatile call keeps the planner from evaluating it ahead of time.
func raise(refusal int) *pg.Node {
	return raiseWith(refusal, call("left", cast(call("random"), builtinType("text")), integer(0)))
}

// raiseWith is raise with something behind the mark that the planner does not know.
func raiseWith(refusal int, unknown *pg.Node) *pg.Node {
	message := expression(pg.A_Expr_Kind_AEXPR_OP, names("pg_catalog", "||"),
		cast(slot(markSlot+strconv.Itoa(refusal)), builtinType("text")), unknown)
	return cast(message, builtinType("bool"))
}

// orRaise is TRUE where the condition is TRUE; otherwise (FALSE and NULL alike) it fails like raise.
func orRaise(condition *pg.Node, refusal int) *pg.Node {
	return caseWhen(condition, boolean(true), raise(refusal))
}
