// Package casebook runs policy tests: files of claims about who sees and may do what, judged by PostgreSQL.
//
// A case is asked as its user would ask: the statement goes through the rewriter with the user's plan, and what comes of it is
// executed. What the local check says of the same rows must agree, so a case also holds the two together. Every case runs in a
// transaction that is rolled back.
//
// A case that would pass whatever the policy says (no such row, an empty table) fails: it proves nothing.
package casebook
