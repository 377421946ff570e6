package main

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// boxes is a table drawn with box characters, row by row. Cells may hold several lines.
type boxes [][]cell

// cell is one field: its text, and how a terminal shows it.
type cell struct {
	text  string
	paint func(line string) string // nil leaves it plain
}

func (c cell) lines() []string { return strings.Split(c.text, "\n") }

// draw returns the table, with a rule between its rows.
func (b boxes) draw(indent string) string {
	widths := b.widths()
	var out strings.Builder
	rule := func(left, middle, right string) {
		out.WriteString(indent + left)
		for i, w := range widths {
			if i > 0 {
				out.WriteString(middle)
			}
			out.WriteString(strings.Repeat("─", w+2))
		}
		out.WriteString(right + "\n")
	}
	rule("┌", "┬", "┐")
	for i, row := range b {
		if i > 0 {
			rule("├", "┼", "┤")
		}
		b.drawRow(&out, indent, row, widths)
	}
	rule("└", "┴", "┘")
	return out.String()
}

func (b boxes) drawRow(out *strings.Builder, indent string, row []cell, widths []int) {
	height := 1
	for _, c := range row {
		height = max(height, len(c.lines()))
	}
	for line := range height {
		out.WriteString(indent)
		for i, c := range row {
			text := ""
			if lines := c.lines(); line < len(lines) {
				text = lines[line]
			}
			out.WriteString("│ " + pad(text, widths[i], c.paint) + " ")
		}
		out.WriteString("│\n")
	}
}

// pad fills a text to a width in terminal cells. Colours take none, so they are added last.
func pad(text string, width int, paint func(string) string) string {
	space := strings.Repeat(" ", width-runewidth.StringWidth(text))
	if paint != nil {
		text = paint(text)
	}
	return text + space
}

func (b boxes) widths() []int {
	var widths []int
	for _, row := range b {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			for _, line := range c.lines() {
				widths[i] = max(widths[i], runewidth.StringWidth(line))
			}
		}
	}
	return widths
}
