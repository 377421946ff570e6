package wire

import (
	"regexp"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// plan is what the statement was judged by; nil for none, which may see nothing.
func (s statement) plan() *plan.Plan {
	if s.values == nil {
		return nil
	}
	return s.values.Plan()
}

// scrubIntegrity hides the tables that a violation names and the subject does not know: a hidden one that refers to the row, or one that a
// trigger writes to.
func scrubIntegrity(f *errorFields, p *plan.Plan) {
	if class(f.code) != "23" {
		return
	}
	if namesHidden(f, f.detail, p) {
		f.detail = ""
	}
	if !namesHidden(f, f.message, p) && (f.table == "" || strings.HasPrefix(f.schema, temporarySchema) || knows(p, catalog.RelationName{Schema: f.schema, Name: f.table})) {
		return
	}
	if f.raised() {
		return
	}
	f.message = violated(f.code)
	f.detail, f.hint = "", ""
	f.schema, f.table, f.column, f.typeName, f.constraint = "", "", "", "", ""
}

// temporarySchema begins the name of the schema of a session's temporary tables. PostgreSQL gives no other schema such a name.
const temporarySchema = "pg_temp_"

// violated is a violation without names.
func violated(code string) string {
	switch code {
	case "23502":
		return "a null value violates a not-null constraint of another table"
	case "23503":
		return "a foreign key constraint of another table is violated"
	case "23505":
		return "a duplicate key value violates a unique constraint of another table"
	case "23514":
		return "a new row violates a check constraint of another table"
	case "23P01":
		return "a conflicting key value violates an exclusion constraint of another table"
	default:
		return "an integrity constraint of another table is violated"
	}
}

// knows says whether the subject has anything to do with a relation: with itself, or as a part of one that it has.
func knows(p *plan.Plan, name catalog.RelationName) bool {
	if p == nil || p.Snapshot == nil {
		return false
	}
	if e := p.Snapshot.EntityOf(name); e != nil && p.Visible(e.Name) {
		return true
	}
	relation := p.Snapshot.Schema.Relations[name]
	if relation == nil {
		return false
	}
	for _, parent := range relation.Parents {
		if knows(p, parent) {
			return true
		}
	}
	return false
}

// namesHidden says whether a text of the server has a word that is the name of a relation, and of none that the subject knows. The column
// and the constraint that the error is about are no relations.
func namesHidden(f *errorFields, text string, p *plan.Plan) bool {
	if text == "" {
		return false
	}
	if p == nil || p.Snapshot == nil {
		return true
	}
	hidden := map[string]bool{}
	for name := range p.Snapshot.Schema.Relations {
		if name.Name == f.column || name.Name == f.constraint || !hasWord(text, name.Name) {
			continue
		}
		if knows(p, name) {
			hidden[name.Name] = false
		} else if _, known := hidden[name.Name]; !known {
			hidden[name.Name] = true
		}
	}
	for _, h := range hidden {
		if h {
			return true
		}
	}
	return false
}

// hasWord says whether a text has a name that is not part of a longer one.
func hasWord(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(name)
		if (start == 0 || !wordByte(text[start-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
		at = start + 1
	}
}

func wordByte(b byte) bool {
	return b == '_' || b == '$' || b >= 0x80 || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// scrubPrivilege leaves of the server's own refusals those about relations that the subject knows. The service login lacks rights on much else,
// and the client may not even know that it is there.
func scrubPrivilege(f *errorFields, p *plan.Plan) {
	if f.code != stateDenied || f.raised() {
		return
	}
	f.detail, f.hint = "", ""
	f.schema, f.table, f.column, f.typeName, f.constraint = "", "", "", "", ""
	if name := refusedRelation(f.message); name == "" || !knowsCalled(p, name) {
		f.message = "permission denied"
	}
}

// refusedRelation is the relation that one of the server's own refusals names; empty where it names none or is not understood.
func refusedRelation(message string) string {
	const table = `^permission denied for (?:table|view|materialized view|foreign table) (\S+)$`
	const row = `^new row violates row-level security policy(?: "[^"]+")?(?: \(USING expression\))? for table "([^"]+)"$`
	for _, form := range []string{table, row} {
		if m := regexp.MustCompile(form).FindStringSubmatch(message); m != nil {
			return m[1]
		}
	}
	return ""
}

func knowsCalled(p *plan.Plan, name string) bool {
	if p == nil || p.Snapshot == nil {
		return false
	}
	for r := range p.Snapshot.Schema.Relations {
		if r.Name == name && knows(p, r) {
			return true
		}
	}
	return false
}

// scrubColumns takes out the server's proposals of a column where the statement touches a table that has some which the subject does not see.
func scrubColumns(f *errorFields, of statement) {
	p := of.plan()
	if f.code != "42703" || of.template == nil || p == nil {
		return
	}
	for _, s := range of.template.Statements {
		for _, use := range s.Uses {
			if p.Rule(use.Entity, catalog.Read).Columns != nil {
				f.hint, f.detail = "", ""
				return
			}
		}
	}
}

// scrubOwnNames takes out what PostgreSQL says of names that only the rewritten text has. Messages about other things quote the client, who may
// say such a name in a constant or call a statement so.
func scrubOwnNames(f *errorFields) {
	switch class(f.code) {
	case "42", "0A":
	default:
		return
	}
	switch f.code {
	case "42P03", "42P05": // Names of cursors and prepared statements are the client's.
		return
	}
	if strings.Contains(f.hint, ownName) {
		f.hint = ""
	}
	if strings.Contains(f.detail, ownName) {
		f.detail = ""
	}
	f.message = strings.ReplaceAll(f.message, rewrite.MeansNothing, "")
	if !strings.Contains(f.message, ownName) {
		return
	}
	if f.code == "42P10" {
		// The source of an INSERT has fewer columns than it was given names for.
		f.code, f.message = "42601", "INSERT has more target columns than expressions"
		return
	}
	f.message = "the statement does not fit the tables as they are now"
}

// ownName begins every alias that the rewriter gives, as messages quote it.
const ownName = rewrite.OwnPrefix
