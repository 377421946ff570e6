// Package metrics tells Prometheus what the proxy counts. docs/metrics.md says what each number means and what to do about it.
//
// What sessions count costs them next to nothing: they count for themselves, and are added up when somebody asks. Only what happens seldom
// (logins, refusals, statements that were not seen before) is counted together.
package metrics
