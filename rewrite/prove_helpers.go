package rewrite

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// helper recognises the sub-select that stands in the place of a call: to the last node it must be what the plan answers to its arguments, which
// are returned. They are all of it that is the client's.
func (v *prover) helper(n *pg.SubLink) []*pg.Node {
	s := n.Subselect.GetSelectStmt()
	if n.SubLinkType != pg.SubLinkType_EXPR_SUBLINK || n.Testexpr != nil || len(n.OperName) > 0 || len(s.GetFromClause()) != 1 || len(s.GetTargetList()) != 1 {
		return nil
	}
	item := s.FromClause[0].GetRangeSubselect()
	name, ours := strings.CutPrefix(item.GetAlias().GetAliasname(), helperPrefix)
	types, known := v.rewriter.helpers[name].form(len(item.GetSubquery().GetSelectStmt().GetTargetList()))
	if !ours || !known {
		return nil
	}
	args := make([]*pg.Node, len(types))
	for i, t := range item.Subquery.GetSelectStmt().TargetList {
		if args[i] = t.GetResTarget().GetVal(); !isArgument(args[i], types[i]) || ownLevel(args[i]) {
			return nil
		}
	}
	want := v.rewriter.helped(name, args, v.plan)
	if want == nil {
		return nil
	}
	want.TargetList[0].GetResTarget().Name = s.TargetList[0].GetResTarget().GetName()
	if !sqltree.Equal(want, s) {
		return nil
	}
	return args
}

// helperArguments visits the arguments of a helper.
func (v *prover) helperArguments(m proto.Message, args []*pg.Node) error {
	v.catalogs++
	v.path = append(v.path, step{m, "subselect"})
	defer func() { v.path = v.path[:len(v.path)-1] }()
	for _, arg := range args {
		if c := arg.GetTypeCast(); c != nil { // to the type of the argument, which may be one that clients may not name
			arg = c.Arg
		}
		if err := v.visit(arg); err != nil {
			return err
		}
	}
	return nil
}

// typeName demands that no cast is to a type whose input looks names up.
func (v *prover) typeName(t *pg.TypeName) error {
	parts := strs(t.Names)
	if name := strings.TrimPrefix(last(parts), "_"); slices.Contains(nameTypes(), name) {
		return fmt.Errorf("a cast to %v", parts)
	}
	return nil
}
