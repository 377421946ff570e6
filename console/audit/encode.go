package audit

import (
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// encoder turns what sessions have told into the members of records. What is the same for many records is made once and remembered, so that
// most of a record is copied. One goroutine owns it.
type encoder struct {
	stamp  Stamp
	who    memory[whoKey]
	texts  memory[textKey]
	access memory[accessKey]
}

type (
	whoKey struct {
		party *wire.Party
		plan  *plan.Plan
	}
	textKey struct {
		template *rewrite.Template
		at       int
	}
	accessKey struct {
		textKey
		plan *plan.Plan
	}
)

func newEncoder(s Stamp) encoder {
	return encoder{stamp: s, who: remember[whoKey](), texts: remember[textKey](), access: remember[accessKey]()}
}

// piece is a part of a record that was made before.
type piece struct {
	text    []byte
	filters bool // some table shows a part of its rows
	all     bool // some table is read or written in all tenants
}

// memory holds pieces by what they were made of, which it keeps alive: it is emptied when that is many, or much.
type memory[K comparable] struct {
	pieces map[K]piece
	held   int // bytes, roughly
}

func remember[K comparable]() memory[K] { return memory[K]{pieces: map[K]piece{}} }

const (
	maxPieces = 4096
	maxHeld   = 32 << 20
)

// of finds or makes a piece. kept is what the key keeps alive, in bytes.
func (m *memory[K]) of(key K, kept func() int, make func() piece) piece {
	p, known := m.pieces[key]
	if known {
		return p
	}
	p = make()
	weight := len(p.text) + kept()
	if m.held += weight; len(m.pieces) >= maxPieces || m.held > maxHeld {
		clear(m.pieces)
		m.held = weight
	}
	m.pieces[key] = p
	return p
}

// append appends the members of a record.
func (e *encoder) append(dst []byte, entry *entry) []byte {
	switch {
	case entry.deed != nil:
		return e.statement(dst, entry.deed)
	case entry.act != nil:
		return e.act(dst, entry.act, entry.seen)
	case entry.change != nil:
		return e.change(dst, entry.change, entry.seen)
	default:
		return e.stamp.Append(dst, entry.seen, "unknown")
	}
}

// whose is who did something: the connection, and whom it acted as.
func (e *encoder) whose(dst []byte, party *wire.Party, p *plan.Plan) []byte {
	return append(dst, e.who.of(whoKey{party, p}, func() int { return 0 }, func() piece { return piece{text: who(nil, party, p)} }).text...)
}

func who(dst []byte, party *wire.Party, p *plan.Plan) []byte {
	dst = appendText(dst, "conn", party.Conn)
	dst = appendText(dst, "client", party.Client)
	dst = appendText(dst, "app", party.Application)
	dst = appendText(dst, "login", party.Login)
	dst = appendText(dst, "auth", party.Auth)
	dst = appendText(dst, "token_issuer", party.TokenIssuer)
	dst = appendText(dst, "token_id", party.TokenID)
	dst = appendText(dst, "db_user", party.ServerLogin)
	dst = appendCount(dst, "db_pid", int64(party.ServerPID))
	if party.Unfiltered {
		dst = append(dst, `,"unfiltered":true`...)
	}
	if p == nil {
		dst = appendText(dst, "user", party.User)
		dst = appendText(dst, "tenant", party.Tenant)
		return appendText(dst, "tenant_source", party.TenantSource)
	}
	dst = appendText(dst, "user", p.Subject.User)
	if p.Subject.User != party.User {
		dst = appendText(dst, "real_user", party.User)
	}
	dst = appendText(dst, "tenant", p.Subject.Tenant)
	source := party.TenantSource
	if p.Subject.User != party.User || p.Subject.Tenant != party.Tenant {
		source = "subject"
	}
	dst = appendText(dst, "tenant_source", source)
	dst = appendList(dst, "roles", p.Roles)
	dst = appendList(dst, "groups", p.Groups)
	if p.Snapshot != nil {
		dst = appendText(dst, "policy", p.Snapshot.Version)
	}
	return appendText(dst, "plan", p.Digest())
}
