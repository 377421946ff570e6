package main

// fault is a mistake that somebody could make, in a few words and a few edits.
type fault struct {
	name  string
	edits []edit
}

// edit replaces a text that the file holds exactly once.
type edit struct{ file, old, new string }

func one(name, file, old, new string) fault { return fault{name, []edit{{file, old, new}}} }

// faults are all that are tried.
func faults() []fault {
	all := append(boundaryFaults(), grantFaults()...)
	return append(append(all, writeFaults()...), columnFaults()...)
}

// boundaryFaults are about whose rows are in reach.
func boundaryFaults() []fault {
	return []fault{
		one("no boundary", "plan/boundary.go", "\treturn boundary, \"\"\n", "\treturn nil, \"\"\n"),
		one("the boundary of rows that a condition looks at is ignored", "plan/boundary.go",
			"b.boundary(target, r, true); boundary != nil {", "b.boundary(target, r, true); boundary != nil && false {"),
		one("the scope tree reaches every tenant", "plan/subject.go", "texts(s.Tenants[subject.Tenant].Tree)", "texts(sortedKeys(s.Tenants))"),
		one("the scope tenant reaches those below", "plan/boundary.go", "\tif r == reachTree {\n", "\tif r != reachAll {\n"),
		one("shared rows are writable by all", "plan/allow.go", "o.Action != catalog.Delete || c.role.Platform", "o.Action != catalog.Delete || c.role != nil"),
		one("rows of no tenant are readable everywhere", "plan/boundary.go", "\tif shared && e.SharedNull {\n", "\tif shared {\n"),
		one("a platform grant lifts the boundary of the others", "plan/union.go", "\twhy = marks{}\n",
			"\twhy = marks{}\n\tfor _, d := range disjuncts {\n\t\tif d.boundary == nil {\n\t\t\tfor i := range disjuncts {\n\t\t\t\tdisjuncts[i].boundary = nil\n\t\t\t}\n\t\t}\n\t}\n"),
		one("always: is ignored", "plan/allow.go", "\tmade.Always = b.restrictWithin(entity.Always, r, []string{entity.Name})\n", ""),
		one("always: of rows that a condition looks at is ignored", "plan/boundary.go",
			"!slices.Contains(within, target.Name) {", "!slices.Contains(within, target.Name) && false {"),
		one("an inactive tenant is accepted", "plan/resolve.go", "\tif !s.Tenants[subject.Tenant].Active {\n", "\tif false {\n"),
		one("a membership that has ended is accepted", "plan/resolve.go", "tenant != \"\" && !holdsOn(", "false && !holdsOn("),
	}
}

// grantFaults are about what grants give and who holds them.
func grantFaults() []fault {
	return []fault{
		one("the scope own is ignored", "plan/allow.go", "\treturn equals(column, meID), \"\"\n", "\t_ = column\n\treturn expr.Bool(true), \"\"\n"),
		one("another named owner is taken", "plan/allow.go", "\t\towner = e.Owners[g.Owner]\n",
			"\t\tfor name := range e.Owners {\n\t\t\tif owner == nil || name != g.Owner {\n\t\t\t\towner = e.Owners[name]\n\t\t\t}\n\t\t}\n"),
		one("grants are joined by AND", "plan/union.go", "\t\treturn expr.Or{Terms: flat}\n", "\t\treturn expr.And{Terms: flat}\n"),
		one("what grants share is put before an OR without brackets", "plan/union.go", "\t\t\te = all([]expr.Expr{prefix, inner})\n",
			"\t\t\te = all([]expr.Expr{prefix, inner})\n\t\t\tif or, ok := inner.(expr.Or); ok {\n"+
				"\t\t\t\te = either(append([]expr.Expr{all([]expr.Expr{prefix, or.Terms[0]})}, or.Terms[1:]...))\n\t\t\t}\n"),
		one("where: is ignored", "plan/allow.go", "\tif w, ok := g.Where[entity]; ok {\n", "\tif w, ok := g.Where[entity]; ok && false {\n"),
		one("NOT of what the user decides is forgotten", "plan/fold.go", "\t\t\treturn !v\n", "\t\t\treturn v\n"),
		{"a missing attribute is taken for an empty one", []edit{
			{"plan/answers.go", "\tcase !has:\n\t\treturn fmt.Sprintf(\"the user has no attribute %s\", me.Name)\n", "\tcase !has:\n\t\treturn \"\"\n"},
			{"plan/build.go", "\t\tif v, has := me[name]; has {\n\t\t\tvalues[name] = v.Text\n\t\t}\n", "\t\tvalues[name] = me[name].Text\n"},
		}},
		one("subjects share rules whose lists are empty for some", "plan/answers.go", "a.ask(question{kind: isEmptyList", "a.answer(question{kind: isEmptyList"),
		one("subjects share rules whose conditions differ for them", "plan/answers.go", "a.ask(question{kind: truthOfTerm", "a.answer(question{kind: truthOfTerm"),
		one("an empty list matches everything", "plan/fold.go", "b.subject.emptyList(me) {\n\t\t\treturn expr.Bool(false)", "b.subject.emptyList(me) {\n\t\t\treturn expr.Bool(true)"),
		one("a group's resource set is ignored", "plan/groups.go", "\tif g == nil || !g.limited {\n", "\tif g == nil || g != nil {\n"),
		one("an entity beside a group's resources is open", "plan/groups.go", "\treturn either(terms), len(terms) > 0\n",
			"\tif len(terms) == 0 {\n\t\treturn expr.Bool(true), true\n\t}\n\treturn either(terms), true\n"),
		one("groups of other tenants count", "plan/groups.go", "g.Tenant == subject.Tenant && ", ""),
		one("a tenant's own role adds to the one that it replaces", "plan/roles.go", "\t\tif own.Replaces != name {\n", "\t\tif own != nil {\n"),
	}
}

// writeFaults are about rows that are made, changed and removed.
func writeFaults() []fault {
	return []fault{
		{"update without read", []edit{
			{"rewrite/writable.go", "conditionOf(read, update), updatedRow(read, update)", "conditionOf(update), newRowCondition(update)"},
		}},
		{"delete without read", []edit{
			{"rewrite/update.go", "conditionOf(read, remove)", "conditionOf(plan.Rule{Kind: max(read.Kind, plan.FullAccess)}, remove)"},
			{"rewrite/prove.go", "updateTerms(v.plan.Rule(entity.Name, catalog.Read), ", "updateTerms(plan.Rule{Kind: plan.FullAccess}, "},
		}},
		one("rows are locked without the right to update", "rewrite/from.go", "\tif !locked {\n", "\tif true {\n"),
		one("new rows are not checked, by the rewriter", "rewrite/check.go", "\t\treturn r.Check\n", "\t\treturn expr.Bool(true)\n"),
		one("new rows are not checked, by the plan", "plan/rule.go", "\t\tfull, some = full && isTrue(r.Check), some && writable\n",
			"\t\tfull, some = full && isTrue(r.Check), some && writable\n\t\tr.Check = all(nil)\n"),
		one("check: is ignored", "plan/allow.go", "\tif of == newRows {\n", "\tif of == newRows && false {\n"),
		one("set: is ignored when rows are made", "plan/columns.go", "\t\tr.Presets = b.presets(o, a.new)\n", ""),
		one("set: is ignored when rows are changed", "plan/columns.go", "\t\tr.Presets = b.presets(o, a.old)\n", ""),
	}
}

// columnFaults are about columns and masks.
func columnFaults() []fault {
	return []fault{
		{"columns that may not be written are", []edit{
			{"rewrite/writable.go", "\tif writable == nil {\n", "\tif writable == nil || writable != nil {\n"},
			{"rewrite/writable.go", "r.Writable == nil || open {", "r.Writable == nil || open || !open {"},
			{"rewrite/prove_write.go", "create.Writable != nil && len(n.Cols) == 0 &&", "false &&"},
		}},
		one("a column is writable in all rows where some grant opens it", "plan/columns.go", "\t\t\tcolumns[c.Name] = within(some, ds)\n", "\t\t\tcolumns[c.Name] = expr.Bool(true)\n"),
		one("a column is shown in all rows where some grant opens it", "plan/columns.go", "\t\t\tshown.Raw = within(some, ds)\n", "\t\t\tshown.Raw = expr.Bool(true)\n"),
		one("a masked column counts as given", "plan/columns.go", "; masked {\n\t\treturn false\n", "; masked {\n\t\treturn true\n"),
		one("a mask stands before the value that another grant gives", "plan/columns.go", "\t\tif !isTrue(shown.Raw) {\n",
			"\t\tif m := b.masks(c.Name, ds); len(m) > 0 {\n\t\t\tshown.Raw = nil\n\t\t}\n\t\tif !isTrue(shown.Raw) {\n"),
		one("masked columns are filtered and shown as the table has them", "rewrite/from.go",
			"(lv.keep || lv.plain && (!lv.padded || hasKey(relation))) && s != nil && shown == nil {", "s != nil && guard != nil {"),
		{"a condition on a column that was added since does not wait", []edit{
			{"rewrite/fence.go", "stranger := reads.stranger(items)", "stranger := false"},
			{"rewrite/prove_fence_level.go", "unknown := reads.unknown(items)", "unknown := false"},
		}},
	}
}
