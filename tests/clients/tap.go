package main

import (
	"regexp"
	"slices"
	"strings"
)

// required are the checks that every client reports.
func required() []string {
	return []string{"connect", "introspect", "text", "binary", "write", "transaction", "savepoint", "error", "stream", "cancel", "tenant"}
}

// check is what a client says about one of its checks.
type check struct {
	name    string
	passed  bool
	skipped string // why it has no such thing
	reason  string // why it failed
}

var tapLine = regexp.MustCompile(`^(not )?ok(?: \d+)? - ([^:#]+?)(?:\s*# SKIP (.*)|: (.*))?$`)

// readChecks reads what a client printed. What is required and was not reported, and what was reported twice, has failed.
func readChecks(output string) []check {
	var all []check
	for line := range strings.Lines(output) {
		found := tapLine.FindStringSubmatch(strings.TrimSpace(line))
		if found == nil {
			continue
		}
		c := check{name: found[2], passed: found[1] == "", skipped: found[3], reason: found[4]}
		if slices.ContainsFunc(all, func(other check) bool { return other.name == c.name }) {
			c.passed, c.reason = false, "reported twice"
		}
		all = append(all, c)
	}
	for _, name := range required() {
		if !slices.ContainsFunc(all, func(c check) bool { return c.name == name }) {
			all = append(all, check{name: name, reason: "not reported"})
		}
	}
	return all
}
