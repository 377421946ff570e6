package document

import (
	"fmt"
	"strings"
)

// File is the text of one policy file.
type File struct {
	Name  string
	lines []string
}

// NewFile keeps the text of a file for places and excerpts.
func NewFile(name string, text []byte) *File {
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return &File{Name: name, lines: lines}
}

// Place is a position in a file. Line and Col count from 1, Col in characters. The zero Place is nowhere.
type Place struct {
	File      *File
	Line, Col int
}

// Name is the file's name, or empty for the zero Place.
func (p Place) Name() string {
	if p.File == nil {
		return ""
	}
	return p.File.Name
}

// String is file:line:col, or the name alone of what has no lines, as a row of a table has none.
func (p Place) String() string {
	if p.Line == 0 && p.File != nil {
		return p.File.Name
	}
	return fmt.Sprintf("%s:%d:%d", p.Name(), p.Line, p.Col)
}

// Excerpt is the line with a caret below the column, or empty where there is no such line.
func (p Place) Excerpt() string {
	if p.File == nil || p.Line < 1 || p.Line > len(p.File.lines) {
		return ""
	}
	line := p.File.lines[p.Line-1]
	var pad strings.Builder
	for i, r := range []rune(line) {
		if i+1 >= p.Col {
			break
		}
		// A tab stays a tab, so that the caret stands right however wide tabs are shown.
		if r == '\t' {
			pad.WriteRune('\t')
		} else {
			pad.WriteByte(' ')
		}
	}
	return line + "\n" + pad.String() + "^"
}
