package audit

import (
	"bytes"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// statement is the record of a statement.
func (e *encoder) statement(dst []byte, d *wire.Deed) []byte {
	dst = e.stamp.Append(dst, d.Began, "statement")
	dst = e.whose(dst, d.Party, d.Plan)
	text := textKey{d.Template, d.At}
	dst = append(dst, e.texts.of(text, d.Template.Weight, func() piece { return piece{text: about(nil, d)} }).text...)
	runs := accessKey{textKey{d.Runs, d.RunsAt}, d.Plan}
	access := e.access.of(runs, d.Runs.Weight, func() piece { return tables(d.Runs.Said(d.RunsAt), d.Plan) })
	dst = append(dst, access.text...)
	decision, code := decide(d, access)
	dst = appendText(dst, "decision", decision)
	dst = appendText(dst, "code", code)
	return e.outcome(dst, d)
}

// about is what is known of a statement's text.
func about(dst []byte, d *wire.Deed) []byte {
	if said := d.Template.Said(d.At); said != nil {
		dst = appendText(dst, "statement", said.Kind.String())
	}
	if d.Template == nil {
		return dst
	}
	dst = appendText(dst, "fingerprint", d.Template.Fingerprint())
	if d.Template.Refused == nil {
		dst = appendText(dst, "sent", d.Template.Digest())
	}
	return dst
}

// Decisions are what the policy has made of a statement.
const (
	allowed   = "allow"  // every row of what it touches
	filtered  = "filter" // a part of them
	denied    = "deny"
	failed    = "error"     // PostgreSQL has refused it, or it was not known how it ended
	usedScope = "all_scope" // the code of a statement that was allowed in all tenants
)

func decide(d *wire.Deed, access piece) (decision, code string) {
	switch d.Ending {
	case wire.Refused:
		return denied, d.Code
	case wire.Failed, wire.Aborted, wire.Unended:
		return failed, d.Code
	case wire.Completed, wire.Suspended:
	}
	if access.all {
		code = usedScope
	}
	if access.filters {
		return filtered, code
	}
	return allowed, code
}

// outcome is what came of a statement.
func (e *encoder) outcome(dst []byte, d *wire.Deed) []byte {
	dst = appendText(dst, "sqlstate", d.SQLState)
	switch d.Ending {
	case wire.Aborted, wire.Unended:
		dst = append(dst, `,"end":"aborted"`...)
	case wire.Suspended:
		dst = append(dst, `,"end":"suspended"`...)
	case wire.Completed, wire.Failed, wire.Refused:
	}
	dst = append(dst, `,"message":"`...)
	dst = append(dst, messageName(d.Message)...)
	dst = append(dst, '"')
	if tag := command(d.Tag()); len(tag) > 0 {
		dst = appendString(appendName(dst, "tag"), tag)
	}
	if d.Rows >= 0 && d.Ending != wire.Refused && d.Ending != wire.Failed {
		dst = appendNumber(dst, "rows", d.Rows)
	}
	dst = appendNumber(dst, "bytes", d.Bytes)
	return appendNumber(dst, "us", d.Took.Microseconds())
}

// command is a tag without the count at its end.
func command(tag []byte) []byte { return bytes.TrimRight(tag, "0123456789 ") }

func messageName(kind byte) string {
	switch kind {
	case 'Q':
		return "query"
	case 'P':
		return "parse"
	case 'B':
		return "bind"
	case 'D':
		return "describe"
	case 'E':
		return "execute"
	case 'C':
		return "close"
	case 'S':
		return "sync"
	default:
		return "other"
	}
}

// maxTables and maxTableText bound the tables of a record, and about how many bytes they take.
const (
	maxTables    = 100
	maxTableText = 256 << 10
)

// tables is what a statement touches, and what gives it the right to.
func tables(said *rewrite.Statement, p *plan.Plan) piece {
	var made piece
	if said == nil || p == nil || len(said.Uses) == 0 {
		return made
	}
	var seen []rewrite.Use
	more := false
	dst := append(appendName(nil, "tables"), '[')
	for _, use := range said.Uses {
		use.At = 0
		if slices.Contains(seen, use) {
			continue
		}
		seen = append(seen, use)
		rule := p.Rule(use.Entity, use.Action)
		made.filters = made.filters || rule.Kind != plan.FullAccess
		for _, why := range rule.Why {
			made.all = made.all || why.Scope == "all" || why.AnyTenant
		}
		if len(seen) > maxTables || len(dst) > maxTableText {
			more = true
			continue // The decision is about all of them.
		}
		if len(seen) > 1 {
			dst = append(dst, ',')
		}
		dst = table(dst, use, rule, p)
	}
	dst = append(dst, ']')
	if more {
		dst = append(dst, `,"more_tables":true`...)
	}
	made.text = dst
	return made
}

func table(dst []byte, use rewrite.Use, rule plan.Rule, p *plan.Plan) []byte {
	dst = append(dst, `{"table":`...)
	name := use.Relation
	if e := p.Snapshot.Entities[use.Entity]; e != nil && e.Relation != nil {
		name = e.Relation.Schema + "." + e.Relation.Name
	}
	dst = appendString(dst, name)
	dst = appendText(dst, "entity", use.Entity)
	dst = appendText(dst, "action", string(use.Action))
	dst = appendText(dst, "kind", rule.Kind.String())
	var permissions []string
	for _, why := range rule.Why {
		if !slices.Contains(permissions, why.Permission) {
			permissions = append(permissions, why.Permission)
		}
	}
	dst = appendList(dst, "permissions", permissions)
	dst = appendList(dst, "masked", masked(rule, use.Action))
	return append(dst, '}')
}

// masked are the columns that some rows show otherwise than as they are.
func masked(rule plan.Rule, action catalog.Action) []string {
	if action != catalog.Read {
		return nil
	}
	var names []string
	for name, shown := range rule.Columns {
		if len(shown.Masks) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
