package document

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Section is the value of a key of a document that is read entry by entry, because there may be a million of them.
type Section struct {
	Key     *Node
	file    *File
	entries []int // the line that each entry begins at, from 0, and at last the line after the section
}

// ParseSplit is Parse with the block maps under some of the document's keys left out of its nodes: they come as sections.
func ParseSplit(name string, text []byte, keys ...string) ([]*Node, []*Section, []Fault) {
	file := NewFile(name, text)
	// To YAML a carriage return ends a line, wherever it stands; to whoever looks at the file it does not.
	for i, line := range file.lines {
		if at := strings.IndexByte(line, '\r'); at >= 0 {
			return nil, nil, []Fault{{Place: Place{file, i + 1, utf8.RuneCountInString(line[:at]) + 1}, Message: "a carriage return in the middle of a line"}}
		}
	}
	sections, rest := file.sections(keys)
	c := &converter{file: file, lines: rest}
	documents := c.parse(file.join(rest))
	for i, s := range sections {
		for _, other := range sections[:i] {
			if other.Key.Text == s.Key.Text {
				c.twice(s.Key, other.Key)
			}
		}
		for _, d := range documents {
			if e := d.entry(s.Key.Text); e != nil {
				first, second := e.Key, s.Key
				if first.Place.Line > second.Place.Line {
					first, second = second, first
				}
				c.twice(second, first)
			}
		}
	}
	return documents, sections, c.faults
}

func (c *converter) twice(n, first *Node) {
	c.faults = append(c.faults, Fault{n.Place, fmt.Sprintf("%q is there twice, first at %s", n.Text, first.Place), true})
}

// sections finds the sections and the lines that are in none. A file with anything that may make a line at the margin mean something
// else (several documents, directives) has none.
func (f *File) sections(keys []string) (sections []*Section, rest []int) {
	plain := !slices.ContainsFunc(f.lines, func(l string) bool {
		return strings.HasPrefix(l, "---") || strings.HasPrefix(l, "...") || strings.HasPrefix(l, "%") || strings.HasPrefix(l, "\ufeff")
	})
	for i := 0; i < len(f.lines); {
		if key, ok := sectionKey(f.lines[i], keys); ok && plain {
			if s := f.section(i, key); s != nil {
				sections = append(sections, s)
				i = s.entries[len(s.entries)-1]
				continue
			}
		}
		rest = append(rest, i+1)
		i++
	}
	return sections, rest
}

// sectionKey reads `key:` at the margin with nothing but a comment after it.
func sectionKey(line string, keys []string) (string, bool) {
	key, after, ok := strings.Cut(line, ":")
	if !ok || !slices.Contains(keys, key) {
		return "", false
	}
	after = strings.TrimLeft(after, " ")
	return key, after == "" || after[0] == '#' && line[len(key)+1] == ' '
}

// section finds where the entries of the map under a key begin; nil where it is no plain block map.
func (f *File) section(at int, key string) *Section {
	s := &Section{file: f, Key: &Node{Kind: Scalar, Text: key, Place: Place{f, at + 1, 1}}}
	indent, i := 0, at+1
	for ; i < len(f.lines); i++ {
		line := f.lines[i]
		content := strings.TrimLeft(line, " ")
		if content == "" || content[0] == '#' {
			continue
		}
		depth := len(line) - len(content)
		if depth == 0 {
			break
		}
		if indent == 0 {
			indent = depth
		}
		switch {
		case depth < indent || content[0] == '\t' || content[0] == '-' && depth == indent:
			return nil
		case depth == indent:
			s.entries = append(s.entries, i)
		}
	}
	if len(s.entries) == 0 {
		return nil
	}
	s.entries = append(s.entries, i)
	return s
}

// Each reads the entries one after the other. What it gives is not kept.
func (s *Section) Each(f func(key, value *Node)) []Fault {
	var faults []Fault
	for i, from := range s.entries[:len(s.entries)-1] {
		to := s.entries[i+1]
		q := &quick{file: s.file, line: from, end: to}
		if e, ok := q.entry(); ok {
			f(e.Key, e.Value)
			continue
		}
		lines := make([]int, 0, to-from)
		for l := from; l < to; l++ {
			lines = append(lines, l+1)
		}
		c := &converter{file: s.file, lines: lines}
		for _, d := range c.parse(s.file.join(lines)) {
			if d.Kind != Map {
				c.fault(d.Place, "a key is missing or needs quotes")
			}
			for _, e := range d.Entries {
				f(e.Key, e.Value)
			}
		}
		faults = append(faults, c.faults...)
	}
	return faults
}

// Len is the number of entries.
func (s *Section) Len() int { return len(s.entries) - 1 }

// join is the text of some lines.
func (f *File) join(lines []int) []byte {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(f.lines[l-1])
		b.WriteByte('\n')
	}
	return []byte(b.String())
}
