// Command client is the checks of pgx: its connections, its pool, and each of its ways to send a query.
package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	. "wherewall.test/checks"
)

// client is a pool, and a way to make connections beside it.
type client struct {
	ctx  context.Context
	pool *pgxpool.Pool
}

func main() {
	ctx := context.Background()
	c := client{ctx, Get(pgxpool.New(ctx, URL()))}
	defer c.pool.Close()
	more := []Check{More("batch", c.batch), More("copy to", c.copyTo), More("copy from", c.copyFrom), More("pipeline", c.pipeline)}
	Run(Common{
		Connect: c.connect, Introspect: c.introspect, Text: c.text, Binary: c.binary, Write: c.write, Transaction: c.transaction, Savepoint: c.savepoint,
		Error: Errors(c.exec, serverError), Stream: c.stream, Cancel: c.cancel,
		Tenant: Tenants(func(table string) int64 { return one[int64](c, "SELECT count(*) FROM "+table) }),
	}, append(more, c.modes()...)...)
}

func serverError(err error) (state, position string, ok bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return "", "", false
	}
	return e.Code, strconv.Itoa(int(e.Position)), true
}

func (c client) exec(sql string) error {
	_, err := c.pool.Exec(c.ctx, sql)
	return err
}

// one gives the single value of a query.
func one[T any](c client, sql string, args ...any) T {
	rows := Get(c.pool.Query(c.ctx, sql, args...))
	return Get(pgx.CollectExactlyOneRow(rows, pgx.RowTo[T]))
}

// all gives the values of a query's column.
func all[T any](c client, sql string, args ...any) []T {
	rows := Get(c.pool.Query(c.ctx, sql, args...))
	return Get(pgx.CollectRows(rows, pgx.RowTo[T]))
}

// alone gives a function a connection of its own.
func (c client) alone(work func(*pgx.Conn)) {
	conn := Get(pgx.Connect(c.ctx, URL()))
	defer conn.Close(c.ctx)
	work(conn)
}

func (c client) connect() {
	Same(one[string](c, "SELECT current_user"), "dana")
	c.alone(func(conn *pgx.Conn) { Must(conn.Ping(c.ctx)) })
}

func (c client) introspect() {
	Same(all[string](c, "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema = ANY ($1) ORDER BY 1", []string{"app", "billing"}), Tables())
	c.alone(func(conn *pgx.Conn) {
		described := Get(conn.Prepare(c.ctx, "", "SELECT * FROM member"))
		var names []string
		for _, f := range described.Fields {
			names = append(names, f.Name)
		}
		Same(names, MemberColumns())
		// What LoadType reads: the type of an enumeration, and of arrays of it.
		types := Get(conn.LoadTypes(c.ctx, []string{"app.project_status", "app._project_status"}))
		conn.TypeMap().RegisterTypes(types)
		var status []string
		Must(conn.QueryRow(c.ctx, "SELECT array_agg(DISTINCT status) FROM project WHERE status = 'on_hold'").Scan(&status))
		Same(status, []string{"on_hold"})
		Get(conn.LoadType(c.ctx, "project_status"))
	})
	Same(all[string](c, "SELECT conname::text FROM pg_constraint WHERE conrelid = 'app.task'::regclass AND contype IN ('p', 'f') ORDER BY 1"), []string{"task_pkey", "task_project_id_fkey"})
}
