// Package console is the operator's window: an HTTP listener of its own, with metrics and health.
//
// It promises:
//
//   - It listens on loopback addresses alone, as it asks nobody who they are.
//   - A page of another site gets nothing out of it: requests have to name this machine, and come from no other origin.
//   - No answer holds a secret, a statement, or a row.
//   - Whatever a client does, it holds a bounded part of the process's memory and time.
package console
