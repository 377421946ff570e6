package wire

import (
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// rewritten is what may be sent for a text. Without a policy it is ROLLBACK alone, which tells nothing, changes nothing, and lets
// go of the locks of a transaction that nobody can go on with.
func (q *requests) rewritten(v *view, sql string, declared []uint32) statement {
	if v.world != nil {
		t := v.world.Rewriter.Remembered(sql, v.plan, declared...)
		if t == nil {
			q.strand.Leave()
			t = v.world.Rewriter.Rewrite(sql, v.plan, declared...)
		}
		s := statement{template: t, values: v.values}
		if v.barred != nil && !leadsBack(s) {
			return v.refusal(v.barred)
		}
		return s
	}
	q.strand.Leave()
	if !saysRollback(sql) {
		return v.refusal(unavailable())
	}
	nothing := &catalog.Snapshot{Schema: &catalog.Schema{}}
	p := &plan.Plan{Snapshot: nothing}
	return statement{template: rewrite.New(nothing).Rewrite("ROLLBACK", p), values: rewrite.NewValues(p, q.mark)}
}

func saysRollback(sql string) bool {
	return strings.EqualFold(strings.Trim(sql, "; \t\r\n"), "rollback")
}
