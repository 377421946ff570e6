package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// What a role may do is asked of PostgreSQL by has_table_privilege and its like. It would answer for the service login, so that the plan answers:
// for what the subject sees, and with NULL for everything else, as PostgreSQL does for an OID that is not there.

// rightsHelpers answer has_table_privilege and its like. The first form is about the session's user, the second about a role that is named: the
// answer is NULL for any role but the session's user.
func rightsHelpers() map[string]helper {
	all := map[string]helper{}
	add := func(name, form string, answer func(answering) *pg.Node) {
		all[name] = helper{[]string{form, "text " + form}, func(a answering) *pg.Node {
			if len(a.args) == len(strings.Fields(form)) {
				return answer(a)
			}
			role := a.args[0]
			a.args, a.given = a.args[1:], a.given[1:]
			answered := answer(a)
			if answered == nil {
				return nil
			}
			return caseWhen(isUser(role), answered, nil)
		}, ""}
	}
	add("has_table_privilege", "text text", tableRight)
	add("has_any_column_privilege", "text text", tableRight)
	add("has_column_privilege", "text text text", columnRight)
	add("has_schema_privilege", "text text", rightByName("regnamespace", "USAGE"))
	add("has_type_privilege", "text text", rightByName("regtype", "USAGE"))
	add("has_sequence_privilege", "text text", sequenceRight)
	add("has_function_privilege", "text text", rightByName("regprocedure", "EXECUTE"))
	add("has_database_privilege", "text text", databaseRight)
	add("has_language_privilege", "text text", noRight)
	add("has_tablespace_privilege", "text text", noRight)
	add("has_foreign_data_wrapper_privilege", "text text", noRight)
	add("has_server_privilege", "text text", noRight)
	add("pg_has_role", "text text", func(a answering) *pg.Node { return isUser(a.args[0]) })
	all["pg_relation_is_updatable"] = helper{[]string{"text bool"}, changesOfRelation, ""}
	all["pg_column_is_updatable"] = helper{[]string{"text int2 bool"}, changesOfColumn, ""}
	return all
}

// isUser says whether a role is the session's user, by name or OID.
func isUser(role *pg.Node) *pg.Node {
	owner := cast(literal(virtualRole), builtinType("text"))
	return or(operation("=", role, cast(slot(userSlot), builtinType("text"))), operation("=", copyOf(role), owner))
}

// privileges are the words of a constant list of privileges; false where it is none.
func privileges(n *pg.Node, known ...string) ([]string, bool) {
	c := n.GetTypeCast().GetArg().GetAConst().GetSval()
	if inner := n.GetTypeCast().GetArg().GetTypeCast(); inner != nil {
		c = inner.Arg.GetAConst().GetSval()
	}
	if c == nil {
		return nil, false
	}
	var words []string
	for word := range strings.SplitSeq(c.Sval, ",") {
		word = strings.ToUpper(strings.TrimSpace(word))
		plain, grantable := strings.CutSuffix(word, " WITH GRANT OPTION")
		switch {
		case !slices.Contains(known, plain):
			return nil, false
		case !grantable: // which nobody has
			words = append(words, plain)
		}
	}
	return words, true
}

func tablePrivileges() []string {
	return []string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"}
}

// actionOf is the action that a privilege allows; false for those that nobody has.
func actionOf(privilege string) (catalog.Action, bool) {
	switch privilege {
	case "SELECT":
		return catalog.Read, true
	case "INSERT":
		return catalog.Create, true
	case "UPDATE":
		return catalog.Update, true
	case "DELETE":
		return catalog.Delete, true
	default:
		return "", false
	}
}

// allowedOIDs are the relations on which the plan gives one of some privileges.
func (a answering) allowedOIDs(words []string) []uint32 {
	var oids []uint32
	for _, e := range a.rewriter.snapshot.Entities {
		for _, word := range words {
			if action, ok := actionOf(word); ok && a.plan.Rule(e.Name, action).Kind != plan.NoAccess {
				oids = append(oids, e.Relation.OID)
			}
		}
	}
	slices.Sort(oids)
	return slices.Compact(oids)
}

// tableRight answers for a relation. PostgreSQL's own may be read.
func tableRight(a answering) *pg.Node {
	words, ok := privileges(a.given[1], tablePrivileges()...)
	if !ok {
		return nil
	}
	has := among(objectAlias, "oid", "oid", oidArray(a.allowedOIDs(words)))
	if slices.Contains(words, "SELECT") {
		has = or(own(objectAlias, "oid"), has)
	}
	return a.forName("regclass", has)
}

// forName answers for an object that the subject sees.
func (a answering) forName(typ string, answer *pg.Node) *pg.Node {
	found := a.keyed(typ, nameAsOID, a.args[0])
	if found == nil {
		return nil
	}
	return a.lookup(catalogOfName(typ), answer, operation("=", column(objectAlias, "oid"), found))
}

// rightByName answers with yes for one privilege on whatever is seen.
func rightByName(typ, privilege string) func(answering) *pg.Node {
	return func(a answering) *pg.Node {
		words, ok := privileges(a.given[1], "USAGE", "CREATE", "SELECT", "UPDATE", "EXECUTE")
		if !ok {
			return nil
		}
		return a.forName(typ, boolean(slices.Contains(words, privilege)))
	}
}

// sequenceRight answers for a sequence: whoever may take numbers from it may use it.
func sequenceRight(a answering) *pg.Node {
	words, ok := privileges(a.given[1], "USAGE", "SELECT", "UPDATE")
	if !ok {
		return nil
	}
	var used []uint32
	for name := range a.rewriter.openSequences(a.plan) {
		if r := a.rewriter.snapshot.Schema.Relations[name]; r != nil && slices.Contains(words, "USAGE") {
			used = append(used, r.OID)
		}
	}
	slices.Sort(used)
	has := among(objectAlias, "oid", "oid", oidArray(used))
	if slices.Contains(words, "SELECT") {
		has = boolean(true)
	}
	return a.forName("regclass", has)
}

// databaseRight answers for the database of the session.
func databaseRight(a answering) *pg.Node {
	words, ok := privileges(a.given[1], "CREATE", "CONNECT", "TEMPORARY", "TEMP")
	if !ok {
		return nil
	}
	current := call("current_database")
	named := operation("=", a.args[0], cast(current, builtinType("text")))
	return caseWhen(named, boolean(slices.Contains(words, "CONNECT")), nil)
}

func noRight(a answering) *pg.Node { return caseWhen(not(isNull(a.args[0])), boolean(false), nil) }

// columnRight answers for a column, by its name or number.
func columnRight(a answering) *pg.Node {
	words, ok := privileges(a.given[2], "SELECT", "INSERT", "UPDATE", "REFERENCES")
	relation := a.keyed("regclass", nameAsOID, a.args[0])
	if !ok || relation == nil {
		return nil
	}
	has := []*pg.Node{}
	if slices.Contains(words, "SELECT") {
		has = append(has, own(objectAlias, "attrelid"))
	}
	for _, word := range words {
		if action, ok := actionOf(word); ok {
			has = append(has, a.columnsFor(action)...)
		}
	}
	answer := boolean(false)
	if len(has) > 0 {
		answer = or(has...)
	}
	name := cast(column(objectAlias, "attname"), builtinType("text"))
	number := cast(column(objectAlias, "attnum"), builtinType("text"))
	return a.lookup("pg_attribute", answer, and(
		operation("=", column(objectAlias, "attrelid"), relation),
		or(operation("=", name, a.args[1]), operation("=", number, copyOf(a.args[1]))),
	))
}

// columnsFor are the conditions under which the plan opens a column to an action.
func (a answering) columnsFor(action catalog.Action) []*pg.Node {
	whole, partly := []uint32{}, map[*catalog.Relation][]string{}
	for _, e := range a.rewriter.snapshot.Entities {
		rule := a.plan.Rule(e.Name, action)
		switch {
		case rule.Kind == plan.NoAccess:
		case action == catalog.Read && rule.Columns != nil:
			for name := range rule.Columns {
				partly[e.Relation] = append(partly[e.Relation], name)
			}
		case action != catalog.Read && rule.Writable != nil:
			for name := range rule.Writable {
				partly[e.Relation] = append(partly[e.Relation], name)
			}
		default:
			whole = append(whole, e.Relation.OID)
		}
	}
	slices.Sort(whole)
	rows := []*pg.Node{among(objectAlias, "attrelid", "oid", oidArray(whole))}
	for _, r := range sortedRelations(partly) {
		slices.Sort(partly[r])
		rows = append(rows, and(
			among(objectAlias, "attrelid", "oid", oidArray([]uint32{r.OID})), among(objectAlias, "attname", "name", nameArray(partly[r])),
		))
	}
	return rows
}

// changesOfRelation adds up the numbers that PostgreSQL has for the kinds of change that a relation takes.
func changesOfRelation(a answering) *pg.Node {
	var sum *pg.Node
	for _, kind := range []struct {
		privilege string
		number    int32
	}{{"UPDATE", 4}, {"INSERT", 8}, {"DELETE", 16}} {
		has := among(objectAlias, "oid", "oid", oidArray(a.allowedOIDs([]string{kind.privilege})))
		term := caseWhen(has, integer(kind.number), integer(0))
		if sum != nil {
			term = operation("+", sum, term)
		}
		sum = term
	}
	return a.forName("regclass", sum)
}

// changesOfColumn says whether a column may be set in rows that are there, as PostgreSQL asks, and deleted with them.
func changesOfColumn(a answering) *pg.Node {
	relation := a.keyed("regclass", nameAsOID, a.args[0])
	if relation == nil {
		return nil
	}
	return a.lookup("pg_attribute", or(a.columnsFor(catalog.Update)...), and(
		operation("=", column(objectAlias, "attrelid"), relation), operation("=", column(objectAlias, "attnum"), a.args[1]),
	))
}
