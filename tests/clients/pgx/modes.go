package main

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	. "wherewall.test/checks"
)

// modes are checks of each way in which pgx sends a query.
func (c client) modes() []Check {
	var all []Check
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		all = append(all, Check{Name: "mode " + mode.String(), Run: func() { c.mode(mode) }})
	}
	return all
}

// mode reads, writes, fails and counts in one mode; twice, so that what is cached is used.
func (c client) mode(mode pgx.QueryExecMode) {
	config := Get(pgx.ParseConfig(URL()))
	config.DefaultQueryExecMode = mode
	conn := Get(pgx.ConnectConfig(c.ctx, config))
	defer conn.Close(c.ctx)
	for range 2 {
		Same(c.specimens(conn.Query), []specimen{wantedSpecimen(), {ID: 2, OrgID: "acme"}})
		Same(Get(conn.Exec(c.ctx, insert, 1090)).RowsAffected(), int64(1))
		Same(Get(conn.Exec(c.ctx, "UPDATE specimen SET a_text = $1, a_double = $2 WHERE id = $3", "it's", 0.5, 1090)).RowsAffected(), int64(1))
		Same(Get(conn.Exec(c.ctx, "DELETE FROM specimen WHERE a_text = $1 AND id IN ($2, 3)", "it's", 1090)).RowsAffected(), int64(1))
		Errors(func(sql string) error { _, err := conn.Exec(c.ctx, sql); return err }, serverError)()
		var n int64
		Must(conn.QueryRow(c.ctx, "SELECT count(*) FROM task WHERE id > $1", 0).Scan(&n))
		Same(n, Env("WANT_TASKS"))
	}
}

// answers reads a pipeline to its end, each answer as a word.
func answers(p *pgconn.Pipeline) []string {
	var all []string
	for {
		results, err := p.GetResults()
		switch r := results.(type) {
		case nil:
			if err == nil {
				return all
			}
			all = append(all, stateOf(err))
		case *pgconn.StatementDescription:
			all = append(all, "prepared")
		case *pgconn.PipelineSync:
			all = append(all, "sync")
		case *pgconn.ResultReader:
			all = append(all, value(r.Read()))
		}
	}
}

func value(r *pgconn.Result) string {
	switch {
	case r.Err != nil:
		return stateOf(r.Err)
	case len(r.Rows) == 0:
		return ""
	default:
		return string(r.Rows[0][0])
	}
}

func stateOf(err error) string {
	state, _, ok := serverError(err)
	if !ok {
		return err.Error()
	}
	return state
}
