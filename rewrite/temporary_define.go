package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// Statements that define temporary tables. What a definition may hold is decided field by field; a test fails on a field that the parser may come
// to have and that nobody has decided about.

// temporaryDenied refuses a definition that is not of a temporary table.
func (w *walker) temporaryDenied(command, instead string) error {
	return w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied: %s is not allowed", command).hint("%s", instead)
}

// named writes the name of a temporary table in a definition.
func (w *walker) named(rv *pg.RangeVar, command, instead string) error {
	explicit := rv.GetRelpersistence() == "t" || rv.GetSchemaname() == temporarySchema
	switch {
	case rv == nil || !explicit:
		return w.temporaryDenied(command, instead)
	case !mayMakeTemporary(w.plan):
		return w.temporaryDenied(command, "Temporary tables take the policy's `allow: [temp_tables]`.")
	case w.rewriter.snapshot.Schema.TemporaryFirst:
		return w.temporaryDenied(command, "A function of this database would find temporary tables in the place of its own: its search_path has to end in pg_temp.")
	case !temporaryName(rv.Relname):
		return deny(StatementDenied, stateReservedName, rv.Location, "names beginning with \"pg_\" or %q are reserved", reservedPrefix)
	case w.rewriter.shadowsType(rv.Relname):
		return deny(StatementDenied, stateReservedName, rv.Location, "names of PostgreSQL's own types are reserved, as %q is", rv.Relname)
	case w.rewriter.shadowsMapped(w.plan, rv.Relname):
		return deny(StatementDenied, stateDuplicateTable, rv.Location, "relation %q already exists", rv.Relname).
			hint("A temporary table may not have the name of a table that you can see.")
	case !w.isTemporary(rv):
		return w.temporaryDenied(command, instead)
	}
	rv.Schemaname = temporarySchema
	return nil
}

// createTable makes a temporary table of plain columns and constraints.
func (w *walker) createTable(s *pg.CreateStmt) error {
	if err := w.named(s.Relation, "CREATE TABLE", insteadOfTable); err != nil {
		return err
	}
	if err := w.expandLike(s); err != nil {
		return err
	}
	if !plainDefinition(s) {
		return w.deny(StatementDenied, stateFeatureNotSupported, "this form of CREATE TABLE is not allowed for temporary tables").
			hint("Columns, defaults, LIKE, and NOT NULL, CHECK, UNIQUE and PRIMARY KEY constraints are.")
	}
	for _, n := range s.TableElts {
		if c := n.GetColumnDef(); c != nil {
			if err := w.columnDefinition(c); err != nil {
				return err
			}
			continue
		}
		if err := w.visitNode(n.GetConstraint().GetRawExpr()); err != nil {
			return err
		}
	}
	return nil
}

// columnDefinition visits what the definition of a column holds of the client's.
func (w *walker) columnDefinition(c *pg.ColumnDef) error {
	if err := w.ownName(c.Colname); err != nil {
		return err
	}
	if err := w.definedType(c); err != nil {
		return err
	}
	for _, k := range c.Constraints {
		if err := w.visitNode(k.GetConstraint().GetRawExpr()); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) definedType(c *pg.ColumnDef) error {
	if !isSerial(c.TypeName) {
		if err := w.typeName(c.TypeName); err != nil {
			return err
		}
	}
	if c.CollClause == nil {
		return nil
	}
	return w.visit(c.CollClause)
}

// plainDefinition says whether CREATE TABLE has nothing but columns and constraints of the kinds that concern the table alone.
func plainDefinition(s *pg.CreateStmt) bool {
	if len(s.InhRelations)+len(s.Constraints)+len(s.Options) > 0 || s.Partbound != nil || s.Partspec != nil || s.OfTypename != nil || s.Tablespacename != "" || s.AccessMethod != "" {
		return false
	}
	for _, n := range s.TableElts {
		c, like := n.GetColumnDef(), n.GetTableLikeClause()
		switch {
		case c != nil && !plainColumn(c):
			return false
		case like != nil && (like.Relation.GetSchemaname() != temporarySchema || like.Relation.GetCatalogname() != "" || !temporaryName(like.Relation.GetRelname())):
			return false
		case c == nil && like == nil && !plainConstraint(n.GetConstraint()):
			return false
		}
	}
	return true
}

// plainColumn says whether a column has nothing but a type, a collation and plain constraints.
func plainColumn(c *pg.ColumnDef) bool {
	if c.RawDefault != nil || c.CookedDefault != nil || c.IdentitySequence != nil || len(c.Fdwoptions) > 0 || c.Compression != "" || c.StorageName != "" || c.TypeName == nil {
		return false
	}
	for _, k := range c.GetConstraints() {
		if !plainConstraint(k.GetConstraint()) {
			return false
		}
	}
	return true
}

// plainConstraint lists the constraints that look at no other table.
func plainConstraint(c *pg.Constraint) bool {
	if c == nil || strings.HasPrefix(c.Conname, reservedPrefix) || c.Pktable != nil || len(c.Options)+len(c.Exclusions)+len(c.Including) > 0 || c.Indexname != "" || c.Indexspace != "" || c.AccessMethod != "" ||
		c.WhereClause != nil || c.CookedExpr != "" {
		return false
	}
	switch c.Contype {
	case pg.ConstrType_CONSTR_NULL, pg.ConstrType_CONSTR_NOTNULL, pg.ConstrType_CONSTR_DEFAULT, pg.ConstrType_CONSTR_CHECK, pg.ConstrType_CONSTR_PRIMARY,
		pg.ConstrType_CONSTR_UNIQUE, pg.ConstrType_CONSTR_IDENTITY, pg.ConstrType_CONSTR_GENERATED:
		return true
	default:
		return false
	}
}

// isSerial tells the words that stand for a type and a sequence of the table's own.
func isSerial(t *pg.TypeName) bool {
	parts := strs(t.GetNames())
	if len(parts) != 1 || len(t.Typmods)+len(t.ArrayBounds) > 0 || t.Setof || t.PctType {
		return false
	}
	switch parts[0] {
	case "serial", "serial2", "serial4", "serial8", "smallserial", "bigserial":
		return true
	}
	return false
}

// intoTemporary makes CREATE TEMPORARY TABLE AS of SELECT INTO, which is the same by another name.
func intoTemporary(n *pg.Node) {
	s := n.GetSelectStmt()
	if s.GetIntoClause() == nil {
		return
	}
	into := s.IntoClause
	if into.Rel.GetRelpersistence() != "t" && into.Rel.GetSchemaname() != temporarySchema {
		return
	}
	s.IntoClause = nil
	n.Node = &pg.Node_CreateTableAsStmt{CreateTableAsStmt: &pg.CreateTableAsStmt{Query: selectNode(s), Into: into, Objtype: pg.ObjectType_OBJECT_TABLE}}
}

// createTableAs fills a temporary table with what a query gives, which is filtered as it always is.
func (w *walker) createTableAs(s *pg.CreateTableAsStmt) error {
	if s.Objtype != pg.ObjectType_OBJECT_TABLE || s.Into == nil {
		return w.temporaryDenied("CREATE TABLE AS", insteadOfTable)
	}
	if err := w.named(s.Into.Rel, "CREATE TABLE AS", insteadOfTable); err != nil {
		return err
	}
	query := s.Query.GetSelectStmt()
	if query == nil || !plainInto(s.Into) {
		return w.deny(StatementDenied, stateFeatureNotSupported, "this form of CREATE TABLE AS is not allowed for temporary tables")
	}
	return w.query(query, locks{})
}

func plainInto(c *pg.IntoClause) bool {
	return c.AccessMethod == "" && len(c.Options) == 0 && c.TableSpaceName == "" && c.ViewQuery == nil && c.Rel.GetAlias() == nil
}

// createIndex makes an index of a temporary table.
func (w *walker) createIndex(s *pg.IndexStmt) error {
	if s.Relation == nil || !w.isTemporary(s.Relation) {
		return w.temporaryDenied("CREATE INDEX", insteadOfDefinition)
	}
	if !plainIndex(s) {
		return w.deny(StatementDenied, stateFeatureNotSupported, "this form of CREATE INDEX is not allowed for temporary tables")
	}
	s.Relation.Schemaname = temporarySchema
	w.about(s.Relation)
	for _, n := range s.IndexParams {
		if err := w.visitNode(n.GetIndexElem().GetExpr()); err != nil {
			return err
		}
	}
	return w.visitNode(s.WhereClause)
}

func plainIndex(s *pg.IndexStmt) bool {
	if s.TableSpace != "" || len(s.Options)+len(s.ExcludeOpNames)+len(s.IndexIncludingParams) > 0 || s.Concurrent || s.Idxcomment != "" || s.Idxname != "" && !temporaryName(s.Idxname) {
		return false
	}
	for _, n := range s.IndexParams {
		e := n.GetIndexElem()
		if e == nil || len(e.Collation)+len(e.Opclass)+len(e.Opclassopts) > 0 {
			return false
		}
	}
	switch s.AccessMethod {
	case "btree", "hash", "gin", "gist", "brin":
		return true
	}
	return false
}

// dropTables drops temporary tables.
func (w *walker) dropTables(s *pg.DropStmt) error {
	if s.RemoveType != pg.ObjectType_OBJECT_TABLE || !mayMakeTemporary(w.plan) {
		return w.temporaryDenied("DROP", insteadOfDefinition)
	}
	for _, n := range s.Objects {
		rv := tableDropped(n)
		if rv == nil || !w.isTemporary(rv) {
			return w.temporaryDenied("DROP", insteadOfDefinition)
		}
		n.GetList().Items = names(temporarySchema, rv.Relname)
		w.about(rv)
	}
	return nil
}

// tableDropped is a name in DROP TABLE, nil for one with a database.
func tableDropped(n *pg.Node) *pg.RangeVar {
	switch parts := strs(n.GetList().GetItems()); len(parts) {
	case 1:
		return &pg.RangeVar{Relname: parts[0], Relpersistence: "p"}
	case 2:
		return &pg.RangeVar{Schemaname: parts[0], Relname: parts[1], Relpersistence: "p"}
	default:
		return nil
	}
}

// truncate empties temporary tables.
func (w *walker) truncate(s *pg.TruncateStmt) error {
	for _, n := range s.Relations {
		rv := n.GetRangeVar()
		if rv == nil || rv.Alias != nil || !w.isTemporary(rv) {
			return w.temporaryDenied("TRUNCATE", insteadOfTruncate)
		}
		rv.Schemaname = temporarySchema
		w.about(rv)
	}
	return nil
}

// analyze gathers statistics of temporary tables.
func (w *walker) analyze(s *pg.VacuumStmt) error {
	for _, n := range s.Rels {
		rv := n.GetVacuumRelation().GetRelation()
		if s.IsVacuumcmd || len(s.Options) > 0 || rv == nil || rv.Alias != nil || !w.isTemporary(rv) {
			return w.temporaryDenied("VACUUM or ANALYZE", insteadOfAdministration)
		}
		rv.Schemaname = temporarySchema
		w.about(rv)
	}
	if len(s.Rels) == 0 {
		return w.temporaryDenied("VACUUM or ANALYZE", insteadOfAdministration)
	}
	return nil
}

// about notes the temporary table that a statement looks for, or the first of them.
func (w *walker) about(rv *pg.RangeVar) {
	if w.said.Temporary == "" {
		w.said.Temporary = rv.Relname
	}
}

// define dispatches on the statements that may define temporary tables.
func (w *walker) define(n *pg.Node) (bool, error) {
	switch s := n.GetNode().(type) {
	case *pg.Node_CreateStmt:
		return true, w.createTable(s.CreateStmt)
	case *pg.Node_CreateTableAsStmt:
		return true, w.createTableAs(s.CreateTableAsStmt)
	case *pg.Node_IndexStmt:
		return true, w.createIndex(s.IndexStmt)
	case *pg.Node_DropStmt:
		return true, w.dropTables(s.DropStmt)
	case *pg.Node_TruncateStmt:
		return true, w.truncate(s.TruncateStmt)
	case *pg.Node_VacuumStmt:
		return true, w.analyze(s.VacuumStmt)
	case *pg.Node_AlterTableStmt:
		return true, w.alterTable(s.AlterTableStmt)
	case *pg.Node_RenameStmt:
		return true, w.rename(s.RenameStmt)
	default:
		return false, nil
	}
}
