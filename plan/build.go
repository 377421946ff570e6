package plan

import (
	"errors"
	"strings"
	"sync"

	"github.com/wherewall/wherewall/catalog"
)

// ErrNoSnapshot says that there is no policy to build from.
var ErrNoSnapshot = errors.New("building a plan: no snapshot")

// Build makes a subject's plan. A subject that Resolve would not have given is refused by its *SessionError. Whoever builds many plans
// under one snapshot uses a Planner.
func Build(s *catalog.Snapshot, subject Subject) (*Plan, error) {
	return NewPlanner(s).Build(subject)
}

// Planner builds plans under one snapshot. It remembers what subjects with the same roles share, so that a plan takes the
// same few microseconds whatever the policy has beside them. It is safe for concurrent use.
type Planner struct {
	snapshot *catalog.Snapshot
	groups   func() map[string][]*catalog.Group // by member
	lock     sync.Mutex                         // of sets
	sets     map[string]*grantSet
}

// NewPlanner makes a Planner. A nil snapshot gives one that builds nothing.
func NewPlanner(s *catalog.Snapshot) *Planner {
	return &Planner{snapshot: s, sets: map[string]*grantSet{}, groups: sync.OnceValue(func() map[string][]*catalog.Group {
		members := map[string][]*catalog.Group{}
		for _, g := range s.Groups {
			for _, user := range g.Members {
				members[user] = append(members[user], g)
			}
		}
		return members
	})}
}

// maxGrantSets bounds what a Planner keeps: tenants with roles of their own make sets of their own.
const maxGrantSets = 8192

// Build makes a subject's plan, as the function of that name does.
func (p *Planner) Build(subject Subject) (*Plan, error) { return p.BuildWith(subject, nil) }

// BuildWith is Build for a subject who brings attributes, such as the claims of a token: they stand in the place of the snapshot's, and
// nil says that there is none. The caller has typed them by the snapshot. What is built in cannot be brought.
func (p *Planner) BuildWith(subject Subject, brought map[string]*catalog.Attribute) (*Plan, error) {
	s := p.snapshot
	if s == nil {
		return nil, ErrNoSnapshot
	}
	if err := admit(s, subject); err != nil {
		return nil, err
	}
	groups := groupsIn(s, p.groups()[subject.User], subject)
	held := holdings(s, subject, groups)
	user := s.Users[subject.User]
	built := &Plan{
		Snapshot: s, Subject: subject, Roles: roleNames(held), Groups: groupNames(groups), Allow: allowed(user, held),
		Until: user.Periods[subject.Tenant].Until,
	}
	built.Explain = built.Allow["explain"]
	built.me = attributesOf(s, subject, brought, built.Roles, groups)
	set := p.set(held)
	built.template = set.template(built.me)
	built.Values = valuesOf(built.me, set.slots)
	built.Shape = built.shape()
	return built, nil
}

func (p *Planner) set(held []holding) *grantSet {
	var b strings.Builder
	for _, h := range held {
		b.WriteString(h.key())
	}
	key := b.String()
	p.lock.Lock()
	defer p.lock.Unlock()
	if set := p.sets[key]; set != nil {
		return set
	}
	if len(p.sets) >= maxGrantSets {
		clear(p.sets)
	}
	set := newGrantSet(p.snapshot, grantsOf(held))
	p.sets[key] = set
	return set
}

// allowed is what the user and the roles allow beyond what everybody may.
func allowed(u *catalog.User, held []holding) map[string]bool {
	all := map[string]bool{}
	add := func(allow map[string]bool, explain bool) {
		for what, yes := range allow {
			if yes {
				all[what] = true
			}
		}
		if explain {
			all["explain"] = true
		}
	}
	add(u.Allow, u.Explain)
	for _, h := range held {
		add(h.role.Allow, h.role.Explain)
	}
	return all
}

// valuesOf are the values of slots. The user is always there, and the tenant where there is one.
func valuesOf(me map[string]catalog.Attribute, slots []string) map[string]string {
	values := make(map[string]string, len(slots)+2)
	for _, name := range append([]string{meID, meTenant}, slots...) {
		if v, has := me[name]; has {
			values[name] = v.Text
		}
	}
	return values
}
