package main

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	. "wherewall.test/checks"
)

func (c client) write() {
	Same(one[int32](c, "INSERT INTO specimen (id, org_id, an_int, a_jsonb, an_int_array, a_bytea) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
		1001, "acme", 5, map[string]any{"x": 1}, []int32{1, 2}, []byte{0, 1}), int32(1001))
	Same(Get(c.pool.Exec(c.ctx, "UPDATE specimen SET an_int = $1, an_enum = $2 WHERE id >= $3", 6, "active", 1001)).RowsAffected(), int64(1))
	Same(one[string](c, "SELECT concat(an_int, a_jsonb, an_int_array, an_enum) FROM specimen WHERE id = 1001"), `6{"x": 1}{1,2}active`)
	Same(Get(c.pool.Exec(c.ctx, "DELETE FROM specimen WHERE id >= 1001")).String(), "DELETE 1")
}

func (c client) count(id int) int64 {
	return one[int64](c, "SELECT count(*) FROM specimen WHERE id = $1", id)
}

const insert = "INSERT INTO specimen (id, org_id) VALUES ($1, 'acme')"

func (c client) transaction() {
	tx := Get(c.pool.Begin(c.ctx))
	Get(tx.Exec(c.ctx, insert, 1002))
	Same(c.count(1002), int64(0))
	Must(tx.Rollback(c.ctx))
	Same(c.count(1002), int64(0))
	Must(pgx.BeginTxFunc(c.ctx, c.pool, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		_, err := tx.Exec(c.ctx, insert, 1002)
		return err
	}))
	Same(c.count(1002), int64(1))
	Get(c.pool.Exec(c.ctx, "DELETE FROM specimen WHERE id = 1002"))
	tx = Get(c.pool.BeginTx(c.ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}))
	_, err := tx.Exec(c.ctx, insert, 1002)
	Fails(err, "25006", serverError)
	Must(tx.Rollback(c.ctx))
}

func (c client) savepoint() {
	tx := Get(c.pool.Begin(c.ctx))
	Get(tx.Exec(c.ctx, insert, 1003))
	inner := Get(tx.Begin(c.ctx))
	_, err := inner.Exec(c.ctx, insert, 1003)
	Fails(err, "23505", serverError)
	Must(inner.Rollback(c.ctx))
	var n int
	Must(tx.QueryRow(c.ctx, "SELECT count(*) FROM specimen WHERE id = 1003").Scan(&n))
	Same(n, 1)
	Must(tx.Rollback(c.ctx))
	Same(c.count(1003), int64(0))
}

func (c client) batch() {
	batch := &pgx.Batch{}
	for id := 1010; id < 1060; id++ {
		batch.Queue(insert, id)
	}
	batch.Queue("SELECT count(*) FROM specimen WHERE id >= $1", 1010).QueryRow(func(row pgx.Row) error {
		var n int
		Must(row.Scan(&n))
		Same(n, 50)
		return nil
	})
	batch.Queue("DELETE FROM specimen WHERE id >= 1010")
	Must(c.pool.SendBatch(c.ctx, batch).Close())

	// A batch is one transaction: what fails in it undoes all of it.
	broken := &pgx.Batch{}
	broken.Queue(insert, 1070)
	broken.Queue("INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')")
	Fails(c.pool.SendBatch(c.ctx, broken).Close(), "42501", serverError)
	Same(c.count(1070), int64(0))
}

func (c client) copyFrom() {
	if Native() {
		Skip("refused under native row-level security")
	}
	rows := [][]any{{1080, "acme", 1.5, []int32{1}}, {1081, "acme", nil, nil}}
	columns := []string{"id", "org_id", "a_double", "an_int_array"}
	Same(Get(c.pool.CopyFrom(c.ctx, pgx.Identifier{"app", "specimen"}, columns, pgx.CopyFromRows(rows))), int64(2))
	Same(all[pgtype.Float8](c, "SELECT a_double FROM specimen WHERE id >= 1080 ORDER BY id"), []pgtype.Float8{{Float64: 1.5, Valid: true}, {}})
	Get(c.pool.Exec(c.ctx, "DELETE FROM specimen WHERE id >= 1080"))
	rows[1][1] = "globex"
	_, err := c.pool.CopyFrom(c.ctx, pgx.Identifier{"app", "specimen"}, columns, pgx.CopyFromRows(rows))
	Fails(err, "42501", serverError)
	Same(one[int64](c, "SELECT count(*) FROM specimen WHERE id >= 1080"), int64(0))
}

// pipeline sends without waiting for answers, with Syncs where it wants them.
func (c client) pipeline() {
	c.alone(func(conn *pgx.Conn) {
		p := conn.PgConn().StartPipeline(c.ctx)
		p.SendPrepare("by_id", "SELECT id FROM specimen WHERE id = $1", nil)
		for _, id := range []string{"1", "3"} {
			p.SendQueryPrepared("by_id", [][]byte{[]byte(id)}, nil, nil)
		}
		Must(p.Sync())
		p.SendQueryParams("SELECT nonesuch FROM task", nil, nil, nil, nil)
		p.SendQueryParams("SELECT 1", nil, nil, nil, nil)
		Must(p.Sync())
		p.SendQueryParams("SELECT count(*) FROM specimen", nil, nil, nil, nil)
		Must(p.Sync())
		Same(answers(p), []string{"prepared", "1", "", "sync", "42703", "sync", "2", "sync"})
		Must(p.Close())
	})
}
