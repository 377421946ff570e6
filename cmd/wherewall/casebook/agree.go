package casebook

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// maxCompared bounds how many rows of a table the local check is asked about.
const maxCompared = 5000

// agree holds the local check to PostgreSQL's answer: it must say allowed of the rows that were reached, denied of the others, or that
// it cannot know. The application that asks the one and sends statements through the other must not see two policies.
func (t *trial) agree(ctx context.Context, e *catalog.Entity, action string, reached [][]*string) error {
	records, err := t.records(ctx, e, action)
	if err != nil {
		return err
	}
	in := map[string]bool{}
	for _, row := range reached {
		in[shownRow(row)] = true
	}
	differ := 0
	for _, r := range records {
		key := keyOf(e, r)
		decision := plan.Check(t.plan, action, e.Name, r)
		if decision.Outcome == plan.NeedsDB || (decision.Outcome == plan.Allowed) == in[key] {
			continue
		}
		got := "denied"
		if in[key] {
			got = "allowed"
		}
		t.failf("the local check says %s of %s %s\nPostgreSQL says %s", decision.Outcome, e.Name, key, got)
		if differ++; differ == maxShown {
			return nil
		}
	}
	return nil
}

func keyOf(e *catalog.Entity, r plan.Record) string {
	words := make([]string, len(e.Key))
	for i, k := range e.Key {
		words[i] = "NULL"
		if !r[k].Null {
			words[i] = r[k].Text
		}
	}
	return keyText(words)
}

// records are an entity's rows as they are, with what the check asks for of rows over to-one relations.
func (t *trial) records(ctx context.Context, e *catalog.Entity, action string) ([]plan.Record, error) {
	var names, targets []string
	for _, c := range e.Relation.Columns {
		names, targets = append(names, c.Name), append(targets, "t."+quoted(c.Name))
	}
	for {
		got, err := t.execute(ctx, "SELECT "+strings.Join(targets, ", ")+" FROM "+relationName(e)+" AS t LIMIT "+strconv.Itoa(maxCompared))
		if err != nil {
			return nil, err
		}
		if got.outcome == Failed {
			return nil, nil // The login may not read all of it.
		}
		records := recordsOf(names, got.rows)
		more := false
		for _, r := range records {
			for _, need := range plan.Check(t.plan, action, e.Name, r).Needs {
				if target, ok := PathTarget(t.snapshot, e, need); ok && !slices.Contains(names, need) {
					names, targets, more = append(names, need), append(targets, target), true
				}
			}
		}
		if !more {
			return records, nil
		}
	}
}

func recordsOf(names []string, rows [][]*string) []plan.Record {
	records := make([]plan.Record, len(rows))
	for i, row := range rows {
		records[i] = make(plan.Record, len(names))
		for j, name := range names {
			value := plan.Value{Null: row[j] == nil}
			if row[j] != nil {
				value.Text = *row[j]
			}
			records[i][name] = value
		}
	}
	return records
}
