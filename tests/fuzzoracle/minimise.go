package main

import (
	"context"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/plan"
)

// tries bounds what one difference may cost.
const tries = 500

// minimise makes a script smaller for as long as its finding stays what it is.
func (l *lane) minimise(ctx context.Context, subject plan.Subject, sc *script, f *finding) (*script, *finding, error) {
	m := &minimiser{lane: l, subject: subject, best: sc, finding: f, left: tries}
	for m.left > 0 {
		before := m.best
		if err := m.fewer(ctx); err != nil {
			return nil, nil, err
		}
		for i := range m.best.statements {
			if err := m.smaller(ctx, i); err != nil {
				return nil, nil, err
			}
		}
		if m.best == before {
			break
		}
	}
	return m.best, m.finding, nil
}

type minimiser struct {
	*lane
	subject plan.Subject
	best    *script
	finding *finding
	left    int
}

// try keeps a smaller script if it shows the same.
func (m *minimiser) try(ctx context.Context, statements []statement) (bool, error) {
	m.left--
	sc := *m.best
	sc.statements = statements
	f, err := m.judge(ctx, m.subject, &sc)
	if err != nil {
		return false, err
	}
	same := f.verdict == m.finding.verdict && (f.verdict == leak || f.reason == m.finding.reason)
	if same && f.verdict == wrong {
		// A difference of success and failure must stay one of the same error.
		was, _ := m.finding.sides.first(sc.ordered)
		is, _ := f.sides.first(sc.ordered)
		same = m.finding.sides.got[was].code == f.sides.got[is].code && m.finding.sides.want[was].code == f.sides.want[is].code
	}
	if same {
		m.best, m.finding = &sc, f
	}
	return same, nil
}

// fewer leaves out statements.
func (m *minimiser) fewer(ctx context.Context) error {
	for i := len(m.best.statements) - 1; i >= 0 && len(m.best.statements) > 1 && m.left > 0; i-- {
		if _, err := m.try(ctx, slices.Delete(slices.Clone(m.best.statements), i, i+1)); err != nil {
			return err
		}
	}
	return nil
}

// smaller cuts one statement's tree.
func (m *minimiser) smaller(ctx context.Context, i int) error {
	for at := 0; m.left > 0; {
		sql := m.best.statements[i].sql
		cut, more := cutAt(sql, at)
		if !more {
			return nil
		}
		if cut == "" || len(cut) >= len(sql) || strings.TrimSpace(cut) == "" {
			at++
			continue
		}
		statements := slices.Clone(m.best.statements)
		statements[i].sql = cut
		kept, err := m.try(ctx, statements)
		if err != nil {
			return err
		}
		if !kept {
			at++
		}
	}
	return nil
}
