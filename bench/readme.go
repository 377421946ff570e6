package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// What the harness writes into a document stands between these lines.
const (
	figuresBegin = "<!-- the benchmark writes what follows -->\n"
	figuresEnd   = "<!-- until here -->\n"
)

// showIn replaces a document's figures.
func showIn(path, text string) error {
	if path == "" {
		return nil
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	shown, err := replaceFigures(string(document), text)
	if err != nil {
		return fmt.Errorf("showing the figures in %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(shown), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func replaceFigures(document, text string) (string, error) {
	before, rest, begins := strings.Cut(document, figuresBegin)
	_, after, ends := strings.Cut(rest, figuresEnd)
	if !begins || !ends {
		return "", errors.New("the marks around them are missing")
	}
	return before + figuresBegin + strings.TrimRight(text, "\n") + "\n" + figuresEnd + after, nil
}

// markdown is the table for readers in a hurry: the two that do the same work.
func (r *results) markdown(about string) string {
	var b strings.Builder
	b.WriteString("| | PgBouncer + RLS | Wherewall | ratio | p99, us | | CPU, us | |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range r.contests {
		theirs, known := r.figures.of(c.work.String(), pgbouncerRLS)
		ours, also := r.figures.of(c.work.String(), wherewall)
		if !known || !also {
			continue
		}
		latency := fmt.Sprintf("%.0f | %.0f", micros(theirs.p99), micros(ours.p99))
		if c.work.unit == "MB" {
			latency = "|" // One result is no distribution.
		}
		fmt.Fprintf(&b, "| %s | %.0f %s | %.0f %s | %.2f | %s | %.1f | %.1f |\n", c.work.title(), theirs.rate, c.work.per(), ours.rate, c.work.per(),
			ours.rate/theirs.rate, latency, micros(theirs.user+theirs.system), micros(ours.user+ours.system))
	}
	for _, tls := range []bool{false, true} {
		theirs, known := r.weight(pgbouncerRLS, tls)
		ours, also := r.weight(wherewall, tls)
		if known && also {
			fmt.Fprintf(&b, "| idle session%s | %.1f kB | %.1f kB | | | | | |\n", map[bool]string{true: ", TLS"}[tls], theirs, ours)
		}
	}
	b.WriteString("\np99 and CPU: PgBouncer's, then Wherewall's; CPU is the proxy's own, for each transaction, login or megabyte. " + strings.Join(strings.Fields(about), " ") + "\n")
	return b.String()
}
