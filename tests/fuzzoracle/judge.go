package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/plan"
)

// verdict is what became of a script.
type verdict int

const (
	agreed    verdict = iota // the same on both sides
	bothFail                 // both fail, in different ways that do not matter
	refused                  // Wherewall refuses what PostgreSQL answers
	leak                     // Wherewall shows or changes what is hidden, or an answer depends on it
	wrong                    // Wherewall's answer is another one
	unsettled                // PostgreSQL itself answers otherwise under other plans
	slow                     // one side ran into the timeout
	excused                  // a difference that has a name in excuses
)

func (v verdict) String() string {
	return [...]string{"agreed", "both fail", "refused", "LEAK", "WRONG", "unsettled", "slow", "excused"}[v]
}

// finding is a verdict with its reason.
type finding struct {
	verdict verdict
	reason  string // for refused and excused: by what; otherwise what differs
	sides   *sides
}

// difference of one step of a script, on an empty string the same.
func differs(got, want *outcome, ordered bool) string {
	switch {
	case got.code != want.code && (got.code == "" || want.code == "" || got.code[:2] != want.code[:2]):
		return "one fails"
	case got.code != want.code:
		return ""
	case got.code != "" && got.code[:2] != "42" && got.code[:2] != "23" && got.message != want.message:
		return "messages"
	case got.code != "":
		return ""
	case !slices.Equal(got.tags, want.tags):
		return "tags"
	case got.fields != want.fields:
		return "columns"
	case got.parameters != want.parameters:
		return "parameters"
	case !slices.Equal(got.content(ordered), want.content(ordered)):
		return "rows"
	case got.status != want.status:
		return "status"
	default:
		return ""
	}
}

// first finds the first step that differs; -1 for none.
func (b *sides) first(ordered bool) (int, string) {
	for i := range min(len(b.got), len(b.want)) {
		if what := differs(b.got[i], b.want[i], ordered && i == len(b.want)-1); what != "" {
			return i, what
		}
		if b.got[i].code != "" && i < len(b.got)-1 && b.got[i].status != 'I' {
			break // what follows fails on both sides
		}
	}
	if len(b.got) != len(b.want) {
		return min(len(b.got), len(b.want)) - 1, "broken connection"
	}
	if b.tables != "" {
		return len(b.got) - 1, "tables"
	}
	return -1, ""
}

// judge says what became of a script.
func (l *lane) judge(ctx context.Context, subject plan.Subject, sc *script) (*finding, error) {
	b, err := l.compare(ctx, subject, sc)
	if err != nil {
		return nil, err
	}
	at, what := b.first(sc.ordered)
	if at < 0 {
		return &finding{verdict: agreed, sides: b}, nil
	}
	f := &finding{reason: what, sides: b}
	got, want := b.got[at], b.want[at]
	if got.code == "57014" || want.code == "57014" {
		f.verdict = slow
		return f, nil
	}
	if got.code == "BROKEN" || untrue(got) {
		f.verdict = wrong
		return f, nil
	}
	if reason := l.refusal(subject, sc, at); reason != "" && got.code != "" {
		f.verdict, f.reason = refused, reason
		if want.code != "" {
			f.verdict, f.reason = bothFail, "refused for "+want.code
		}
		return f, nil
	}
	if got.code != "" && want.code != "" && (sc.writes || got.code[:2] == "42" || got.code == "0A000") {
		f.verdict, f.reason = bothFail, got.code+" for "+want.code
		return f, nil
	}
	if (strings.HasPrefix(got.code, "42") || got.code == "0A000" || got.code == "XX000") && want.code == "" {
		f.verdict, f.reason = refused, "by the server: "+got.code+" "+anonymous(got.message)
		return f, nil
	}
	if name := excuse(l, subject, sc, b, at, what); name != "" {
		f.verdict, f.reason = excused, name
		return f, nil
	}
	return f, l.weigh(ctx, subject, sc, f, at)
}

// untrue says whether Wherewall refused a statement because it remembered of it what it would not be rewritten to (-statement-cache verify).
func untrue(o *outcome) bool {
	return o.code == "XX000" && strings.HasPrefix(o.message, "what was remembered")
}

// ofValues says whether an error is about the values of rows: class 22, and a sub-select of more than one row.
func ofValues(code string) bool { return strings.HasPrefix(code, "22") || code == "21000" }

// ends says whether a text ends transactions itself, so that it cannot be tried and undone.
func ends(sc *script) bool {
	return sc.kind == "several" && endOfTransaction.MatchString(strings.ToUpper(sc.text()))
}

var endOfTransaction = regexp.MustCompile(`\b(BEGIN|COMMIT|ROLLBACK|END|ABORT)\b`)

// weigh tells a leak from a wrong answer, and both from what no order of evaluation promises.
func (l *lane) weigh(ctx context.Context, subject plan.Subject, sc *script, f *finding, at int) error {
	got, want := f.sides.got[at], f.sides.want[at]
	f.verdict = wrong
	switch {
	case sc.writes:
		if settled, err := l.settledWrite(ctx, subject, sc, f); err != nil || !settled {
			return err
		}
		if len(sc.statements) == 1 && !ends(sc) && (got.code != "" || ofValues(want.code)) {
			if depends, err := l.depends(ctx, subject, sc, f.sides); err != nil || depends != "" {
				f.verdict, f.reason = leak, f.reason+"; without the hidden rows: "+depends
				return err
			}
			switch {
			case want.code == "" && ofValues(got.code):
				f.verdict, f.reason = excused, otherOrder
				return nil
			case got.code == "" && ofValues(want.code):
				f.verdict, f.reason = excused, notNeeded
				return nil
			}
		}
		switch {
		case f.sides.changed && want.code == "42501":
			f.verdict = leak
		case got.code == "" && !f.sides.changed && strings.HasPrefix(want.code, "22"):
			f.verdict, f.reason = excused, notNeeded
		}
		return nil
	case want.code == "42501" && got.code == "":
		f.verdict = leak
	}
	settled, err := l.settled(ctx, subject, sc, f)
	if err != nil {
		return err
	}
	depends, err := l.depends(ctx, subject, sc, f.sides)
	switch {
	case err != nil:
		return err
	case depends != "" && settled:
		f.verdict, f.reason = leak, f.reason+"; without the hidden rows: "+depends
	case !settled, f.reason == "messages": // which of several failing rows is met first is nobody's promise
		f.verdict = unsettled
	case got.code == "" && want.code != "" && want.code[:2] != "42":
		f.verdict, f.reason = excused, notNeeded
	case got.code != "" && want.code == "":
		fails, err := l.failsWithout(ctx, subject, sc, got.code)
		if err != nil {
			return err
		}
		switch {
		case fails:
			f.verdict = unsettled
		case ofValues(got.code):
			f.verdict, f.reason = excused, otherOrder
		}
	}
	return nil
}

// plans are settings under which PostgreSQL evaluates in another order.
var planSettings = [][]string{
	{"SET enable_hashjoin = off", "SET enable_mergejoin = off", "SET enable_hashagg = off"},
	{"SET enable_nestloop = off", "SET enable_seqscan = off"},
	{"SET enable_mergejoin = off", "SET enable_sort = off", "SET enable_material = off", "SET enable_memoize = off", "SET enable_indexscan = off"},
	{"SET join_collapse_limit = 1", "SET from_collapse_limit = 1", "SET enable_hashjoin = off"},
}

// settled says that PostgreSQL gives its answer under every plan, and Wherewall's under none.
func (l *lane) settled(ctx context.Context, subject plan.Subject, sc *script, f *finding) (bool, error) {
	_, plain, err := l.addresses(ctx, subject, sc)
	if err != nil {
		return false, err
	}
	for _, settings := range planSettings {
		l.drop(plain)
		other, err := l.play(ctx, plain, sc, settings...)
		if err != nil {
			return false, err
		}
		same := &sides{got: other, want: f.sides.want}
		if at, _ := same.first(sc.ordered); at >= 0 {
			return false, nil
		}
	}
	return true, nil
}

// failsWithout says whether PostgreSQL fails in the same way under some plan, if there are no other rows than the subject's and no policies.
func (l *lane) failsWithout(ctx context.Context, subject plan.Subject, sc *script, code string) (bool, error) {
	p, err := l.less(ctx, subject)
	if err != nil {
		return false, err
	}
	dsn := l.DSN(service, password, p.database)
	for _, settings := range append([][]string{nil}, planSettings...) {
		l.drop(dsn)
		all, err := l.play(ctx, dsn, sc, settings...)
		if err != nil {
			return false, err
		}
		if all[len(all)-1].code == code {
			return true, nil
		}
	}
	return false, nil
}

// settledWrite says that the difference is there again, and not one of plans.
func (l *lane) settledWrite(ctx context.Context, subject plan.Subject, sc *script, f *finding) (bool, error) {
	through, plain, err := l.addresses(ctx, subject, sc)
	if err != nil {
		return false, err
	}
	for _, settings := range planSettings {
		l.drop(plain)
		b := &sides{}
		if b.want, err = l.play(ctx, plain, sc, settings...); err != nil {
			return false, err
		}
		if b.got, err = l.play(ctx, through, sc); err != nil {
			return false, err
		}
		if err := l.compareTables(ctx, b); err != nil {
			return false, err
		}
		if at, _ := b.first(sc.ordered); at < 0 {
			f.verdict = unsettled
			return false, nil
		}
	}
	return true, nil
}

// depends says whether Wherewall answers otherwise, under every plan, when the rows that the subject does not see are not there at all, and how.
func (l *lane) depends(ctx context.Context, subject plan.Subject, sc *script, b *sides) (string, error) {
	if sc.writes { // it failed, and would have an effect where it does not
		undone := *sc
		undone.statements = slices.Concat(plainly([]string{"BEGIN"}), sc.statements)
		sc, b = &undone, &sides{got: slices.Concat([]*outcome{{tags: []string{"BEGIN"}, status: 'T'}}, b.got)}
		b.got[len(b.got)-1] = inTransaction(b.got[len(b.got)-1])
	}
	p, err := l.less(ctx, subject)
	if err != nil {
		return "", err
	}
	dsn, how := proxyDSN(p.addr, login(subject), p.database), ""
	for i, settings := range append([][]string{nil}, planSettings...) {
		without, err := l.playPlanned(ctx, p.database, dsn, sc, settings)
		if err != nil {
			return "", err
		}
		other := &sides{got: b.got, want: without}
		at, what := other.first(sc.ordered)
		if at < 0 || without[at].code == "57014" {
			return "", nil
		}
		if i == 0 {
			how = fmt.Sprintf("%s (%s)", what, without[at].describe())
		}
	}
	return how, nil
}

// playPlanned plays a script through Wherewall to a server that plans by other settings, which Wherewall lets no client choose.
func (l *lane) playPlanned(ctx context.Context, database, dsn string, sc *script, settings []string) (_ []*outcome, err error) {
	for _, set := range settings {
		if err := l.exec(ctx, database, "ALTER DATABASE "+database+" "+set); err != nil {
			return nil, err
		}
	}
	if len(settings) > 0 {
		l.drop(dsn)
		defer func() {
			l.drop(dsn)
			err = errors.Join(err, l.exec(ctx, database, "ALTER DATABASE "+database+" RESET ALL"))
		}()
	}
	return l.play(ctx, dsn, sc)
}

// inTransaction is an outcome as it would be inside a transaction.
func inTransaction(o *outcome) *outcome {
	inside := *o
	inside.status = 'T'
	if o.code != "" {
		inside.status = 'E'
	}
	return &inside
}

var quotedName = regexp.MustCompile(`"[^"]*"`)

// refusal is the reason for which Wherewall refuses a step, with its names taken out; empty where it does not.
func (l *lane) refusal(subject plan.Subject, sc *script, at int) string {
	world := l.read.through.world
	if sc.writes {
		world = l.writes.through.world
	}
	p, err := world.Planner.Build(subject)
	if err != nil {
		return "no plan"
	}
	t := world.Rewriter.Rewrite(sc.statements[at].sql, p)
	if t.Refused == nil {
		return ""
	}
	reason := t.Refused.Code + ": " + anonymous(t.Refused.Message)
	if t.Refused.SQLState == "0A000" && t.Cause != nil && !strings.Contains(t.Cause.Error(), t.Refused.Message) {
		reason += ": " + anonymous(t.Cause.Error()) // what only the operator is told
	}
	return reason
}

var (
	afterWord = regexp.MustCompile(`\b(function|table|column|of table|relation|name|operator|type|parameter) [\w".]+`)
	numbers   = regexp.MustCompile(`\d+`)
)

func anonymous(message string) string {
	message = quotedName.ReplaceAllString(message, "X")
	if strings.HasPrefix(message, "permission denied for function") || strings.HasPrefix(message, "function ") {
		return message
	}
	return numbers.ReplaceAllString(afterWord.ReplaceAllString(message, "$1 X"), "N")
}
