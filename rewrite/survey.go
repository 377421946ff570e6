package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// survey is what must be known of a statement as a whole before any part of it can be judged, found in one walk.
type survey struct {
	relations  []*pg.RangeVar
	references []*pg.ColumnRef
	scalars    scalars
	parameters parameters
	declared   []expr.Type
	casts      map[*pg.ParamRef]*pg.TypeName // of parameters, until they are counted
}

// surveyOf surveys a tree. declared are the types of its parameters.
func surveyOf(root *pg.Node, declared []expr.Type) *survey {
	s := &survey{parameters: parameters{}, declared: declared}
	_ = s.look("", root)
	return s
}

func (s *survey) look(_ protoreflect.Name, m proto.Message) error {
	switch n := m.(type) {
	case *pg.RangeVar:
		s.relations = append(s.relations, n)
	case *pg.ColumnRef:
		s.references = append(s.references, n)
		return nil // It holds names alone.
	case *pg.RangeFunction:
		s.scalars.add(n)
	case *pg.TypeCast:
		if p := n.Arg.GetParamRef(); p != nil {
			if s.casts == nil {
				s.casts = map[*pg.ParamRef]*pg.TypeName{}
			}
			s.casts[p] = n.TypeName
		}
	case *pg.ParamRef:
		s.parameters.use(n.Number, s.casts[n], s.declared)
	}
	return sqltree.Children(m, s.look)
}
