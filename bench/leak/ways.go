package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/rewrite"
)

// way is one way to hide rows.
type way struct {
	name, database, login string
	// setUp is what its session begins with.
	setUp string
	// write gives a statement's text for a key; empty where the way has none.
	write func(s statement, key string) (string, error)
	conn  *pgconn.PgConn
}

// ways are all of them. The last is what the others are compared with.
func (l *lab) ways(ctx context.Context) ([]way, error) {
	settings, err := rewrite.RowSecuritySettings(l.plan)
	if err != nil {
		return nil, fmt.Errorf("reading settings: %w", err)
	}
	var subject strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&subject, "SELECT set_config(%s, %s, false);", quote(s.Name), quote(s.Value))
	}
	all := []way{
		{name: "by hand", database: "plain", login: service, write: statement.inline},
		{name: "Wherewall", database: "plain", login: service, write: l.wherewall()},
		{name: "`OFFSET 0`", database: "plain", login: service, write: statement.offset},
		{name: "security_barrier view", database: "plain", login: service, setUp: "SET search_path = barrier", write: statement.client},
		{name: "native RLS", database: "native", login: user, setUp: subject.String(), write: statement.client},
	}
	for i := range all {
		w := &all[i]
		if w.conn, err = connect(ctx, l.server.DSN(w.login, password, w.database)); err != nil {
			return nil, err
		}
		if _, err := answer(ctx, w.conn, w.setUp); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// wherewall writes what Wherewall sends.
func (l *lab) wherewall() func(statement, string) (string, error) {
	rewriter, values := rewrite.New(l.snapshot), rewrite.NewValues(l.plan, hex.EncodeToString(make([]byte, 16)))
	return func(s statement, key string) (string, error) {
		sql := s.as(key, plain, false)
		t := rewriter.Rewrite(sql, l.plan)
		if t.Refused != nil {
			return "", fmt.Errorf("rewriting %s: %w", sql, t.Refused)
		}
		return string(t.AppendSQL(nil, values)), nil
	}
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// undone runs something in a transaction that is rolled back.
func (w *way) undone(ctx context.Context, do func() error) error {
	if _, err := answer(ctx, w.conn, "BEGIN"); err != nil {
		return err
	}
	err := do()
	_, end := answer(ctx, w.conn, "ROLLBACK")
	return errors.Join(err, end)
}

// answer runs statements and gives the rows of all as text, or how many an UPDATE changed.
func answer(ctx context.Context, conn *pgconn.PgConn, sql string) (string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", fmt.Errorf("running %.300s: %w", sql, err)
	}
	var b strings.Builder
	for _, r := range results {
		if r.CommandTag.Update() { // What comes back beside the count is not for the client.
			fmt.Fprintln(&b, r.CommandTag)
			continue
		}
		for _, row := range r.Rows {
			for _, v := range row {
				b.Write(v)
				b.WriteByte('\t')
			}
			b.WriteByte('\n')
		}
	}
	return b.String(), nil
}
