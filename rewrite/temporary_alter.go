package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// ALTER TABLE of a temporary table: its columns, their defaults and constraints, and names. What PostgreSQL has beside those concerns owners, storage,
// triggers and other tables.

// alterTable changes a temporary table.
func (w *walker) alterTable(s *pg.AlterTableStmt) error {
	if s.Relation == nil || s.Relation.Alias != nil || s.Objtype != pg.ObjectType_OBJECT_TABLE || !w.isTemporary(s.Relation) {
		return w.temporaryDenied("ALTER TABLE", insteadOfTable)
	}
	for _, n := range s.Cmds {
		if !plainChange(n.GetAlterTableCmd()) {
			return w.deny(StatementDenied, stateFeatureNotSupported, "this form of ALTER TABLE is not allowed for temporary tables").
				hint("Columns may be added, dropped, renamed and given another type or default; NOT NULL, CHECK, UNIQUE and PRIMARY KEY constraints may be added and dropped.")
		}
	}
	defer w.enter()()
	w.readTemporary(s.Relation)
	w.about(s.Relation)
	for _, n := range s.Cmds {
		if err := w.change(n.GetAlterTableCmd()); err != nil {
			return err
		}
	}
	return nil
}

// plainChange lists what concerns the table alone.
func plainChange(c *pg.AlterTableCmd) bool {
	if c == nil || c.Newowner != nil || c.Num != 0 {
		return false
	}
	d, k := c.Def.GetColumnDef(), c.Def.GetConstraint()
	switch c.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		return d != nil && plainColumn(d)
	case pg.AlterTableType_AT_AlterColumnType:
		if d == nil || d.Colname != "" || len(d.Constraints) > 0 {
			return false
		}
		bare := &pg.ColumnDef{TypeName: d.TypeName}
		return plainColumn(bare) && d.CookedDefault == nil && d.IdentitySequence == nil && len(d.Fdwoptions) == 0 && d.Compression == "" && d.StorageName == ""
	case pg.AlterTableType_AT_AddConstraint:
		return k != nil && plainConstraint(k)
	case pg.AlterTableType_AT_ColumnDefault:
		return d == nil && k == nil
	case pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_DropConstraint, pg.AlterTableType_AT_SetNotNull, pg.AlterTableType_AT_DropNotNull:
		return c.Def == nil
	default:
		return false
	}
}

// change visits what a command holds of the client's.
func (w *walker) change(c *pg.AlterTableCmd) error {
	switch d := c.Def.GetColumnDef(); {
	case d != nil && c.Subtype == pg.AlterTableType_AT_AddColumn:
		return w.columnDefinition(d)
	case d != nil:
		if err := w.definedType(d); err != nil {
			return err
		}
		return w.visitNode(d.RawDefault) // USING
	case c.Def.GetConstraint() != nil:
		return w.visitNode(c.Def.GetConstraint().RawExpr)
	default:
		return w.visitNode(c.Def)
	}
}

// rename gives a temporary table, or a column or constraint of one, another name. A table's has to be one that could be given to a new one.
func (w *walker) rename(s *pg.RenameStmt) error {
	if s.Relation == nil || s.Relation.Alias != nil || !renamesPart(s) || !w.isTemporary(s.Relation) {
		return w.temporaryDenied("ALTER ... RENAME", insteadOfDefinition)
	}
	s.Relation.Schemaname = temporarySchema
	w.about(s.Relation)
	if s.RenameType != pg.ObjectType_OBJECT_TABLE {
		return w.ownName(s.Newname)
	}
	return w.named(&pg.RangeVar{Schemaname: temporarySchema, Relname: s.Newname, Relpersistence: "p", Location: w.location}, "ALTER TABLE", insteadOfTable)
}

// renamesPart says whether a name is changed of a table or of what is in it.
func renamesPart(s *pg.RenameStmt) bool {
	switch s.RenameType {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_TABCONSTRAINT:
		return s.Object == nil
	case pg.ObjectType_OBJECT_COLUMN:
		return s.Object == nil && s.RelationType == pg.ObjectType_OBJECT_TABLE
	default:
		return false
	}
}

// mayRename says whether a proven RENAME gives a name that may be given.
func (v *prover) mayRename(s *pg.RenameStmt) bool {
	if !v.temporary(s.Relation) || !renamesPart(s) || strings.HasPrefix(s.Newname, reservedPrefix) {
		return false
	}
	renamed := &pg.RangeVar{Schemaname: temporarySchema, Relname: s.Newname}
	return s.RenameType != pg.ObjectType_OBJECT_TABLE || v.mayMake(renamed) && !v.rewriter.shadowsMapped(v.plan, s.Newname)
}
