package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The names of the rivals, as flags and tables have them.
const (
	direct       = "direct"
	directRLS    = "direct-rls"
	relay        = "relay"
	pgbouncer    = "pgbouncer"
	pgbouncerRLS = "pgbouncer-rls"
	unfiltered   = "unfiltered"
	wherewall    = "wherewall"
)

func rivalNames() []string {
	return []string{direct, directRLS, relay, pgbouncer, pgbouncerRLS, unfiltered, wherewall}
}

// rival is one way to the rows: an address, and the process behind it where that is not PostgreSQL itself.
type rival struct {
	name     string
	port     int // on 127.0.0.1
	user     string
	database string
	filtered bool
	tls      bool
	process  *process // nil for PostgreSQL
}

// named is the same way under another name, login and database.
func (r *rival) named(name, user, database string) *rival {
	return &rival{name: name, port: r.port, user: user, database: database, process: r.process, tls: r.tls}
}

func (r *rival) dsn() string {
	url := address(r.user, password, r.database, r.port)
	if r.tls {
		url = strings.Replace(url, "sslmode=disable", "sslmode=require", 1)
	}
	return url
}

// address is the connection URL of a login on 127.0.0.1.
func address(user, password, database string, port int) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password), Path: "/" + database, RawQuery: "sslmode=disable",
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
	}
	return u.String()
}

// ready waits for the first login.
func (r *rival) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, r.dsn())
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-r.process.ended:
			return fmt.Errorf("starting %s: it ended: %s", r.name, r.process.said())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w: %s", r.name, err, r.process.said())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// sameRows holds the comparison to its promise: who filters shows exactly the first tenant's rows, who does not shows all of them, and nobody
// writes what is another's. The superuser says what that is.
func sameRows(ctx context.Context, db *database, rivals []*rival) error {
	want, err := db.expected(ctx)
	if err != nil {
		return err
	}
	for _, r := range rivals {
		c, err := pgx.Connect(ctx, r.dsn())
		if err != nil {
			return fmt.Errorf("connecting to %s: %w", r.name, err)
		}
		got, err := shown(ctx, c)
		if err := errors.Join(err, c.Close(ctx)); err != nil {
			return fmt.Errorf("checking what %s shows: %w", r.name, err)
		}
		if got != want[r.filtered] {
			return fmt.Errorf("%s shows %+v, and not %+v", r.name, got, want[r.filtered])
		}
	}
	return nil
}

// sight is what a session sees and can do.
type sight struct {
	items, itemSum, jobs, jobSum, updated int64
	page                                  string
	tenant, author                        string // of a row that is inserted
}

// shown looks through a session, and undoes what it did.
func shown(ctx context.Context, c *pgx.Conn) (sight, error) {
	var s sight
	err := pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		for _, q := range []struct {
			sql  string
			into []any
		}{
			{"SELECT count(*), sum(id)::bigint FROM item", []any{&s.items, &s.itemSum}},
			{"SELECT count(*), sum(id)::bigint FROM job", []any{&s.jobs, &s.jobSum}},
			{"SELECT string_agg(id || title || status || created_at, ',' ORDER BY id) FROM item WHERE id BETWEEN 49990 AND 50010", []any{&s.page}},
			{"INSERT INTO note (body) VALUES ('a note') RETURNING tenant_id, author", []any{&s.tenant, &s.author}},
		} {
			if err := tx.QueryRow(ctx, q.sql).Scan(q.into...); err != nil {
				return fmt.Errorf("%s: %w", q.sql, err)
			}
		}
		tag, err := tx.Exec(ctx, "UPDATE job SET tries = 1 WHERE id BETWEEN 49990 AND 50010")
		if err != nil {
			return fmt.Errorf("updating: %w", err)
		}
		s.updated = tag.RowsAffected()
		return errUndo
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	return s, err
}

var errUndo = errors.New("undo")
