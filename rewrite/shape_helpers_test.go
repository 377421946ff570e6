package rewrite_test

import "fmt"

// shapedText is a statement of some 300 bytes whose literals no other number's text has.
func shapedText(i int) string {
	return fmt.Sprintf("SELECT t.id, t.title, t.status, p.name AS project_name FROM app.task AS t JOIN app.project AS p ON p.id = t.project_id "+
		"WHERE t.id = %d AND t.status IN ('open', 'done-%d') AND p.name <> 'it''s %d' AND t.title LIKE 'a%d%%' "+
		"AND (t.id > %d OR t.title = 'the other one') ORDER BY t.id DESC LIMIT 50", 1000+i, i, i, i, 2000+i)
}
