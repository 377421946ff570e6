package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/rewrite"
)

// spectator is a sample user in the showcase.
type spectator struct{ login, role string }

func spectators() []spectator {
	return []spectator{
		{"kim", "member of acme"},
		{"bea", "clerk of acme"},
		{"pat", "admin of initech"},
		{"sam", "support, all tenants"},
	}
}

// question is one query of the showcase, the same for everybody.
type question struct{ about, sql string }

func questions() []question {
	return []question{
		{"Which companies are there?", "SELECT string_agg(id, ', ' ORDER BY id) FROM org"},
		{"How many tasks are to be done?", "SELECT count(*) FROM task WHERE status <> 'done'"},
		{"What was paid?", "SELECT sum(amount) FROM invoice WHERE status = 'paid'"},
	}
}

const (
	shownBefore  = "SELECT title, due_on FROM task WHERE status = 'open' ORDER BY due_on LIMIT 3"
	shownRefused = "UPDATE invoice SET amount = 0 WHERE status = 'paid'"
	shownAs      = "kim"
	lineWidth    = 96
)

func (d *demo) greet() {
	d.say("\n%s  %s\n", d.color.bold("Wherewall"), d.color.faint("a PostgreSQL proxy that puts a WHERE on every query"))
}

// show asks through the proxy as anybody would, and draws what comes back.
func (d *demo) show(ctx context.Context) error {
	table, err := d.askEverybody(ctx)
	if err != nil {
		return err
	}
	d.say("\n%s\n\n%s", d.color.bold("The same three queries, four users, one database"), table)
	if err := d.showRewrite(); err != nil {
		return err
	}
	return d.showRefusal(ctx)
}

func (d *demo) askEverybody(ctx context.Context) (string, error) {
	table := boxes{rows: make([][]cell, 1+len(questions()))}
	table.rows[0] = []cell{{text: "everybody asks", paint: d.color.faint}}
	for i, q := range questions() {
		table.rows[i+1] = []cell{{text: q.about + "\n" + q.sql, paint: d.underline(q.sql)}}
	}
	for _, s := range spectators() {
		answers, err := d.ask(ctx, s.login)
		if err != nil {
			return "", err
		}
		table.rows[0] = append(table.rows[0], cell{text: s.login + "\n" + s.role, paint: d.heading(s.login)})
		for i, a := range answers {
			table.rows[i+1] = append(table.rows[i+1], a)
		}
	}
	return table.draw("  "), nil
}

// heading paints a login bold, and what stands below it faint.
func (d *demo) heading(login string) func(string) string {
	return func(line string) string {
		if line == login {
			return d.color.bold(line)
		}
		return d.color.faint(line)
	}
}

// underline paints a query, and leaves what it is about plain.
func (d *demo) underline(sql string) func(string) string {
	return func(line string) string {
		if line == sql {
			return d.color.faint(line)
		}
		return line
	}
}

// ask runs the questions as one user, who logs in with the password, and returns a cell for each.
func (d *demo) ask(ctx context.Context, login string) ([]cell, error) {
	conn, err := pgx.Connect(ctx, d.dsn(login))
	if err != nil {
		return nil, fmt.Errorf("logging in as %s: %w", login, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var answers []cell
	for _, q := range questions() {
		result := conn.PgConn().ExecParams(ctx, q.sql, nil, nil, nil, nil).Read()
		answer, err := d.answer(result)
		if err != nil {
			return nil, fmt.Errorf("asking %q as %s: %w", q.sql, login, err)
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// answer makes a cell of a result: its only value, or that it was refused.
func (d *demo) answer(result *pgconn.Result) (cell, error) {
	var refused *pgconn.PgError
	switch {
	case errors.As(result.Err, &refused) && refused.Code == "42501":
		return cell{text: "✗ permission\n  denied", paint: d.color.red}, nil
	case result.Err != nil:
		return cell{}, result.Err
	case len(result.Rows) != 1 || len(result.Rows[0]) != 1:
		return cell{}, fmt.Errorf("one value was expected, and %d rows came", len(result.Rows))
	case result.Rows[0][0] == nil:
		return cell{text: "nothing", paint: d.color.faint}, nil
	}
	return cell{text: strings.ReplaceAll(string(result.Rows[0][0]), ", ", ",\n"), paint: d.color.cyan}, nil
}

// showRewrite prints one query as it came and as PostgreSQL got it.
func (d *demo) showRewrite() error {
	snapshot := d.proxy.keeper.current().Snapshot
	p, err := subjectFlags{User: shownAs}.plan(snapshot)
	if err != nil {
		return err
	}
	after, refusal := preview(snapshot, p, shownBefore)
	if refusal != nil {
		return fmt.Errorf("rewriting %q: %w", shownBefore, refusal)
	}
	d.say("%s\n", d.color.bold("What "+shownAs+" sends"))
	d.say("    %s\n", fold(shownBefore, lineWidth, "    "))
	d.say("%s\n", d.color.bold("What PostgreSQL gets"))
	folded := fold(after, lineWidth, "    ")
	d.say("    %s\n", highlight(shownBefore, folded, d.color.green))
	return nil
}

// showRefusal sends a statement that the policy does not allow, and prints the answer as psql would.
func (d *demo) showRefusal(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, d.dsn(shownAs))
	if err != nil {
		return fmt.Errorf("logging in as %s: %w", shownAs, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, shownRefused)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return fmt.Errorf("running %q as %s: a refusal was expected, and there was none: %w", shownRefused, shownAs, err)
	}
	d.say("%s\n", d.color.bold("What "+shownAs+" may not do"))
	drawn := draw(&rewrite.Refusal{
		SQLState: refused.Code, Message: refused.Message, Detail: refused.Detail, Hint: refused.Hint, Position: int(refused.Position),
	}, shownRefused, d.color)
	d.say("    %s%s", d.color.faint("saas=> "), shownRefused)
	d.say("    %s\n", strings.ReplaceAll(drawn, "\n", "\n    "))
	return nil
}

// invite tells how to go on by hand.
func (d *demo) invite() {
	d.say("%s  %s\n", d.color.bold("Your turn"), d.color.faint("everybody's password is demo"))
	for _, login := range []string{"kim", "lee@acme", "lee@globex", "bea", "pat", "sam"} {
		d.say("    psql '%s'", d.dsn(login))
	}
	d.say("\n  The policy is in %s", d.color.cyan(d.policyHome))
	d.say("  Change it, then: kill -HUP %d", os.Getpid())
	d.say("\n  Ctrl-C ends it all and leaves nothing behind.")
}

// escaped writes a login for the user part of a URL, where @ would end it.
func escaped(login string) string { return url.User(login).String() }
