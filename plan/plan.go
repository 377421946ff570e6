package plan

import (
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// Subject is who a session acts as: one user, at most one tenant.
type Subject struct {
	User   string
	Tenant string // empty: none
	// Identity tells a user of a store from a later one of the same name, who is somebody else; empty for users of files.
	Identity string
}

// Kind says what a rule gives. The zero value gives nothing.
type Kind int

// The kinds of ROQ's plans.
const (
	NoAccess   Kind = iota // no row
	Restricted             // the rows for which Filter is TRUE
	FullAccess             // every row
)

// String is the kind's name in the plan's JSON.
func (k Kind) String() string {
	switch k {
	case Restricted:
		return "restricted"
	case FullAccess:
		return "fullAccess"
	default:
		return "noAccess"
	}
}

// Rule is what the subject may do to one entity by one action. The zero Rule denies.
type Rule struct {
	Kind   Kind
	Filter expr.Expr // for Restricted: over existing rows; nil otherwise
	Check  expr.Expr // for Create and Update of kind Restricted: over new rows; Bool(true) where any row may be written; nil denies
	Why    []Reason  // the grants that give it, in a stable order
	// Columns, for Read, says what each column shows; a column that is not in it does not exist for the subject. nil:
	// every column as it is.
	Columns map[string]Shown
	// Writable, for Create and Update, says in which rows each column may be set: for Create over new rows, beside Check; for Update over old
	// rows, beside Filter. A column that is not in it may not be named. nil: every column in every row that Filter or Check gives.
	Writable map[string]expr.Expr
	// WritableTo, for Update, says the same of new rows, beside Check: what a grant opens a column for is a row that the grant would write.
	WritableTo map[string]expr.Expr
	// Presets, for Create and Update, are the values of columns that the statement leaves out.
	Presets map[string]expr.Expr
	// filterWhy and checkWhy say which of Why stand behind a term of Filter and of Check, by the term's text.
	filterWhy, checkWhy marks
}

// Shown is what a column shows over visible rows: its value where Raw is TRUE (nil: nowhere), else the value of the first mask whose When is TRUE, else NULL.
type Shown struct {
	Raw   expr.Expr
	Masks []Mask
}

// Mask is a value in place of a column's.
type Mask struct{ When, Value expr.Expr }

// Reason is one grant behind a rule.
type Reason struct {
	Role, Permission string
	At               string // file:line of the grant, or of the group that it comes through
	Scope            string // tenant, own, own:NAME, tree or all; `tenants: any` is said in AnyTenant
	AnyTenant        bool
	Group            string // empty: held otherwise than through a group
	Resources        string // the entities that the group's resource set names, with commas; empty: no set
	group            int    // 1 for the first of the plan's groups; 0 for none
}

// Diagnostic tells of a grant that the subject holds and that gives nothing, and why.
type Diagnostic struct {
	Reason
	Entity  string
	Action  catalog.Action
	Message string
}

// Plan is everything that one subject may see and do, under one snapshot. It is immutable.
type Plan struct {
	Snapshot *catalog.Snapshot
	Subject  Subject
	Roles    []string // effective roles, sorted, base role included
	Groups   []string // those that give roles here, sorted
	Explain  bool     // refusals may tell which permission is missing
	// Allow is what the user and the effective roles allow beyond what everybody may: explain, temp_tables and so on.
	Allow map[string]bool
	// Until is the first day (2006-01-02, UTC) on which the membership does not hold any more; empty for no end.
	Until string
	// Shape is a digest of all rules with Me left open: equal shapes share rewritten statements. Plans that explain
	// refusals name their user in them and share with nobody.
	Shape string
	// Values fill the Me slots, by name: id, tenant and what any of the subject's grants may use, each as text input of the
	// slot's type.
	Values map[string]string

	me       map[string]catalog.Attribute
	template *template
}

// Rule returns what the subject may do; the zero Rule, which denies, for anything not granted.
func (p *Plan) Rule(entity string, action catalog.Action) Rule {
	if p == nil || p.template == nil {
		return Rule{}
	}
	return p.named(p.template.rules[operation{entity, action}])
}

// named fills in the groups that reasons mean: a template is shared by the members of many.
func (p *Plan) named(r Rule) Rule {
	for i, why := range r.Why {
		if why.group > 0 {
			r.Why = slices.Clone(r.Why)
			for j := range r.Why[i:] {
				r.Why[i+j] = p.reason(r.Why[i+j])
			}
			break
		}
	}
	return r
}

func (p *Plan) reason(r Reason) Reason {
	if r.group > 0 && r.group <= len(p.Groups) {
		r.Group = p.Groups[r.group-1]
		if g := p.Snapshot.Groups[r.Group]; g != nil {
			r.At = g.At
		}
	}
	return r
}

// Visible says whether the subject has any action on the entity. An invisible one is answered like a missing one.
func (p *Plan) Visible(entity string) bool {
	if p == nil || p.template == nil {
		return false
	}
	for _, action := range p.template.of[entity] {
		if p.template.rules[operation{entity, action}].Kind != NoAccess {
			return true
		}
	}
	return false
}

// Grantable is a permission that would allow an action and the roles that carry it, for hints.
type Grantable struct {
	Permission string
	Roles      []string
}
