package main

import (
	"fmt"
	"html"
	"os"
	"strings"
)

// bar is a work in the chart: a rate as a share of the rival's.
type bar struct {
	about string
	share float64
}

// bars are the works at which both were measured.
func (r *results) bars() []bar {
	var all []bar
	for _, c := range r.contests {
		work := c.work.String()
		if share, ok := r.rates(work, wherewall, pgbouncerRLS); ok {
			all = append(all, bar{c.work.title(), share})
		}
	}
	return all
}

// The chart's measures, in pixels. A share beyond chartMost is cut, and its label says what it is.
const (
	chartWidth, chartLeft, chartRow, chartTop = 720, 250, 26, 54
	chartMost                                 = 1.6
)

// chart draws the bars as an SVG that a browser shows in its own colours, light or dark.
func chart(all []bar, below string) string {
	const scale = (chartWidth - chartLeft - 70) / chartMost
	height := chartTop + len(all)*chartRow + 44
	one := chartLeft + scale
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">
<title id="title">Wherewall's rate as a share of that of PgBouncer with native row-level security</title>
<style>
  svg { --page: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #8c959f; --bar: #2f6f9f; --less: #b35900; }
  @media (prefers-color-scheme: dark) { svg { --page: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #6e7681; --bar: #5aa9e0; --less: #e8954a; } }
  text { font: 13px system-ui, sans-serif; fill: var(--ink); }
  .soft { fill: var(--soft); font-size: 12px; }
  .share { paint-order: stroke; stroke: var(--page); stroke-width: 4px; }
</style>
<rect width="100%%" height="100%%" style="fill: var(--page)"/>
<text x="16" y="22" style="font-weight: 600">Wherewall beside PgBouncer in front of native row-level security (= 1.0)</text>
<text x="16" y="41" class="soft">rate of the same work on the same machine, in turns; longer is faster</text>
`, chartWidth, height, chartWidth, height)
	bottom := chartTop + len(all)*chartRow
	for i, bar := range all {
		y := chartTop + i*chartRow
		colour := "--bar"
		if bar.share < 0.95 {
			colour = "--less"
		}
		width := min(bar.share, chartMost) * scale
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", chartLeft-10, y+17, bar.about)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" style="fill: var(%s)"/>`+"\n", chartLeft, y+5, width, chartRow-10, colour)
	}
	fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" style="stroke: var(--line); stroke-dasharray: 4 3"/>`+"\n", one, one, chartTop-2, bottom+2)
	for i, bar := range all { // After the line, which they would be struck through by.
		label := fmt.Sprintf("%.2f", bar.share)
		if bar.share > chartMost {
			label = "→ " + label
		}
		fmt.Fprintf(&b, `<text class="share" x="%.1f" y="%d">%s</text>`+"\n", chartLeft+min(bar.share, chartMost)*scale+6, chartTop+i*chartRow+17, label)
	}
	fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" class="soft">1.0</text>`+"\n", one, bottom+17)
	fmt.Fprintf(&b, `<text x="16" y="%d" class="soft">%s</text>`+"\n</svg>\n", height-8, html.EscapeString(below))
	return b.String()
}

func (r *results) draw(path, below string) error {
	if path == "" {
		return nil
	}
	if err := os.WriteFile(path, []byte(chart(r.bars(), below)), 0o644); err != nil {
		return fmt.Errorf("writing the chart: %w", err)
	}
	return nil
}
