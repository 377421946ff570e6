// Command client is the checks of bun, with its own driver.
package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	. "wherewall.test/checks"
)

func main() {
	ctx := context.Background()
	d := Database{DB: sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(URL()))), Of: serverError}
	c := client{ctx, bun.NewDB(d.DB, pgdialect.New())}
	Run(Common{
		Connect: func() { Same(Value[string](d.DB, "SELECT current_user"), "dana") }, Introspect: c.introspect,
		Text: func() { d.Texts(); c.read() }, Binary: Skipped("its driver reads text"), Write: c.write, Transaction: func() { d.Transaction(ctx) }, Savepoint: c.savepoint,
		Error: Errors(d.Run, serverError), Stream: c.stream, Cancel: func() { d.Cancel(ctx) }, Tenant: Tenants(c.count),
	}, More("copy to", c.copyTo))
}

type client struct {
	ctx context.Context
	db  *bun.DB
}

func serverError(err error) (state, position string, ok bool) {
	var e pgdriver.Error
	if !errors.As(err, &e) {
		return "", "", false
	}
	return e.Field('C'), e.Field('P'), true
}

// specimen has some of the columns of app.specimen.
type specimen struct {
	bun.BaseModel `bun:"table:app.specimen"`
	ID            int `bun:",pk"`
	OrgID         string
	AnInt         *int
	AText         *string
	ABytea        []byte
	AUUID         *string        `bun:"a_uuid"`
	AJSONB        map[string]any `bun:"a_jsonb,type:jsonb"`
	AnIntArray    []int          `bun:",array"`
}

// reading is a row of app.reading.
type reading struct {
	bun.BaseModel `bun:"table:app.reading"`
	ID            int64
}

func (c client) introspect() {
	var names []string
	Must(c.db.NewSelect().ColumnExpr("table_schema || '.' || table_name").TableExpr("information_schema.tables").Where("table_schema IN (?)", bun.List([]string{"app", "billing"})).OrderExpr("1").Scan(c.ctx, &names))
	Same(names, Tables())
	rows := Get(c.db.NewSelect().TableExpr("member").Limit(0).Rows(c.ctx))
	defer rows.Close()
	Same(Get(rows.Columns()), MemberColumns())
}

func (c client) read() {
	var found []specimen
	Must(c.db.NewSelect().Model(&found).ExcludeColumn("an_int_array").Where("id IN (?)", bun.List([]int{1, 2, 3})).Order("id").Scan(c.ctx))
	first := specimen{ID: 1, OrgID: "acme", AnInt: new(2147483647), AText: new("Grüße, 'world'"), ABytea: []byte{0, 255, 16}, AUUID: new("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), AJSONB: map[string]any{"b": map[string]any{"c": nil}}}
	Same(found, []specimen{first, {ID: 2, OrgID: "acme"}})
}

func (c client) write() {
	made := []specimen{{ID: 1001, OrgID: "acme", AnInt: new(5), AJSONB: map[string]any{"x": 1.0}, AnIntArray: []int{1, 2}}, {ID: 1002, OrgID: "acme", AText: new("it's"), ABytea: []byte{0, 1}}}
	Get(c.db.NewInsert().Model(&made).Exec(c.ctx))
	Same(Get(Get(c.db.NewUpdate().Model((*specimen)(nil)).Set("an_int = an_int + ?", 1).Where("id = ?", 1001).Exec(c.ctx)).RowsAffected()), int64(1))
	var again []specimen
	Must(c.db.NewSelect().Model(&again).Where("id >= ?", 1001).Order("id").Scan(c.ctx))
	made[0].AnInt = new(6)
	Same(again[0], made[0])
	Same(again[1].ABytea, made[1].ABytea)
	Same(Get(Get(c.db.NewDelete().Model((*specimen)(nil)).Where("id >= 1001").Exec(c.ctx)).RowsAffected()), int64(2))
}

// savepoint is what a transaction inside of another one is.
func (c client) savepoint() {
	make := func(on bun.IDB) error {
		_, err := on.NewInsert().Model(&specimen{ID: 1003, OrgID: "acme"}).Exec(c.ctx)
		return err
	}
	tx := Get(c.db.BeginTx(c.ctx, nil))
	Must(make(tx))
	Fails(tx.RunInTx(c.ctx, nil, func(_ context.Context, inner bun.Tx) error { return make(inner) }), "23505", serverError)
	Same(Get(tx.NewSelect().Model((*specimen)(nil)).Where("id = 1003").Count(c.ctx)), 1)
	Must(tx.Rollback())
	Same(c.count("specimen WHERE id = 1003"), int64(0))
}

func (c client) stream() {
	var n, sum, wanted int64
	rows := Get(c.db.NewSelect().Model((*reading)(nil)).Rows(c.ctx))
	for rows.Next() {
		var r reading
		Must(c.db.ScanRow(c.ctx, rows, &r))
		n, sum = n+1, sum+r.ID
	}
	Must(rows.Close())
	Must(c.db.NewSelect().ColumnExpr("sum(id)::bigint").TableExpr("reading").Scan(c.ctx, &wanted))
	Same([]int64{n, sum}, []int64{Env("WANT_READINGS"), wanted})
}

func (c client) count(table string) (n int64) {
	Must(c.db.NewSelect().ColumnExpr("count(*)").TableExpr(table).Scan(c.ctx, &n))
	return n
}

func (c client) copyTo() {
	conn := Get(c.db.Conn(c.ctx))
	defer conn.Close()
	var out lines
	Get(pgdriver.CopyTo(c.ctx, conn, &out, "COPY reading TO STDOUT"))
	Same(int64(out), Env("WANT_READINGS"))
}

// lines counts lines that are written to it.
type lines int

func (l *lines) Write(text []byte) (int, error) {
	for _, b := range text {
		if b == '\n' {
			*l++
		}
	}
	return len(text), nil
}
