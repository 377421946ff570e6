package casebook

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
)

// PathTarget is a column at the end of a dotted path, such as project.org_id, as an SQL expression over the entity's row, which stands
// under the name t. It is NULL where the path breaks. ok is false for a path that is not to-one, and for what is no path.
func PathTarget(s *catalog.Snapshot, e *catalog.Entity, path string) (sql string, ok bool) {
	steps := strings.Split(path, ".")
	if len(steps) < 2 {
		return "", false
	}
	var from, where []string
	ours, relations := "t", e.Relations
	var end *catalog.Relation
	for i, step := range steps[:len(steps)-1] {
		r := relations[step]
		if r == nil || r.Many {
			return "", false
		}
		theirs := fmt.Sprintf("t%d", i+1)
		from = append(from, pgx.Identifier{r.To.Schema, r.To.Name}.Sanitize()+" AS "+theirs)
		for _, pair := range r.On {
			where = append(where, theirs+"."+quoted(pair.Theirs)+" = "+ours+"."+quoted(pair.Ours))
		}
		ours, end, relations = theirs, r.To, nil
		if next := s.Entities[r.Entity]; next != nil {
			relations = next.Relations
		}
	}
	column := steps[len(steps)-1]
	if end.Column(column) == nil {
		return "", false
	}
	return "(SELECT " + ours + "." + quoted(column) + " FROM " + strings.Join(from, ", ") + " WHERE " + strings.Join(where, " AND ") + ")", true
}
