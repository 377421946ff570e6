package checks

import (
	"context"
	"database/sql"
	"time"
)

// Database is the checks of what all drivers of database/sql have.
type Database struct {
	*sql.DB
	Of ServerError
}

// Value gives the single value of a query.
func Value[T any](d *sql.DB, query string, args ...any) (value T) {
	Must(d.QueryRow(query, args...).Scan(&value))
	return value
}

// Values gives the values of a query's column.
func Values[T any](d *sql.DB, query string, args ...any) (all []T) {
	rows := Get(d.Query(query, args...))
	defer rows.Close()
	for rows.Next() {
		var value T
		Must(rows.Scan(&value))
		all = append(all, value)
	}
	Must(rows.Err())
	return all
}

// Run runs a statement to its end, and reads what it gives.
func (d Database) Run(query string) error {
	rows, err := d.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// Texts reads the columns of app.specimen as text that PostgreSQL made, and its NULLs.
func (d Database) Texts() {
	rows := Get(d.Query("SELECT * FROM specimen WHERE id = 2"))
	names := Get(rows.Columns())
	Must(rows.Close())
	list := ""
	for _, name := range names {
		// bpchar loses its blanks on the way to text, which concat() does not do.
		list += ", concat(" + name + ")"
	}
	row, targets := make([]string, len(names)), make([]any, len(names))
	for i := range row {
		targets[i] = &row[i]
	}
	Must(d.QueryRow("SELECT " + list[2:] + " FROM specimen WHERE id = 1").Scan(targets...))
	Same(row, SpecimenText())

	nulls := make([]sql.NullString, len(names))
	for i := range nulls {
		targets[i] = &nulls[i]
	}
	Must(d.QueryRow("SELECT * FROM specimen WHERE id = $1", 2).Scan(targets...))
	Same(nulls[2:], make([]sql.NullString, len(names)-2))
}

// Write inserts, updates and deletes, with parameters and without.
func (d Database) Write() {
	const insert = "INSERT INTO specimen (id, org_id, an_int, a_jsonb, a_bytea, a_timestamptz) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"
	Same(Value[int](d.DB, insert, 1001, "acme", 5, `{"x": 1}`, []byte{0, 1}, time.Unix(0, 0)), 1001)
	update := Get(d.Prepare("UPDATE specimen SET an_int = $1, an_enum = $2 WHERE id >= $3"))
	Same(Get(Get(update.Exec(6, "active", 1001)).RowsAffected()), int64(1))
	Must(update.Close())
	Same(Value[string](d.DB, "SELECT concat(an_int, a_jsonb, a_bytea, an_enum, extract(epoch FROM a_timestamptz)::int) FROM specimen WHERE id = 1001"), `6{"x": 1}\x0001active0`)
	Same(Get(Get(d.Exec("DELETE FROM specimen WHERE id >= 1001")).RowsAffected()), int64(1))
}

func (d Database) count(id int) int {
	return Value[int](d.DB, "SELECT count(*) FROM specimen WHERE id = $1", id)
}

const insertSpecimen = "INSERT INTO specimen (id, org_id) VALUES ($1, 'acme')"

// Transaction rolls back and commits.
func (d Database) Transaction(ctx context.Context) {
	tx := Get(d.Begin())
	Get(tx.Exec(insertSpecimen, 1002))
	Same(d.count(1002), 0)
	Must(tx.Rollback())
	Same(d.count(1002), 0)
	tx = Get(d.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable}))
	Get(tx.Exec(insertSpecimen, 1002))
	Must(tx.Commit())
	Same(d.count(1002), 1)
	Get(d.Exec("DELETE FROM specimen WHERE id = 1002"))
	tx = Get(d.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}))
	_, err := tx.Exec(insertSpecimen, 1002)
	Fails(err, "25006", d.Of)
	Must(tx.Rollback())
}

// Savepoint goes back to a savepoint after an error, and keeps what was before it.
func (d Database) Savepoint() {
	tx := Get(d.Begin())
	Get(tx.Exec(insertSpecimen, 1003))
	Get(tx.Exec("SAVEPOINT s"))
	_, err := tx.Exec(insertSpecimen, 1003)
	Fails(err, "23505", d.Of)
	Get(tx.Exec("ROLLBACK TO SAVEPOINT s"))
	var n int
	Must(tx.QueryRow("SELECT count(*) FROM specimen WHERE id = $1", 1003).Scan(&n))
	Same(n, 1)
	Must(tx.Rollback())
	Same(d.count(1003), 0)
}

// Stream reads a long result row by row, and once more by a cursor of SQL's own.
func (d Database) Stream() {
	var n, sum, id int64
	rows := Get(d.Query("SELECT id FROM reading WHERE id > $1", 0))
	for rows.Next() {
		Must(rows.Scan(&id))
		n, sum = n+1, sum+id
	}
	Must(rows.Err())
	Same([]int64{n, sum}, []int64{Env("WANT_READINGS"), Value[int64](d.DB, "SELECT sum(id)::bigint FROM reading")})

	tx := Get(d.Begin())
	Get(tx.Exec("DECLARE portions CURSOR FOR SELECT id FROM reading"))
	n = 0
	for more := int64(1); more > 0; n += more {
		rows := Get(tx.Query("FETCH 7000 FROM portions"))
		for more = 0; rows.Next(); more++ {
		}
		Must(rows.Err())
	}
	Must(tx.Rollback())
	Same(n, Env("WANT_READINGS"))
}

// Cancel ends a query by its context.
func (d Database) Cancel(ctx context.Context) {
	Cancelled(func(query string) error {
		ctx, stop := context.WithTimeout(ctx, 500*time.Millisecond)
		defer stop()
		_, err := d.ExecContext(ctx, query)
		return err
	}, d.Of)
	Must(d.Ping())
}

// Tenant counts rows, and looks for another tenant's.
func (d Database) Tenant() {
	Tenants(func(table string) int64 { return Value[int64](d.DB, "SELECT count(*) FROM "+table) })()
}

// Relations finds the tables, columns and keys in information_schema and in what drivers tell of a result.
func (d Database) Relations() {
	Same(Values[string](d.DB, "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ($1, $2) ORDER BY 1", "app", "billing"), Tables())
	rows := Get(d.Query("SELECT * FROM member"))
	Same(Get(rows.Columns()), MemberColumns())
	Same(Get(rows.ColumnTypes())[4].DatabaseTypeName(), "DATE")
	Must(rows.Close())
	Same(Values[string](d.DB, `SELECT tc.constraint_type || ' ' || kcu.column_name FROM information_schema.table_constraints tc
		JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name)
		WHERE tc.table_schema = 'app' AND tc.table_name = 'task' AND tc.constraint_type <> 'CHECK' ORDER BY 1`), []string{"FOREIGN KEY project_id", "PRIMARY KEY id"})
}
