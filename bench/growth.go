package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// databaseMany has the tables of a thousand entities beside the others.
const databaseMany = "many"

const manyEntities, manyTenants = 1000, 100_000

// The rivals of growth: the proxy with a small policy or few sessions, and with a large one or many.
const few, many = "few", "many"

func growths() []string { return []string{"entities", "tenants", "sessions"} }

func growthProtocols() []string { return []string{"prepared", "simple"} }

// growth are contests of the proxy with itself: 10 entities and 1,000, 1 tenant with 1 user and 100,000 of both, 16 sessions and 10,000 others
// of the same role beside them.
func (l *lab) growth(ctx context.Context) ([]contest, error) {
	entities, tenants := manyEntities, manyTenants
	if l.smoke {
		entities, tenants = 20, 20
	}
	if err := l.db.manyTables(ctx, entities); err != nil {
		return nil, err
	}
	peer, port, err := startHelper(ctx, "-peer", l.db.server.Port)
	if err != nil {
		return nil, err
	}
	l.keep(peer)
	straight := proxy{binary: l.binary, port: l.db.server.Port, database: databasePlain}
	among := proxy{binary: l.binary, port: port, database: databasePlain}
	pairs := map[string][2]proxy{
		"entities": {straight.with(moreEntities(5)).of(databaseMany), straight.with(moreEntities(entities - 5)).of(databaseMany)},
		"tenants":  {straight, straight.with(moreTenants(tenants - 1))},
		"sessions": {among, among},
	}
	var all []contest
	for _, what := range growths() {
		both, err := l.pair(ctx, pairs[what])
		if err != nil {
			return nil, fmt.Errorf("growing %s: %w", what, err)
		}
		if what == "sessions" {
			open, err := crowd(ctx, both[1], mayOpen(l.sessions), true)
			l.stops = append(l.stops, func() error { leave(open); return nil })
			if err != nil {
				return nil, fmt.Errorf("opening sessions: %w", err)
			}
		}
		for _, protocol := range growthProtocols() {
			all = append(all, contest{work{what + ", " + protocol, 16, "transactions", l.script(protocol, pointSelect, "")}, both})
		}
	}
	return all, nil
}

// pair starts the small one and the large one.
func (l *lab) pair(ctx context.Context, of [2]proxy) ([]*rival, error) {
	var both []*rival
	for i, name := range []string{few, many} {
		r, err := of[i].start(ctx, l.dir, l.db)
		if err != nil {
			return nil, err
		}
		l.keep(r.process)
		r.name = name
		both = append(both, r)
	}
	return both, nil
}

// manyTables makes a database with the usual tables and so many others.
func (db *database) manyTables(ctx context.Context, n int) error {
	if err := db.script(ctx, "postgres", "CREATE DATABASE "+databaseMany); err != nil {
		return err
	}
	if err := errors.Join(db.script(ctx, databaseMany, schemaSQL), db.streams(ctx, databaseMany, 1)); err != nil {
		return err
	}
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "CREATE TABLE public.e%d (id bigint PRIMARY KEY, tenant_id text NOT NULL, title text);\n", i)
	}
	return db.script(ctx, databaseMany, b.String())
}

// moreEntities is a policy of so many entities more, all of which the role reads.
func moreEntities(n int) string {
	var b strings.Builder
	b.WriteString("entities:\n")
	for i := range n {
		fmt.Fprintf(&b, "  e%d: {table: public.e%d, key: id, tenant: tenant_id}\n", i, i)
	}
	b.WriteString("permissions:\n")
	for i := range n {
		fmt.Fprintf(&b, "  view_e%d: [e%d.read]\n", i, i)
	}
	b.WriteString("roles:\n  other:\n    can:\n")
	for i := range n {
		fmt.Fprintf(&b, "      - view_e%d\n", i)
	}
	b.WriteString("groups:\n  others: {tenant: acme, members: [kim], roles: [other]}\n")
	return b.String()
}

// moreTenants is a policy of so many tenants more, each with a user of its own.
func moreTenants(n int) string {
	var b strings.Builder
	b.WriteString("tenants:\n")
	for i := range n {
		fmt.Fprintf(&b, "  t%d: {}\n", i)
	}
	b.WriteString("users:\n")
	for i := range n {
		fmt.Fprintf(&b, "  u%d: {tenants: {t%d: [member]}}\n", i, i)
	}
	return b.String()
}
