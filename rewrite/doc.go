// Package rewrite says how a statement must be said: SQL + plan + schema -> a Template that may be sent, or a refusal.
//
// It promises that whatever a Template renders reads and writes only what the plan allows, that it was written by us from
// a tree that we understood node by node, and that everything else is refused.
package rewrite
