package main

import (
	"context"
	"math/big"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	. "wherewall.test/checks"
)

// raw runs a query with all columns in one format, and gives its first row as it came.
func (c client) raw(sql string, format int16) (row [][]byte) {
	c.alone(func(conn *pgx.Conn) {
		result := conn.PgConn().ExecParams(c.ctx, sql, nil, nil, nil, []int16{format}).Read()
		Must(result.Err)
		row = result.Rows[0]
	})
	return row
}

func (c client) text() {
	var row []string
	for _, value := range c.raw("SELECT * FROM specimen WHERE id = 1", pgx.TextFormatCode) {
		row = append(row, string(value))
	}
	Same(row, SpecimenText())
	nulls := c.raw("SELECT * FROM specimen WHERE id = 2", pgx.TextFormatCode)
	Same(nulls[2:], make([][]byte, 25))
}

// specimen has pgx's values of a row.
type specimen struct {
	ID           int32
	OrgID        string
	ASmallint    *int16
	AnInt        *int32
	ABigint      *int64
	ANumeric     pgtype.Numeric
	AReal        *float32
	ADouble      *float64
	AText        *string
	AVarchar     *string
	AChar        *string
	ABool        *bool
	ABytea       []byte
	ADate        *time.Time
	ATime        pgtype.Time
	ATimestamp   *time.Time
	ATimestamptz *time.Time
	AnInterval   pgtype.Interval
	AUUID        pgtype.UUID    `db:"a_uuid"`
	AJSON        map[string]any `db:"a_json"`
	AJSONB       map[string]any `db:"a_jsonb"`
	AnIntArray   []*int32
	ATextArray   []*string
	AnEnum       *string
	AnInet       *netip.Prefix
	AnIntRange   pgtype.Range[pgtype.Int4]
	ATSRange     pgtype.Range[pgtype.Timestamptz] `db:"a_ts_range"`
}

// wantedSpecimen is what its first row must become.
func wantedSpecimen() specimen {
	moment := time.Date(2026, 2, 28, 13, 14, 15, 678901000, time.UTC)
	return specimen{
		ID: 1, OrgID: "acme", ASmallint: new(int16(-32768)), AnInt: new(int32(2147483647)), ABigint: new(int64(-9223372036854775808)),
		ANumeric: pgtype.Numeric{Int: big.NewInt(1234567890123456789), Exp: -5, Valid: true}, AReal: new(float32(1.5)), ADouble: new(2.5e-10),
		AText: new("Grüße, 'world'"), AVarchar: new("varchar"), AChar: new("char  "), ABool: new(true), ABytea: []byte{0, 255, 16},
		ADate: new(time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)), ATime: pgtype.Time{Microseconds: 47655678901, Valid: true}, ATimestamp: &moment, ATimestamptz: &moment,
		AnInterval: pgtype.Interval{Months: 14, Days: 3, Microseconds: 14706000000, Valid: true},
		AUUID:      pgtype.UUID{Bytes: [16]byte{0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11}, Valid: true},
		AJSON:      map[string]any{"a": []any{1.0, 2.0}}, AJSONB: map[string]any{"b": map[string]any{"c": nil}},
		AnIntArray: []*int32{new(int32(1)), new(int32(2)), nil, new(int32(-4))}, ATextArray: []*string{new("one"), new("two, three"), nil, new("")},
		AnEnum: new("on_hold"), AnInet: new(netip.MustParsePrefix("192.168.1.7/24")),
		AnIntRange: pgtype.Range[pgtype.Int4]{
			Lower: pgtype.Int4{Int32: 3, Valid: true}, Upper: pgtype.Int4{Int32: 9, Valid: true}, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true,
		},
		ATSRange: pgtype.Range[pgtype.Timestamptz]{
			Lower: pgtype.Timestamptz{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Valid: true}, Upper: pgtype.Timestamptz{Time: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), Valid: true},
			LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true,
		},
	}
}

// specimens reads app.specimen as values.
func (c client) specimens(query func(ctx context.Context, sql string, args ...any) (pgx.Rows, error), args ...any) []specimen {
	rows := Get(query(c.ctx, "SELECT * FROM specimen WHERE id <= $1 ORDER BY id", append(args, 2)...))
	found := Get(pgx.CollectRows(rows, pgx.RowToStructByName[specimen]))
	for i := range found {
		found[i].normalize()
	}
	return found
}

// normalize takes off what depends on the format and not on the value: zeros of a number, and the name of a time zone.
func (s *specimen) normalize() {
	if s.ANumeric.Valid {
		ten, rest := big.NewInt(10), new(big.Int)
		for n := new(big.Int).Set(s.ANumeric.Int); ; s.ANumeric.Int, s.ANumeric.Exp = new(big.Int).Set(n), s.ANumeric.Exp+1 {
			if n.QuoRem(n, ten, rest); rest.Sign() != 0 {
				break
			}
		}
	}
	if s.ATimestamptz != nil {
		s.ATimestamptz = new(s.ATimestamptz.UTC())
		s.ATSRange.Lower.Time, s.ATSRange.Upper.Time = s.ATSRange.Lower.Time.UTC(), s.ATSRange.Upper.Time.UTC()
	}
}

func (c client) binary() {
	var lengths []int
	for _, value := range c.raw("SELECT * FROM specimen WHERE id = 1", pgx.BinaryFormatCode) {
		lengths = append(lengths, len(value))
	}
	Same(lengths, SpecimenBytes())
	Same(c.specimens(c.pool.Query), []specimen{wantedSpecimen(), {ID: 2, OrgID: "acme"}})
}

// stream reads a long result row by row, and one more by a cursor of SQL's own.
func (c client) stream() {
	var n, sum int64
	rows := Get(c.pool.Query(c.ctx, "SELECT * FROM reading"))
	for rows.Next() {
		n, sum = n+1, sum+Get(rows.Values())[0].(int64)
	}
	Must(rows.Err())
	Same([]int64{n, sum}, []int64{Env("WANT_READINGS"), one[int64](c, "SELECT sum(id)::bigint FROM reading")})

	Must(pgx.BeginFunc(c.ctx, c.pool, func(tx pgx.Tx) error {
		Get(tx.Exec(c.ctx, "DECLARE portions CURSOR FOR SELECT id FROM reading"))
		n = 0
		for {
			portion := Get(pgx.CollectRows(Get(tx.Query(c.ctx, "FETCH 7000 FROM portions")), pgx.RowTo[int64]))
			if n += int64(len(portion)); len(portion) == 0 {
				return nil
			}
		}
	}))
	Same(n, Env("WANT_READINGS"))
}

func (c client) cancel() {
	Cancelled(func(sql string) error {
		ctx, stop := context.WithTimeout(c.ctx, 500*time.Millisecond)
		defer stop()
		_, err := c.pool.Exec(ctx, sql)
		return err
	}, serverError)
	c.alone(func(conn *pgx.Conn) {
		time.AfterFunc(300*time.Millisecond, func() { _ = conn.PgConn().CancelRequest(c.ctx) })
		_, err := conn.Exec(c.ctx, Slow())
		Fails(err, "57014", serverError)
		Must(conn.Ping(c.ctx))
	})
}

// copyTo reads a table by COPY.
func (c client) copyTo() {
	var out lines
	c.alone(func(conn *pgx.Conn) {
		tag := Get(conn.PgConn().CopyTo(c.ctx, &out, "COPY reading TO STDOUT"))
		Same([]int64{tag.RowsAffected(), int64(out)}, []int64{Env("WANT_READINGS"), Env("WANT_READINGS")})
		_, err := conn.PgConn().CopyTo(c.ctx, &out, "COPY audit_log TO STDOUT")
		Fails(err, "42P01", serverError)
	})
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
