package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// The figures in a document stand between these lines.
const (
	figuresBegin = "<!-- make bench writes what follows -->\n"
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
	return before + figuresBegin + "```text\n" + strings.TrimRight(text, "\n") + "\n```\n" + figuresEnd + after, nil
}
