package rewrite

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
)

// builder puts the statements of one text together: their prints, the slots in them and the places that they share with the client's text.
type builder struct {
	client     string
	text       strings.Builder
	slots      []slotAt
	positions  []position // ours in bytes of text, theirs in bytes of client
	refusals   []*Refusal
	statements []Statement
	parts      []*Template // of a staged COPY
	secret     bool        // the client's text holds a token, or something like one

	fingerprint string // of the client's text; empty where nobody wants one

	slotsHere     []slotAt // of the statement being added, from the start of its print
	positionsHere []position
}

// slotAt is a constant of ours in the print.
type slotAt struct {
	at      int
	name    string
	printed string
}

func newBuilder(client string) *builder { return &builder{client: client} }

// aligned notes what Deparse finds while it walks the tree and the one that was read back.
func (b *builder) aligned(want, _ proto.Message, theirs, ours int32) {
	if name, ok := slotOf(want); ok {
		b.slotsHere = append(b.slotsHere, slotAt{at: int(ours), name: name, printed: "'" + slotPrefix + name + "'"})
		return
	}
	if theirs >= 0 && ours >= 0 {
		b.positionsHere = append(b.positionsHere, position{ours: int(ours), theirs: int(theirs)})
	}
}

// add ends a statement with its print.
func (b *builder) add(text string, s Statement, refusals []*Refusal) {
	if len(b.statements) > 0 {
		b.text.WriteString("; ")
	}
	base := b.text.Len()
	for _, at := range b.slotsHere {
		at.at += base
		b.slots = append(b.slots, at)
	}
	for _, p := range b.positionsHere {
		b.positions = append(b.positions, position{ours: base + p.ours, theirs: p.theirs})
	}
	b.slotsHere, b.positionsHere = nil, nil
	b.text.WriteString(text)
	b.statements = append(b.statements, s)
	b.refusals = append(b.refusals, refusals...)
}

// addPart keeps a statement by itself, too, with all the refusals of the text that it may be one of.
func (b *builder) addPart(text string, s Statement, refusals []*Refusal) error {
	alone := newBuilder(b.client)
	alone.slotsHere, alone.positionsHere = slices.Clone(b.slotsHere), slices.Clone(b.positionsHere)
	alone.add(text, s, refusals)
	t, err := alone.template()
	b.parts = append(b.parts, t)
	return err
}

// template cuts the text at its slots.
func (b *builder) template() (*Template, error) {
	t := &Template{refusals: b.refusals, Statements: b.statements}
	if len(b.parts) == len(b.statements) {
		t.Parts = b.parts
	}
	if len(b.statements) == 0 {
		t.Statements = []Statement{{Kind: Empty}}
	}
	text := b.text.String()
	slices.SortFunc(b.slots, func(x, y slotAt) int { return x.at - y.at })
	b.slots = slices.Compact(b.slots) // (a, b) = (SELECT ...) stands in the tree once for each column
	slices.SortFunc(b.positions, func(x, y position) int { return x.ours - y.ours })
	done, gap, next := 0, 0, 0
	theirs := runeCounter(b.client)
	for i := 0; i <= len(b.slots); i++ {
		end, width, name := len(text), 0, ""
		if i < len(b.slots) {
			printed := b.slots[i].printed
			end, width, name = b.slots[i].at, len(printed), b.slots[i].name
			if end < done || !strings.HasPrefix(text[end:], printed) {
				return nil, fmt.Errorf("slot %s is not printed as it should be", name)
			}
		}
		for ; next < len(b.positions) && b.positions[next].ours < end; next++ {
			if p := b.positions[next]; p.ours >= done {
				t.positions = append(t.positions, position{ours: p.ours - gap, theirs: theirs(p.theirs)})
			}
		}
		t.segments = append(t.segments, segment{text: text[done:end], slot: name})
		done, gap = end+width, gap+width
	}
	return t, nil
}

// runeCounter returns a function from byte offsets in s to positions in characters from 1.
func runeCounter(s string) func(int) int {
	if len(s) == utf8.RuneCountInString(s) {
		return func(at int) int { return at + 1 }
	}
	index := make([]int32, len(s)+1)
	count := int32(0)
	for i := range len(s) {
		if utf8.RuneStart(s[i]) {
			count++
		}
		index[i] = count
	}
	index[len(s)] = count + 1
	return func(at int) int {
		if at > len(s) {
			return 0
		}
		return int(index[at])
	}
}
