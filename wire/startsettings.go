package wire

import (
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// settable judges a setting of the startup packet as SET would be, so that there is one rule for both doors. Those that are pinned
// have been judged when they were read; SET refuses some of them in any case.
func (w *World) settable(p *plan.Plan, name, value string) bool {
	switch name {
	case "client_encoding", "standard_conforming_strings", "search_path":
		return true
	}
	sql := append([]byte("SET "+name+" TO "), sqltree.QuoteLiteral(nil, value)...)
	return w.Rewriter.Rewrite(string(sql), p).Refused == nil
}
