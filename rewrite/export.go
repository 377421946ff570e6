package rewrite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// ExportRLS writes a policy as native row-level security: an SQL script that makes PostgreSQL 15 to 18 enforce the same rows by itself,
// as a second wall behind the proxy. login is the service login, which gets rights on columns.
//
// The predicates are the model's, over roles and not over users, so the script does not change when people come and go. Who the
// user is says RowSecuritySettings.
func ExportRLS(s *catalog.Snapshot, login string) (string, error) {
	x := newExporter(s)
	tables, err := x.tables()
	if err != nil {
		return "", err
	}
	columns, err := x.columnRights(login)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(commented(rlsHeader(s)))
	b.WriteString("BEGIN;\nSET LOCAL search_path = pg_catalog, pg_temp;\n")
	b.WriteString(rlsHelpers)
	b.WriteString(x.functions.String())
	b.WriteString(tables)
	b.WriteString(columns)
	b.WriteString("\nCOMMIT;\n")
	return b.String(), nil
}

func rlsHeader(s *catalog.Snapshot) []string {
	return []string{
		"Row-level security made from the Wherewall policy " + s.Version,
		"for the database " + s.Schema.Database + ". Load it as a superuser, or as the owner of all tables and of the database.",
		"Loading it again replaces what an earlier one made.",
		"",
		"Who acts is in settings, which are set in each transaction, before anything else:",
		"",
		"    SET LOCAL wherewall.\"user\" = 'kim';                 -- quoted, since the word is PostgreSQL's",
		"    SET LOCAL wherewall.tenant = 'acme';                  -- not set: no tenant, and no row of any",
		"    SET LOCAL wherewall.tenants = '{acme}';               -- the tenant and all below it",
		"    SET LOCAL wherewall.roles = '{everyone,member}';      -- those that hold in the whole tenant, the base role included",
		"    SET LOCAL wherewall.groups = '{marketing}';",
		`    SET LOCAL wherewall.resources = '{"member": {"project": ["4", "7"]}}';   -- roles that hold for these keys alone`,
		"    SET LOCAL wherewall.attr.NAME = 'value';              -- attributes; an empty one counts as missing",
		"",
		"A client that may run SET or set_config() by itself can be whoever it likes: these settings are for a program in front of the",
		"database that lets nobody else set them. Without settings nobody sees anything, the proxy's service login included.",
		"",
		"Superusers, roles with BYPASSRLS and the owners of tables are not filtered.",
	}
}

// commented writes lines as comments. What comes from the policy cannot end one early.
func commented(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		line = strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, line)
		b.WriteString(strings.TrimRight("-- "+line, " ") + "\n")
	}
	return b.String()
}

// exporter makes predicates of a snapshot's roles, and the functions that they call.
type exporter struct {
	snapshot  *catalog.Snapshot
	rewriter  *Rewriter
	slots     map[string]string // what fills a slot of ours, as SQL
	functions strings.Builder   // definitions, in the order in which they were needed
	known     map[string]string // a function's name by its parameters and body
	uses      uses
	resources []string // the entities whose keys resource sets list
	roles     []exportedRole
}

func newExporter(s *catalog.Snapshot) *exporter {
	g := New(s)
	// The script's search path has pg_catalog alone.
	g.shadowed = map[string]bool{}
	x := &exporter{snapshot: s, rewriter: g, slots: map[string]string{}, known: map[string]string{}, uses: uses{}}
	x.resources = resourceEntities(s)
	x.roles = exportedRoles(s)
	return x
}

// mapped are the relations that the policy filters, with partitions and children, by name: PostgreSQL does not apply a parent's
// policies to a partition that is named directly.
func (x *exporter) mapped() []*catalog.Relation {
	var all []*catalog.Relation
	for name, r := range x.snapshot.Schema.Relations {
		if x.snapshot.EntityOf(name) != nil {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *catalog.Relation) int { return byRelationName(a.RelationName, b.RelationName) })
	return all
}

// tables writes the policies of every relation.
func (x *exporter) tables() (string, error) {
	var b strings.Builder
	for _, r := range x.mapped() {
		text, err := x.table(r, x.snapshot.EntityOf(r.RelationName))
		if err != nil {
			return "", fmt.Errorf("exporting %s.%s: %w", r.Schema, r.Name, err)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// table writes what is about one relation. The predicates of a view are made all the same, for the columns that they use.
func (x *exporter) table(r *catalog.Relation, e *catalog.Entity) (string, error) {
	name, err := relationText(r.Schema, r.Name)
	if err != nil {
		return "", err
	}
	var policies strings.Builder
	if err := x.policies(&policies, name, r, e); err != nil {
		return "", err
	}
	title := "\n" + commented([]string{"Entity " + e.Name + ": " + r.Schema + "." + r.Name})
	if r.Kind != 'r' && r.Kind != 'p' {
		return title + commented([]string{"is a view, and views cannot have policies: only the proxy filters it. Grant it to nobody else."}), nil
	}
	return title + fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\nCALL wherewall.only_ours(%s);\n", name, quoted(name)) + policies.String(), nil
}

func (x *exporter) policies(b *strings.Builder, name string, r *catalog.Relation, e *catalog.Entity) error {
	if e.Always != nil && !reachesRows(e.Always) {
		always, err := x.passing(r, append(x.presence(e.Always), e.Always))
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "CREATE POLICY wherewall_always ON %s AS RESTRICTIVE FOR ALL TO PUBLIC\n    USING (%s)\n    WITH CHECK (%s);\n", name, always, always)
	}
	read, err := x.predicate(r, e, catalog.Read, oldRow)
	if err != nil {
		return err
	}
	writePolicy(b, name, "SELECT", read, "")
	created, err := x.predicate(r, e, catalog.Create, newRow)
	if err != nil {
		return err
	}
	writePolicy(b, name, "INSERT", "", created)
	old, err := x.predicate(r, e, catalog.Update, oldRow)
	if err != nil {
		return err
	}
	fresh, err := x.predicate(r, e, catalog.Update, newRow)
	if err != nil {
		return err
	}
	writePolicy(b, name, "UPDATE", alsoReadable(old, read), fresh)
	deleted, err := x.predicate(r, e, catalog.Delete, oldRow)
	if err != nil {
		return err
	}
	writePolicy(b, name, "DELETE", alsoReadable(deleted, read), "")
	return nil
}

// alsoReadable adds that a row must be readable to be changed. PostgreSQL asks for it only where the statement looks at the
// row's columns, and the model always.
func alsoReadable(change, read string) string {
	if change == "" || read == "" {
		return ""
	}
	if change == read {
		return change
	}
	return "(" + read + ")\n    AND (" + change + ")"
}

// writePolicy writes one command's policy. Without a predicate there is none, and then the command reaches no row.
func writePolicy(b *strings.Builder, table, command, using, check string) {
	if using == "" && check == "" || command == "UPDATE" && (using == "" || check == "") {
		return
	}
	fmt.Fprintf(b, "CREATE POLICY wherewall_%s ON %s FOR %s TO PUBLIC", strings.ToLower(command), table, command)
	if using != "" {
		b.WriteString("\n    USING (" + using + ")")
	}
	if check != "" {
		b.WriteString("\n    WITH CHECK (" + check + ")")
	}
	b.WriteString(";\n")
}

// reachesRows says whether a condition looks at other rows than the one at hand.
func reachesRows(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(part expr.Expr) {
		switch part := part.(type) {
		case expr.Column:
			found = found || len(part.Path) > 0
		case expr.Exists, expr.SQL:
			found = true
		default:
		}
	})
	return found
}
