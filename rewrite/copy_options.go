package rewrite

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// copyOptions checks the options of a COPY and writes those that may be written in two ways in one.
func (w *walker) copyOptions(options []*pg.Node) error {
	for _, n := range options {
		o := n.GetDefElem()
		if o == nil {
			return w.refuseNode(n)
		}
		if err := w.copyOption(o); err != nil {
			return err
		}
		if !copyOptionIs(o) {
			return w.refuseNode(n)
		}
	}
	return nil
}

func (w *walker) copyOption(o *pg.DefElem) error {
	defer w.moveTo(o.Location)()
	value := o.Arg.GetString_()
	switch o.Defname {
	case "format":
		if f := value.GetSval(); value != nil && f != "text" && f != "csv" && f != "binary" {
			return w.deny(StatementDenied, stateInvalidParameter, "COPY format %q not recognized", f)
		}
	case "delimiter", "null", "quote", "escape":
	case "encoding":
		if value != nil && !isUTF8(value.Sval) {
			return w.deny(StatementDenied, stateFeatureNotSupported, "COPY encoding %q is not supported", value.Sval).hint("The encoding is UTF8.")
		}
	case "header":
		o.Arg = header(o.Arg)
		if !copyOptionIs(o) {
			return w.deny(StatementDenied, stateSyntaxError, "header requires a Boolean value or \"match\"")
		}
		return nil
	case "force_quote":
		if !copyOptionIs(o) {
			return w.deny(StatementDenied, stateInvalidParameter, "argument to option %q must be a list of column names", o.Defname)
		}
		return nil
	default:
		return w.deny(StatementDenied, stateSyntaxError, "option %q not recognized", o.Defname).
			hint("What COPY may be told is format, header, delimiter, null, quote, escape, force_quote and encoding.")
	}
	if value == nil {
		return w.deny(StatementDenied, stateSyntaxError, "%s requires a parameter", o.Defname)
	}
	return nil
}

// header is the value of HEADER in one spelling. True is left out: the deparser has several ways to print it, which are read back as other values.
func header(value *pg.Node) *pg.Node {
	word := strings.ToLower(value.GetString_().GetSval())
	if b := value.GetBoolean(); b != nil {
		word = strconv.FormatBool(b.Boolval)
	} else if i := value.GetInteger(); i != nil && (i.Ival == 0 || i.Ival == 1) {
		word = strconv.FormatBool(i.Ival == 1)
	}
	switch word {
	case "":
		return value
	case "true", "on":
		return nil
	default:
		return text(word)
	}
}

// copyOptionIs says whether an option is one of those that are harmless, with a value that the deparser can write.
func copyOptionIs(o *pg.DefElem) bool {
	if o.Defnamespace != "" || o.Defaction != pg.DefElemAction_DEFELEM_UNSPEC {
		return false
	}
	value := o.Arg.GetString_()
	switch o.Defname {
	case "format":
		return value != nil && (value.Sval == "text" || value.Sval == "csv" || value.Sval == "binary")
	case "delimiter", "null", "quote", "escape":
		return value != nil
	case "encoding":
		return value != nil && isUTF8(value.Sval)
	case "header":
		return o.Arg == nil || value != nil && (value.Sval == "false" || value.Sval == "off" || value.Sval == "match")
	case "force_quote":
		return o.Arg.GetAStar() != nil || o.Arg.GetList() != nil && allStrings(o.Arg.GetList().Items)
	default:
		return false
	}
}

func isUTF8(name string) bool {
	return strings.EqualFold(name, "utf8") || strings.EqualFold(name, "utf-8")
}

func allStrings(list []*pg.Node) bool {
	for _, n := range list {
		if n.GetString_() == nil {
			return false
		}
	}
	return len(list) > 0
}
