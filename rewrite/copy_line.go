package rewrite

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// A row that fails its check behind a staged COPY is told by its number. Where it stands in the table is where it stood in the stream: the failing
// expression counts the rows up to it, and only it does.

// lineColumn is the place of a row in the staging table.
const lineColumn = OwnPrefix + "line"

// lined says whether an INSERT has the form of checkSource.
func lined(s *pg.InsertStmt) bool {
	query := s.SelectStmt.GetSelectStmt()
	return checked(query.GetWhereClause()) != nil && fencedWidth(query) > 0 && isStar(query.GetTargetList()[0])
}

// tellLine puts the row's place beside its columns, and its number behind the mark.
func tellLine(s *pg.InsertStmt, width int) {
	query := s.SelectStmt.GetSelectStmt()
	source := query.FromClause[0].GetRangeSubselect()
	source.Alias.Colnames = append(source.Alias.Colnames, text(lineColumn))
	inner := source.Subquery.GetSelectStmt()
	inner.TargetList = append(inner.TargetList, target(placeOf(inner), ""))
	query.TargetList = append(fencedColumns(width), query.TargetList[1:]...)
	check := query.WhereClause.GetCaseExpr()
	number, _ := raised(check.Defresult)
	check.Defresult = raiseWith(number, rowNumber())
}

// untellLine is an INSERT as it was before tellLine; false where it is not one that tellLine could have made.
func untellLine(s *pg.InsertStmt) (*pg.InsertStmt, bool) {
	plain := proto.Clone(s).(*pg.InsertStmt)
	query := plain.SelectStmt.GetSelectStmt()
	width := fencedWidth(query) - 1
	check := query.GetWhereClause().GetCaseExpr()
	number, ok := raised(check.GetDefresult())
	if !ok || width < 1 || len(query.TargetList) < width {
		return nil, false
	}
	source := query.FromClause[0].GetRangeSubselect()
	inner := source.Subquery.GetSelectStmt()
	if len(inner.GetTargetList()) != width+1 || len(inner.FromClause) != 1 {
		return nil, false
	}
	source.Alias.Colnames = source.Alias.Colnames[:width]
	inner.TargetList = inner.TargetList[:width]
	query.TargetList = append([]*pg.Node{target(star("ww_s"), "")}, query.TargetList[width:]...)
	check.Defresult = raise(number)
	if !lined(plain) {
		return nil, false
	}
	again := proto.Clone(plain).(*pg.InsertStmt)
	tellLine(again, width)
	return plain, sqltree.Equal(again, s)
}

// isLinedRaise says whether an expression fails with the number of the row at hand.
func isLinedRaise(n *pg.Node) bool {
	number, ok := raised(n)
	return ok && sqltree.Equal(n, raiseWith(number, rowNumber()))
}

// placeOf is the place of a row of the staging table.
func placeOf(loaded *pg.SelectStmt) *pg.Node {
	return column(refname(loaded.FromClause[0].GetRangeVar()), "ctid")
}

func fencedColumns(width int) []*pg.Node {
	list := make([]*pg.Node, width)
	for i := range list {
		list[i] = target(column("ww_s", "ww_c"+strconv.Itoa(i+1)), "")
	}
	return list
}

// rowNumber is a blank and the number of the row at hand among those that were loaded.
func rowNumber() *pg.Node {
	const counted = OwnPrefix + "l"
	rv := stagingVar()
	rv.Alias = alias(counted)
	count := call("count")
	count.GetFuncCall().AggStar = true
	upTo := expression(pg.A_Expr_Kind_AEXPR_OP, names("pg_catalog", "<="), column(counted, "ctid"), column("ww_s", lineColumn))
	number := subLink(pg.SubLinkType_EXPR_SUBLINK, selectFrom([]*pg.Node{target(count, "")}, []*pg.Node{{Node: &pg.Node_RangeVar{RangeVar: rv}}}, upTo))
	return expression(pg.A_Expr_Kind_AEXPR_OP, names("pg_catalog", "||"), cast(literal(rowNumberMark), builtinType("text")), cast(number, builtinType("text")))
}

// rowNumberMark stands between a mark and the number of a row.
const rowNumberMark = " row "

// RefusedRow is the number, from 1, of the loaded row that an error with this message text refuses; 0 for none.
func (t *Template) RefusedRow(message string, v *Values) int {
	_, rest, _ := strings.Cut(message, v.token(""))
	_, rest, found := strings.Cut(rest, rowNumberMark)
	if !found {
		return 0
	}
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	number, _ := strconv.Atoi(digits)
	return number
}
