package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// LIKE in the definition of a temporary table is written out: the columns of a mapped table that the subject sees, with what else of it was asked for and
// can be told. Like another temporary table stays as it is.

// The bits of TableLikeClause.options, which the grammar takes from PostgreSQL's TableLikeOption.
const (
	likeComments = 1 << iota
	likeCompression
	likeConstraints
	likeDefaults
	likeGenerated
	likeIdentity
	likeIndexes
	likeStatistics
	likeStorage
)

// writtenLike are the options that are obeyed, or change nothing that can be seen of a temporary table.
const writtenLike = likeComments | likeCompression | likeDefaults | likeIndexes | likeStatistics | likeStorage

// expandLike writes out the LIKE clauses of a definition.
func (w *walker) expandLike(s *pg.CreateStmt) error {
	var elements []*pg.Node
	for _, n := range s.TableElts {
		like := n.GetTableLikeClause()
		switch {
		case like == nil || like.Relation == nil:
			elements = append(elements, n)
		case w.isTemporary(like.Relation):
			like.Relation.Schemaname = temporarySchema
			elements = append(elements, n)
		default:
			written, err := w.likeMapped(like)
			if err != nil {
				return err
			}
			elements = append(elements, written...)
		}
	}
	s.TableElts = elements
	return nil
}

// likeMapped are the columns and keys of a mapped table, as far as the subject sees them.
func (w *walker) likeMapped(like *pg.TableLikeClause) ([]*pg.Node, error) {
	defer w.moveTo(like.Relation.Location)()
	relation, entity, err := w.resolve(like.Relation)
	if err != nil {
		return nil, err
	}
	read, err := w.rule(entity, catalog.Read, like.Relation.Location)
	if err != nil {
		return nil, err
	}
	if like.Options&^writtenLike != 0 {
		return nil, w.deny(StatementDenied, stateFeatureNotSupported, "LIKE with INCLUDING CONSTRAINTS, GENERATED, IDENTITY or ALL is not allowed for temporary tables").
			hint("Say INCLUDING DEFAULTS INCLUDING INDEXES, and write the rest.")
	}
	var elements []*pg.Node
	open := map[string]bool{}
	for i := range relation.Columns {
		c := &relation.Columns[i]
		shown, listed := read.Columns[c.Name]
		if read.Columns != nil && !listed {
			continue
		}
		open[c.Name] = true
		partly := read.Columns != nil && !isOpen(shown)
		column, err := w.likeColumn(c, partly, like.Options&likeDefaults != 0)
		if err != nil {
			return nil, err
		}
		elements = append(elements, &pg.Node{Node: &pg.Node_ColumnDef{ColumnDef: column}})
	}
	if like.Options&likeIndexes != 0 {
		elements = append(elements, likeKeys(relation, open)...)
	}
	return elements, nil
}

// likeColumn is the definition of one column like another. One that the subject sees in part may be NULL for him, and its default may be what he does
// not see.
func (w *walker) likeColumn(c *catalog.Column, partly, defaults bool) (*pg.ColumnDef, error) {
	t, err := w.rewriter.declaredType(c)
	if err != nil {
		return nil, err
	}
	d := &pg.ColumnDef{Colname: c.Name, TypeName: t, IsLocal: true, Location: sqltree.Unlocated}
	if c.NotNull && !partly {
		d.Constraints = append(d.Constraints, constraint(&pg.Constraint{Contype: pg.ConstrType_CONSTR_NOTNULL}))
	}
	if !defaults || partly || c.Default == "" || c.Generated || c.Identity {
		return d, nil
	}
	value, err := w.rewriter.expressions.parse(c.Default)
	if err != nil {
		return nil, err
	}
	sqltree.Unlocate(value)
	// What the default calls may be hidden, so that only its column is named.
	if w.visitNode(value) != nil {
		return nil, w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for the default of column %s", c.Name).
			hint("Leave INCLUDING DEFAULTS out.")
	}
	d.Constraints = append(d.Constraints, constraint(&pg.Constraint{Contype: pg.ConstrType_CONSTR_DEFAULT, RawExpr: value}))
	return d, nil
}

// likeKeys are the keys of a relation whose columns are all open.
func likeKeys(r *catalog.Relation, open map[string]bool) []*pg.Node {
	var keys []*pg.Node
	for _, columns := range r.Unique {
		whole := true
		for _, c := range columns {
			whole = whole && open[c]
		}
		if !whole {
			continue
		}
		kind := pg.ConstrType_CONSTR_UNIQUE
		if slices.Equal(columns, r.PrimaryKey) {
			kind = pg.ConstrType_CONSTR_PRIMARY
		}
		keys = append(keys, constraint(&pg.Constraint{Contype: kind, Keys: names(columns...)}))
	}
	return keys
}

func constraint(c *pg.Constraint) *pg.Node {
	c.Location = sqltree.Unlocated
	return &pg.Node{Node: &pg.Node_Constraint{Constraint: c}}
}
