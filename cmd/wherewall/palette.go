package main

import "os"

// palette colours text for a terminal. The zero palette leaves it plain.
type palette struct{ on bool }

// paletteFor colours only where a person looks and has not said otherwise (https://no-color.org).
func paletteFor(stream any) palette {
	return palette{on: isTerminal(stream) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p palette) with(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p palette) bold(text string) string  { return p.with("1", text) }
func (p palette) faint(text string) string { return p.with("2", text) }
func (p palette) red(text string) string   { return p.with("31", text) }
func (p palette) green(text string) string { return p.with("32", text) }
func (p palette) cyan(text string) string  { return p.with("36", text) }
