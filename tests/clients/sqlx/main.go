// Command client is the checks of sqlx, over lib/pq.
package main

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	. "wherewall.test/checks"
)

func main() {
	ctx := context.Background()
	db := Get(sqlx.Connect("postgres", URL()))
	d := Database{DB: db.DB, Of: serverError}
	Run(Common{
		Connect: func() { Same(Value[string](d.DB, "SELECT current_user"), "dana") }, Introspect: d.Relations, Text: func() { text(db) },
		Binary: Skipped("its driver here, lib/pq, reads text"), Write: func() { write(db) }, Transaction: func() { d.Transaction(ctx) }, Savepoint: d.Savepoint,
		Error: Errors(d.Run, serverError), Stream: func() { stream(db) },
		Cancel: func() { d.Cancel(ctx) },
		Tenant: Tenants(func(table string) (n int64) { Must(db.Get(&n, "SELECT count(*) FROM "+table)); return n }),
	})
}

func serverError(err error) (state, position string, ok bool) {
	var e *pq.Error
	if !errors.As(err, &e) {
		return "", "", false
	}
	return string(e.Code), e.Position, true
}

// specimen has some of a row's columns, by their names.
type specimen struct {
	ID     int     `db:"id"`
	OrgID  string  `db:"org_id"`
	AnInt  *int    `db:"an_int"`
	AText  *string `db:"a_text"`
	ABytea []byte  `db:"a_bytea"`
	AUUID  *string `db:"a_uuid"`
}

func text(db *sqlx.DB) {
	Database{DB: db.DB, Of: serverError}.Texts()
	var found []specimen
	query, args, err := sqlx.In("SELECT id, org_id, an_int, a_text, a_bytea, a_uuid FROM specimen WHERE id IN (?) ORDER BY id", []int{1, 2, 3})
	Must(err)
	Must(db.Select(&found, db.Rebind(query), args...))
	first := specimen{1, "acme", new(2147483647), new("Grüße, 'world'"), []byte{0, 255, 16}, new("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")}
	Same(found, []specimen{first, {ID: 2, OrgID: "acme"}})
}

func write(db *sqlx.DB) {
	many := []specimen{{ID: 1001, OrgID: "acme", AnInt: new(5)}, {ID: 1002, OrgID: "acme", AText: new("it's")}}
	Same(Get(Get(db.NamedExec("INSERT INTO specimen (id, org_id, an_int, a_text) VALUES (:id, :org_id, :an_int, :a_text)", many)).RowsAffected()), int64(2))
	Same(Get(Get(db.NamedExec("UPDATE specimen SET an_int = :n WHERE id >= :id", map[string]any{"n": 6, "id": 1001})).RowsAffected()), int64(2))
	Same(Get(db.MustExec("DELETE FROM specimen WHERE id >= $1", 1001).RowsAffected()), int64(2))
}

func stream(db *sqlx.DB) {
	var n, sum int64
	rows := Get(db.Queryx("SELECT * FROM reading"))
	for rows.Next() {
		row := map[string]any{}
		Must(rows.MapScan(row))
		n, sum = n+1, sum+row["id"].(int64)
	}
	Must(rows.Err())
	Same([]int64{n, sum}, []int64{Env("WANT_READINGS"), Value[int64](db.DB, "SELECT sum(id)::bigint FROM reading")})
}
