package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
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

// question is one query of the showcase, the same for everybody. Its lines are as they are shown.
type question struct{ about, sql string }

func questions() []question {
	return []question{
		{"Which companies are there?", "SELECT id\nFROM org\nORDER BY id"},
		{"How much work is left?", "SELECT count(*)\nFROM task\nWHERE status <> 'done'"},
		{"What was paid?", "SELECT sum(amount)\nFROM invoice\nWHERE status = 'paid'"},
	}
}

const (
	shownBefore  = "SELECT title, due_on FROM task WHERE status = 'open' ORDER BY due_on LIMIT 3"
	shownRefused = "DELETE FROM task WHERE status = 'done'"
	shownAs      = "kim"
	lineWidth    = 92
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
	heading := []cell{{}}
	for _, q := range questions() {
		heading = append(heading, cell{text: q.about + "\n" + q.sql, paint: d.headed(q.about)})
	}
	table := boxes{heading}
	for _, s := range spectators() {
		answers, err := d.ask(ctx, s.login)
		if err != nil {
			return "", err
		}
		who := cell{text: s.login + "\n" + s.role, paint: d.headed(s.login)}
		table = append(table, append([]cell{who}, answers...))
	}
	return table.draw("  "), nil
}

// headed paints the first line of a cell bold, and what stands below it faint.
func (d *demo) headed(first string) func(string) string {
	return func(line string) string {
		if line == first {
			return d.color.bold(line)
		}
		return d.color.faint(line)
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

// answer makes a cell of a result: its only column, or why there is none.
func (d *demo) answer(result *pgconn.Result) (cell, error) {
	var refused *pgconn.PgError
	if errors.As(result.Err, &refused) && denied(refused) {
		return cell{text: "✗ " + fold(refused.Message, 18, "  "), paint: d.color.red}, nil
	}
	if result.Err != nil {
		return cell{}, result.Err
	}
	values := make([]string, 0, len(result.Rows))
	for _, row := range result.Rows {
		values = append(values, string(row[0]))
	}
	return cell{text: strings.Join(values, ", "), paint: d.color.cyan}, nil
}

// denied says whether an error is the policy's no: permission denied, or, where nothing of a table is somebody's
// business, that there is no such table.
func denied(e *pgconn.PgError) bool { return e.Code == "42501" || e.Code == "42P01" }

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
	d.say("    %s\n", strings.ReplaceAll(layOut(shownBefore, lineWidth), "\n", "\n    "))
	d.say("%s\n", d.color.bold("What PostgreSQL gets"))
	marked := highlight(shownBefore, layOut(after, lineWidth), d.color.green)
	d.say("    %s\n", strings.ReplaceAll(marked, "\n", "\n    "))
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
	if _, err := exec.LookPath("psql"); err != nil {
		d.say("\n  %s", d.color.faint("(psql is not installed here; any PostgreSQL client will do)"))
	}
	d.say("\n  The policy is in %s; a change is in force within a second or two.", d.color.cyan(d.policyHome))
	d.say("  Ctrl-C ends it all and leaves nothing behind.\n")
}

// escaped writes a login for the user part of a URL, where @ would end it.
func escaped(login string) string { return url.User(login).String() }
