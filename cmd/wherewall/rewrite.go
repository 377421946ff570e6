package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// rewriteCmd shows what Wherewall makes of a statement, without sending it.
type rewriteCmd struct {
	policyFlags
	upstreamFlags
	subjectFlags
	SQL string `arg:"" name:"sql" help:"The statement, or several; - reads them from standard input."`
}

// Run prints the rewritten statement. A refusal goes to standard error with a caret, and ends in an exit code of its own.
func (c rewriteCmd) Run(ctx context.Context, std *streams) error {
	sql, err := c.statement(std)
	if err != nil {
		return err
	}
	upstream, err := c.upstreamFlags.open()
	if err != nil {
		return err
	}
	snapshot, err := bind(ctx, c.Policy, upstream)
	if err != nil {
		return err
	}
	p, err := c.plan(snapshot)
	if err != nil {
		return err
	}
	text, refusal := preview(snapshot, p, sql)
	if refusal != nil {
		fmt.Fprintln(std.err, draw(refusal, sql, paletteFor(std.err)))
		return told(exitRefused)
	}
	fmt.Fprintln(std.out, text)
	return nil
}

func (c rewriteCmd) statement(std *streams) (string, error) {
	if c.SQL != "-" {
		return c.SQL, nil
	}
	text, err := io.ReadAll(std.in)
	if err != nil {
		return "", fmt.Errorf("reading the statement: %w", err)
	}
	return string(text), nil
}

// plan builds the plan of the user and tenant that the flags name.
func (f subjectFlags) plan(snapshot *catalog.Snapshot) (*plan.Plan, error) {
	subject, err := plan.ResolveOn(snapshot, f.User, f.Tenant, today())
	if err != nil {
		return nil, fmt.Errorf("acting as %s: %w", f.User, err)
	}
	p, err := plan.Build(snapshot, subject)
	if err != nil {
		return nil, fmt.Errorf("acting as %s: %w", f.User, err)
	}
	return p, nil
}

// preview renders a statement as the server would get it. Nobody looks for the mark of a statement that is not sent, so
// zeros stand in for it.
func preview(snapshot *catalog.Snapshot, p *plan.Plan, sql string) (string, *rewrite.Refusal) {
	t := rewrite.New(snapshot).Rewrite(sql, p)
	if t.Refused != nil {
		return "", t.Refused
	}
	return string(t.AppendSQL(nil, rewrite.NewValues(p, strings.Repeat("0", 32)))), nil
}

// draw shows a refusal as psql shows an error: the line it is about with a caret below, then detail and hint.
func draw(r *rewrite.Refusal, sql string, color palette) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s: %s", color.red("ERROR:"), r.SQLState, r.Message)
	if r.Position > 0 {
		b.WriteString("\n" + caret(sql, r.Position))
	}
	if r.Detail != "" {
		b.WriteString("\nDETAIL:  " + r.Detail)
	}
	if r.Hint != "" {
		b.WriteString("\n" + color.green("HINT:") + "  " + r.Hint)
	}
	return b.String()
}

// caret prints the line that a position, in characters from 1, falls into, and a caret below the character.
func caret(sql string, position int) string {
	runes := []rune(sql)
	at := min(position-1, len(runes))
	before := string(runes[:at])
	number := strings.Count(before, "\n") + 1
	start := strings.LastIndex(before, "\n") + 1
	line, _, _ := strings.Cut(before[start:]+string(runes[at:]), "\n")
	label := fmt.Sprintf("LINE %d: ", number)
	// Tabs are as wide as the terminal makes them, so they stay tabs below as well.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, strings.Repeat(" ", len(label))+widened(before[start:]))
	return label + line + "\n" + indent + "^"
}

// widened has a second space for each character that takes two cells.
func widened(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
		if runewidth.RuneWidth(r) == 2 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
