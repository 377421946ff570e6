// Package plan says what a user may see: from a catalog.Snapshot and a Subject it builds a Plan, one Rule for each
// entity and action. It is pure: no sockets, clocks, logs or contexts.
//
// For a user u in tenant t, an entity e and an action a, with G(u,t) the grants of all roles that u holds there:
//
//	Allowed(e,a) = OR over g in G(u,t) that cover (e,a): Boundary_g(e) AND Scope_g(e) AND Where_g(e)
//
// The boundary stands inside each disjunct. No grant means no row; a missing attribute makes its grant vanish; the zero
// Rule denies.
package plan
