// Command client is the checks of database/sql with pgx as its driver.
package main

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	. "wherewall.test/checks"
)

func main() {
	ctx := context.Background()
	d := Database{DB: Get(sql.Open("pgx", URL())), Of: serverError}
	Run(Common{
		Connect: func() {
			Must(d.Ping())
			Same(Value[string](d.DB, "SELECT current_user"), "dana")
		},
		Introspect: d.Relations, Text: func() { text(ctx) }, Binary: func() { binary(d) }, Write: d.Write, Transaction: func() { d.Transaction(ctx) }, Savepoint: d.Savepoint,
		Error: Errors(d.Run, serverError), Stream: d.Stream, Cancel: func() { d.Cancel(ctx) }, Tenant: d.Tenant,
	}, More("pool", func() { pool(ctx) }), More("simple protocol", func() { simple(ctx) }), More("pgx beneath", func() { beneath(ctx, d) }))
}

func serverError(err error) (state, position string, ok bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return "", "", false
	}
	return e.Code, strconv.Itoa(int(e.Position)), true
}

// inMode opens a database that sends queries in one of pgx's modes.
func inMode(mode pgx.QueryExecMode) Database {
	config := Get(pgx.ParseConfig(URL()))
	config.DefaultQueryExecMode = mode
	return Database{DB: stdlib.OpenDB(*config), Of: serverError}
}

// text reads values in the text format, which is what the simple protocol has.
func text(context.Context) {
	d := inMode(pgx.QueryExecModeSimpleProtocol)
	defer d.Close()
	d.Texts()
	values(d)
}

// binary reads the same in the binary format, which pgx prefers.
func binary(d Database) {
	d.Texts()
	values(d)
}

// values are read as what database/sql knows.
func values(d Database) {
	var whole int64
	var double float64
	var yes bool
	var bytes []byte
	var numeric, uuid string
	Must(d.QueryRow("SELECT a_bigint, a_double, a_bool, a_bytea, a_numeric, a_uuid FROM specimen WHERE id = $1", 1).Scan(&whole, &double, &yes, &bytes, &numeric, &uuid))
	Same([]any{whole, double, yes, bytes, uuid}, []any{int64(-9223372036854775808), 2.5e-10, true, []byte{0, 255, 16}, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"})
	Same(numeric[:20], "12345678901234.56789")
}

// pool gives connections back and takes them again, which resets nothing by itself.
func pool(ctx context.Context) {
	d := Database{DB: Get(sql.Open("pgx", URL())), Of: serverError}
	defer d.Close()
	d.SetMaxOpenConns(1)
	for range 3 {
		conn := Get(d.Conn(ctx))
		Get(conn.ExecContext(ctx, "SET application_name = 'checks'"))
		Get(conn.ExecContext(ctx, "RESET ALL"))
		Must(conn.Close())
		Same(Value[int](d.DB, "SELECT count(*) FROM specimen"), 2)
	}
}

// simple sends everything by the simple protocol, as for a pooler.
func simple(ctx context.Context) {
	d := inMode(pgx.QueryExecModeSimpleProtocol)
	defer d.Close()
	d.Write()
	d.Transaction(ctx)
	d.Tenant()
	Errors(d.Run, serverError)()
}

// beneath takes pgx's connection out of the pool, for what database/sql has no words for.
func beneath(ctx context.Context, d Database) {
	conn := Get(d.Conn(ctx))
	defer conn.Close()
	Must(conn.Raw(func(driver any) error {
		var n int64
		batch := &pgx.Batch{}
		batch.Queue("SELECT count(*) FROM task").QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
		Must(driver.(*stdlib.Conn).Conn().SendBatch(ctx, batch).Close())
		Same(n, Env("WANT_TASKS"))
		return nil
	}))
}
