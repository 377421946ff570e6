package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Where docs/clients.md has what a run wrote.
const (
	tableBegins = "<!-- written by make test-clients CLIENTFLAGS=-docs -->\n"
	tableEnds   = "<!-- end of what was written -->\n"
)

// results are those of all clients of a run.
type results struct{ all []*result }

func (t *results) add(r *result) { t.all = append(t.all, r) }

func (t *results) passed() bool {
	return !slices.ContainsFunc(t.all, func(r *result) bool { return !r.passed() })
}

// mark says in one word how a client did a check.
func (r *result) mark(name string) string {
	for _, c := range r.checks {
		switch {
		case c.name != name:
		case !c.passed:
			return "FAILS"
		case c.skipped != "":
			return "-"
		default:
			return "yes"
		}
	}
	return "FAILS"
}

// more counts the checks beyond the required ones.
func (r *result) more() string {
	passed, all := 0, 0
	for _, c := range r.checks {
		if slices.Contains(required(), c.name) {
			continue
		}
		all++
		if c.passed {
			passed++
		}
	}
	if passed < all {
		return fmt.Sprintf("%d of %d", passed, all)
	}
	return fmt.Sprint(all)
}

func (t *results) print(to io.Writer) {
	fmt.Fprintf(to, "\n%-28s", "")
	for _, name := range required() {
		fmt.Fprintf(to, " %-11s", name)
	}
	fmt.Fprintf(to, " %-8s %s\n", "more", "seconds")
	for _, r := range t.all {
		fmt.Fprintf(to, "%-28.28s", strings.TrimSpace(r.client.Name+" "+r.version))
		for _, name := range required() {
			fmt.Fprintf(to, " %-11s", r.mark(name))
		}
		fmt.Fprintf(to, " %-8s %.1f\n", r.more(), r.took.Seconds())
	}
}

// document writes the table into the document's generated part.
func (t *results) document(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	before, rest, begins := strings.Cut(string(text), tableBegins)
	written, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table: %q and %q", path, tableBegins, tableEnds)
	}
	text = []byte(before + tableBegins + t.markdown(written) + tableEnds + after)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}

// markdown is the table, with the rows of clients that are still there and did not run as they were written before.
func (t *results) markdown(written string) string {
	rows := map[string]string{}
	for _, found := range writtenRow.FindAllStringSubmatch(written, -1) {
		if _, err := os.Stat(filepath.Join(root, found[1], "client.yaml")); err == nil {
			rows[found[1]] = found[0]
		}
	}
	for _, r := range t.all {
		rows[r.client.folder] = r.row()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| client | version | language | %s | more |\n", strings.Join(required(), " | "))
	fmt.Fprintf(&b, "|---|---|---|%s---|\n", strings.Repeat("---|", len(required())))
	for _, folder := range slices.Sorted(maps.Keys(rows)) {
		b.WriteString(rows[folder] + "\n")
	}
	return b.String()
}

var writtenRow = regexp.MustCompile(`(?m)^\| \[[^\]]+\]\(\.\./tests/clients/([^)]+)\).*$`)

func (r *result) row() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| [%s](../tests/clients/%s) | %s | %s |", r.client.Name, r.client.folder, r.version, r.client.Language)
	for _, name := range required() {
		fmt.Fprintf(&b, " %s |", r.mark(name))
	}
	fmt.Fprintf(&b, " %s |", r.more())
	return b.String()
}
