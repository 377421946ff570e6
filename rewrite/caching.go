package rewrite

import (
	"fmt"
	"slices"
)

// Remembering says what a Rewriter does with texts that it has seen before.
type Remembering int

// The zero value remembers.
const (
	// RememberShapes answers a text from one seen before that differs in its literals at most.
	RememberShapes Remembering = iota
	// RememberTexts answers a text that was seen before.
	RememberTexts
	// RememberNothing rewrites every text anew.
	RememberNothing
	// RememberAndProve remembers as RememberShapes does, and rewrites every text anew all the same. It tries the shape of each with other literals,
	// too. Where what is rewritten differs from what was remembered, or would be, the text is refused. It is for tests.
	RememberAndProve
)

// ParseRemembering reads shapes, texts, off or verify, which are the kinds of Remembering in their order.
func ParseRemembering(name string) (Remembering, error) {
	i := slices.Index([]string{"shapes", "texts", "off", "verify"}, name)
	if i < 0 {
		return 0, fmt.Errorf("%q is none of shapes, texts, off and verify", name)
	}
	return Remembering(i), nil
}

// Memory is what a Rewriter remembers.
type Memory struct {
	Of Remembering
	// Bytes bounds it, in bytes; zero for DefaultMemory.
	Bytes uint64
}

// DefaultMemory is what a Rewriter remembers unless it is told otherwise, in bytes.
const DefaultMemory = 64 << 20

// WithMemory has a Rewriter remember as it is told to.
func WithMemory(m Memory) Option { return func(g *Rewriter) { g.memory = m } }

// byShape says whether texts share templates that differ in literals alone.
func (g *Rewriter) byShape() bool { return g.memory.Of == RememberShapes || g.proves() }

// proves says whether what is remembered is proven again each time.
func (g *Rewriter) proves() bool { return g.memory.Of == RememberAndProve }

func (m Memory) templates() *templates {
	if m.Of == RememberNothing {
		return nil
	}
	size := m.Bytes
	if size == 0 {
		size = DefaultMemory
	}
	return newTemplates(size)
}

// CacheStats tell what a Rewriter found among the texts that it had seen before, and what it remembers of them.
type CacheStats struct {
	// ByText are texts that had been seen before, ByShape those that differed from one seen before in literals alone. Misses were parsed. Evictions are
	// entries that made room for others. None of these ever goes back.
	ByText, ByShape, Misses, Evictions uint64
	// Bytes is what is remembered, as it is estimated, Limit what it is bounded by, and Entries how many texts and shapes it is about.
	Bytes, Limit, Entries uint64
}

// CacheStats are those of this Rewriter since it was made; a reload makes a new one. They are zero where nothing is remembered.
func (g *Rewriter) CacheStats() CacheStats {
	c := g.templates
	if c == nil {
		return CacheStats{}
	}
	texts, shapes, found := c.byText.Snapshot(), c.evicted.Snapshot(), c.byShape.Snapshot()
	return CacheStats{
		ByText: texts.Hits, ByShape: found.Hits, Misses: found.Misses, Evictions: texts.Evictions + shapes.Evictions,
		Bytes: c.texts.WeightedSize() + c.shapes.WeightedSize(), Limit: c.texts.GetMaximum() + c.shapes.GetMaximum(),
		Entries: uint64(c.texts.EstimatedSize() + c.shapes.EstimatedSize()), //nolint:gosec // sizes are not negative
	}
}
