package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// loadOptions checks the options of a COPY from the client. What they mean, and whether they fit each other, is PostgreSQL's to say.
func (w *walker) loadOptions(l *load) error {
	for _, n := range l.statement.Options {
		o := n.GetDefElem()
		if o == nil {
			return w.refuseNode(n)
		}
		if err := w.loadOption(l, o); err != nil {
			return err
		}
		if !loadOptionIs(o) {
			return w.deny(StatementDenied, stateFeatureNotSupported, "this value of option %q is not allowed here", o.Defname)
		}
	}
	return nil
}

func (w *walker) loadOption(l *load, o *pg.DefElem) error {
	defer w.moveTo(o.Location)()
	switch o.Defname {
	case "freeze":
		return w.deny(StatementDenied, stateFeatureNotSupported, "COPY FREEZE is not allowed").
			hint("Rows are loaded as others see them: when the transaction commits.")
	case "force_null", "force_not_null":
		for _, name := range strs(o.Arg.GetList().GetItems()) {
			if l.relation != nil && !slices.Contains(l.columns, name) {
				return deny(StatementDenied, stateInvalidColumn, sqltree.Unlocated, "%s column %q not referenced by COPY", strings.ToUpper(o.Defname), name)
			}
		}
	case "default", "on_error", "log_verbosity":
		if o.Arg.GetString_() == nil {
			return w.deny(StatementDenied, stateSyntaxError, "%s requires a parameter", o.Defname)
		}
	case "reject_limit":
	case "force_quote":
		return deny(StatementDenied, stateFeatureNotSupported, sqltree.Unlocated, "COPY FORCE_QUOTE cannot be used with COPY FROM")
	case "format", "delimiter", "null", "quote", "escape", "encoding", "header":
		return w.copyOption(o)
	default:
		return w.deny(StatementDenied, stateSyntaxError, "option %q not recognized", o.Defname).
			hint("What COPY FROM may be told is format, header, delimiter, null, default, quote, escape, force_null, force_not_null, on_error, " +
				"reject_limit, log_verbosity and encoding.")
	}
	return nil
}

// loadOptionIs says whether an option of a COPY from the client is one of those that are harmless, with a value that the deparser can write.
func loadOptionIs(o *pg.DefElem) bool {
	if o.Defnamespace != "" || o.Defaction != pg.DefElemAction_DEFELEM_UNSPEC {
		return false
	}
	switch o.Defname {
	case "format", "delimiter", "null", "quote", "escape", "encoding", "header":
		return copyOptionIs(o)
	case "default":
		return o.Arg.GetString_() != nil
	case "on_error":
		return isWord(o.Arg, "stop", "ignore")
	case "log_verbosity":
		return isWord(o.Arg, "default", "verbose", "silent")
	case "reject_limit":
		return o.Arg.GetInteger() != nil
	case "force_null", "force_not_null":
		return o.Arg.GetAStar() != nil || o.Arg.GetList() != nil && allStrings(o.Arg.GetList().Items)
	default:
		return false
	}
}

func isWord(n *pg.Node, words ...string) bool {
	return n.GetString_() != nil && slices.Contains(words, strings.ToLower(n.GetString_().Sval))
}

// loadOf is what the reply loop must know of the rows that are loaded through a table of ours.
func loadOf(l *load) *Load {
	of := &Load{Table: l.relation.Name, Lines: true}
	for _, n := range l.statement.Options {
		switch o := n.GetDefElem(); o.Defname {
		case "format":
			of.Lines = of.Lines && o.Arg.GetString_().GetSval() != "csv"
		case "header":
			if o.Arg == nil || isWord(o.Arg, "match") {
				of.Before = 1
			}
		case "on_error":
			of.Skips = isWord(o.Arg, "ignore")
		}
	}
	return of
}
