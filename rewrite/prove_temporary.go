package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// temporary says whether a relation is one of the session's own, and the subject may have any.
func (v *prover) temporary(rv *pg.RangeVar) bool {
	return rv.GetSchemaname() == temporarySchema && rv.Catalogname == "" && temporaryName(rv.Relname) && mayMakeTemporary(v.plan)
}

// mayMake says whether a table of the session's own may be made, too: none that a function of the database would take for one of its own.
func (v *prover) mayMake(rv *pg.RangeVar) bool {
	return v.temporary(rv) && !v.rewriter.shadowsType(rv.Relname) && !v.rewriter.snapshot.Schema.TemporaryFirst
}

// definition demands of statements that define that all they name is temporary, and that they stand for themselves.
func (v *prover) definition(m proto.Message) error {
	ok := true
	switch n := m.(type) {
	case *pg.CreateStmt:
		ok = v.mayMake(n.Relation) && plainDefinition(n)
		for _, element := range n.TableElts {
			ok = ok && v.mayDefine(element.GetColumnDef())
		}
	case *pg.CreateTableAsStmt:
		ok = n.Objtype == pg.ObjectType_OBJECT_TABLE && v.mayMake(n.Into.GetRel()) && plainInto(n.Into) && isSelect(n.Query)
	case *pg.IndexStmt:
		ok = v.temporary(n.Relation) && plainIndex(n)
	case *pg.DropStmt:
		ok = n.RemoveType == pg.ObjectType_OBJECT_TABLE
		for _, object := range n.Objects {
			ok = ok && tableDropped(object) != nil && v.temporary(tableDropped(object))
		}
	case *pg.TruncateStmt:
		for _, relation := range n.Relations {
			ok = ok && v.temporary(relation.GetRangeVar())
		}
	case *pg.AlterTableStmt:
		ok = n.Objtype == pg.ObjectType_OBJECT_TABLE && v.temporary(n.Relation)
		for _, command := range n.Cmds {
			ok = ok && plainChange(command.GetAlterTableCmd()) && v.mayDefine(command.GetAlterTableCmd().Def.GetColumnDef())
		}
	case *pg.RenameStmt:
		ok = v.mayRename(n)
	case *pg.VacuumStmt:
		ok = !n.IsVacuumcmd && len(n.Options) == 0 && len(n.Rels) > 0
		for _, relation := range n.Rels {
			ok = ok && v.temporary(relation.GetVacuumRelation().GetRelation())
		}
	default:
		return nil
	}
	if !ok {
		return fmt.Errorf("%s is about more than a temporary table", sqltree.KindOf(m))
	}
	return v.container(m, nil, nil)
}

// mayDefine says whether a column that is defined is of a type that values may be cast to, since that is what writing to it does; nil is no column.
func (v *prover) mayDefine(d *pg.ColumnDef) bool {
	if d == nil || isSerial(d.TypeName) {
		return true
	}
	parts := strs(d.TypeName.GetNames())
	if len(parts) == 1 {
		parts = []string{"", parts[0]}
	}
	if len(parts) != 2 || d.TypeName.PctType || d.TypeName.Setof {
		return false
	}
	_, err := (&walker{rewriter: v.rewriter, plan: v.plan}).castType(parts[0], parts[1])
	return err == nil
}

// unless judges a write where its target is not a temporary table.
func (v *prover) unless(target *pg.RangeVar, judge func() error) error {
	if v.temporary(target) {
		return nil
	}
	return judge()
}
