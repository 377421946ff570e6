package main

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// boxes is a table drawn with box characters. Cells may hold several lines. The first row is the heading.
type boxes struct {
	rows  [][]cell
	right map[int]bool // columns that are aligned to the right
}

// cell is one field: its text, and how a terminal shows it.
type cell struct {
	text  string
	paint func(string) string // nil leaves it plain
}

func (c cell) lines() []string { return strings.Split(c.text, "\n") }

// String draws the table with a line under the heading and one between groups of rows.
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
	for i, row := range b.rows {
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
			out.WriteString("│ " + b.pad(text, widths[i], b.right[i] && len(b.rows) > 0, c.paint) + " ")
		}
		out.WriteString("│\n")
	}
}

// pad fills a text to a width in terminal cells. Colours take none, so they are added last.
func (b boxes) pad(text string, width int, right bool, paint func(string) string) string {
	space := strings.Repeat(" ", width-runewidth.StringWidth(text))
	if paint != nil {
		text = paint(text)
	}
	if right {
		return space + text
	}
	return text + space
}

func (b boxes) widths() []int {
	var widths []int
	for _, row := range b.rows {
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
