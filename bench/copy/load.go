package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// load is one COPY that is measured.
type load struct{ name, table, columns, options string }

func copies() []load {
	const all, path = "tenant_id, project_id, title, done, due, price", "project_id, title, done, due, price"
	return []load{
		{"text, tenant in a column", "app.task", all, ""},
		{"text, tenant in a column, no index", "app.bare", all, ""},
		{"CSV, tenant in a column", "app.task", all, "(FORMAT csv)"},
		{"binary, tenant in a column", "app.task", all, "(FORMAT binary)"},
		{"text, tenant over a path", "app.note", path, ""},
		{"CSV, tenant over a path", "app.note", path, "(FORMAT csv)"},
		{"binary, tenant over a path", "app.note", path, "(FORMAT binary)"},
	}
}

// data are the rows of a COPY in its format, as PostgreSQL writes them.
func (l *lab) data(ctx context.Context, c load, rows int) ([]byte, error) {
	conn, err := pgconn.Connect(ctx, l.admin)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close(ctx)
	var data bytes.Buffer
	_, err = conn.CopyTo(ctx, &data, fmt.Sprintf(`COPY (SELECT %s FROM (SELECT 't1'::text AS tenant_id, 1 + 100 * (n %% 100) AS project_id,
		'a task with the number ' || n AS title, n %% 2 = 0 AS done, '2026-01-01 00:00+00'::timestamptz + n * interval '1 min' AS due, (n / 4.0)::numeric(10,2) AS price
		FROM generate_series(1, %d) n) r) TO STDOUT %s`, c.columns, rows, c.options))
	if err != nil {
		return nil, fmt.Errorf("making rows: %w", err)
	}
	return data.Bytes(), nil
}

// time loads the rows into an empty table.
func (l *lab) time(ctx context.Context, dsn string, c load, data []byte, rows int) (took time.Duration, err error) {
	if err := l.query(ctx, "TRUNCATE "+c.table+"; CHECKPOINT"); err != nil {
		return 0, err
	}
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return 0, fmt.Errorf("connecting: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	start := time.Now()
	tag, err := conn.CopyFrom(ctx, bytes.NewReader(data), fmt.Sprintf("COPY %s (%s) FROM STDIN %s", c.table, c.columns, c.options))
	took = time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("loading: %w", err)
	}
	if tag.RowsAffected() != int64(rows) {
		return 0, fmt.Errorf("loading: %s of %d rows", tag, rows)
	}
	return took, nil
}
