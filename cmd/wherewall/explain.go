package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// explainCmd says what a statement is turned into and why, or why a row may or may not be touched.
type explainCmd struct {
	policyFlags
	upstreamFlags
	subjectFlags
	Entity string   `placeholder:"E" help:"The entity of the row to explain."`
	Key    []string `placeholder:"K" help:"The row's key; values of several columns with commas. Its values are shown: the DSN is an administrator's."`
	Action string   `default:"read" placeholder:"A" help:"What the row is to be explained for: read, update, delete or an action of your own."`
	SQL    string   `arg:"" optional:"" name:"sql" help:"The statement to explain; - reads it from standard input."`
}

// Run explains a statement or a row.
func (c explainCmd) Run(ctx context.Context, std *streams) error {
	aboutRow := c.Entity != "" || len(c.Key) > 0
	switch {
	case aboutRow && c.SQL != "":
		return usage(errors.New("explain either a statement or, with --entity and --key, a row"))
	case !aboutRow && c.SQL == "":
		return usage(errors.New("name a statement, or a row with --entity and --key"))
	case aboutRow && (c.Entity == "" || len(c.Key) == 0):
		return usage(errors.New("a row is named by --entity and --key"))
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
	if !aboutRow {
		return c.statement(std, p)
	}
	entity := snapshot.Entities[c.Entity]
	if entity == nil {
		return usage(fmt.Errorf("--entity %s: the policy has no such entity", c.Entity))
	}
	if len(c.Key) != len(entity.Key) {
		return usage(fmt.Errorf("--key: %s has the key %s", c.Entity, strings.Join(entity.Key, ", ")))
	}
	if c.Action == string(catalog.Create) {
		return usage(errors.New("--action create: a row that is there is not created; explain the INSERT"))
	}
	conn, err := connect(ctx, upstream)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return c.row(ctx, std, &rowQuestion{conn: conn, plan: p, entity: entity})
}

// explaining is the plan with hints for an administrator, whatever the user may be told.
func explaining(p *plan.Plan) *plan.Plan {
	open := *p
	open.Explain = true
	open.Shape += " explained"
	return &open
}

// today is the day that sessions begin on.
func today() string { return time.Now().UTC().Format(time.DateOnly) }
