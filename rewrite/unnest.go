package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// unnestEach writes an unnest of several arrays as what it stands for, ROWS FROM with an unnest of each. There is no function of that form:
// PostgreSQL's parser knows the bare name alone, which a qualified one would not be any more.
func unnestEach(item *pg.RangeFunction) {
	var each []*pg.Node
	for _, f := range item.Functions {
		list := f.GetList().GetItems()
		if len(list) == 0 || !unnestsSeveral(list[0].GetFuncCall()) {
			each = append(each, f)
			continue
		}
		of := list[0].GetFuncCall()
		for _, array := range of.Args {
			one := &pg.FuncCall{Funcname: of.Funcname, Args: []*pg.Node{array}, Funcformat: of.Funcformat, Location: of.Location}
			items := append([]*pg.Node{{Node: &pg.Node_FuncCall{FuncCall: one}}}, list[1:]...)
			each = append(each, &pg.Node{Node: &pg.Node_List{List: &pg.List{Items: items}}})
		}
	}
	if len(each) > len(item.Functions) {
		item.Functions, item.IsRowsfrom = each, true
	}
}

func unnestsSeveral(f *pg.FuncCall) bool {
	name := strs(f.GetFuncname())
	return len(name) == 1 && name[0] == "unnest" && len(f.Args) > 1 && len(f.AggOrder) == 0 && f.AggFilter == nil && f.Over == nil &&
		!f.AggStar && !f.AggDistinct && !f.FuncVariadic && !f.AggWithinGroup
}
