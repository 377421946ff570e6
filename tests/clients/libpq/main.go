// Command client is the checks of lib/pq, with its COPY and its LISTEN.
package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/lib/pq"

	. "wherewall.test/checks"
)

func main() {
	ctx := context.Background()
	d := Database{DB: Get(sql.Open("postgres", URL())), Of: serverError}
	Run(Common{
		Connect: func() {
			Must(d.Ping())
			Same(Value[string](d.DB, "SELECT current_user"), "dana")
		},
		Introspect: d.Relations, Text: func() { text(d) }, Binary: func() { binary(ctx) }, Write: d.Write, Transaction: func() { d.Transaction(ctx) }, Savepoint: d.Savepoint,
		Error: Errors(d.Run, serverError), Stream: d.Stream, Cancel: func() { d.Cancel(ctx) }, Tenant: d.Tenant,
	}, More("copy from", func() { copyFrom(d) }), More("listen", func() { listen(d) }), More("many statements", func() { many(d) }))
}

func serverError(err error) (state, position string, ok bool) {
	var e *pq.Error
	if !errors.As(err, &e) {
		return "", "", false
	}
	return string(e.Code), e.Position, true
}

// text reads values in the text format, which is lib/pq's own way.
func text(d Database) {
	d.Texts()
	moment := time.Date(2026, 2, 28, 13, 14, 15, 678901000, time.UTC)
	var stamp time.Time
	var numbers pq.Int64Array
	var texts pq.StringArray
	var bytes []byte
	Must(d.QueryRow("SELECT a_timestamptz, an_int_array[1:2], a_text_array[1:2], a_bytea FROM specimen WHERE id = $1", 1).Scan(&stamp, &numbers, &texts, &bytes))
	Same(stamp.Equal(moment), true)
	Same(numbers, pq.Int64Array{1, 2})
	Same(texts, pq.StringArray{"one", "two, three"})
	Same(bytes, []byte{0, 255, 16})
}

// binary has lib/pq send and read binary values where it knows how to: integers, bytea, uuid and text.
func binary(ctx context.Context) {
	d := Get(sql.Open("postgres", URL()+"&binary_parameters=yes"))
	defer d.Close()
	var whole, small int64
	var bytes []byte
	var uuid string
	row := d.QueryRowContext(ctx, "SELECT a_bigint, a_smallint, a_bytea, a_uuid FROM specimen WHERE id = $1 AND a_bytea = $2", 1, []byte{0, 255, 16})
	Must(row.Scan(&whole, &small, &bytes, &uuid))
	Same([]any{whole, small, bytes, uuid}, []any{int64(-9223372036854775808), int64(-32768), []byte{0, 255, 16}, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"})
}

func copyFrom(d Database) {
	if Native() {
		Skip("refused under native row-level security")
	}
	load := func(org string) error {
		tx := Get(d.Begin())
		defer tx.Rollback()
		stmt := Get(tx.Prepare(pq.CopyInSchema("app", "specimen", "id", "org_id", "a_text")))
		Get(stmt.Exec(1004, "acme", "tab\tand\nline"))
		Get(stmt.Exec(1005, org, nil))
		if _, err := stmt.Exec(); err != nil {
			return err
		}
		return tx.Commit()
	}
	Must(load("acme"))
	Same(Value[string](d.DB, "SELECT a_text FROM specimen WHERE id = 1004"), "tab\tand\nline")
	Same(Get(Get(d.Exec("DELETE FROM specimen WHERE id >= 1004")).RowsAffected()), int64(2))
	Fails(load("globex"), "42501", serverError)
	Same(Value[int](d.DB, "SELECT count(*) FROM specimen WHERE id >= 1004"), 0)
}

// listen needs a permission that dana does not have: that is said, and the connection goes on.
func listen(d Database) {
	events := make(chan error, 10)
	l := pq.NewListener(URL(), time.Second, time.Minute, func(_ pq.ListenerEventType, err error) { events <- err })
	defer l.Close()
	Must(<-events) // It is connected: a refusal before would be tried again for ever.
	err := l.Listen("news")
	if !Native() {
		Fails(err, "42501", serverError)
		Must(l.Ping())
		return
	}
	Must(err)
	Get(d.Exec("SELECT pg_notify('news', 'hello')"))
	select {
	case n := <-l.Notify:
		Same(n.Extra, "hello")
	case <-time.After(5 * time.Second):
		panic("no notification came")
	}
}

// many sends several statements in one message of the simple protocol.
func many(d Database) {
	rows := Get(d.Query("SELECT 1; SELECT count(*) FROM specimen"))
	defer rows.Close()
	var n int
	for rows.Next() {
	}
	Same(rows.NextResultSet(), true)
	Same(rows.Next(), true)
	Must(rows.Scan(&n))
	Same(n, 2)
}
