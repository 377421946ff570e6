package rewrite

import (
	"hash/maphash"
	"slices"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"

	"github.com/wherewall/wherewall/plan"
)

// templates remembers what was made of texts seen before: by text, and by shape where only the literals are others. Both also by declared types and
// plan shape. Schema and search path are the Rewriter's own: a reload makes a new one. Nothing here is a lock that readers wait for.
type templates struct {
	texts   *otter.Cache[templateKey, *Template]
	shapes  *otter.Cache[shapeKey, *shaped]
	byText  *stats.Counter
	byShape *stats.Counter // hits, and misses of both
	evicted *stats.Counter // shapes, beside look-ups that are of no interest
	sights  sights
	seeds   [2]maphash.Seed
}

type templateKey struct{ sql, types, shape string }

// shapeKey is a hash of a shape. What is found by it is compared in full.
type shapeKey [2]uint64

// maxKept is the longest text that is remembered, in bytes. Longer ones carry data, and seldom come twice.
const maxKept = 64 << 10

// newTemplates makes caches that hold size bytes together: client texts and what was made of them.
func newTemplates(size uint64) *templates {
	c := &templates{
		byText: stats.NewCounter(), byShape: stats.NewCounter(), evicted: stats.NewCounter(),
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
	c.texts = otter.Must(&otter.Options[templateKey, *Template]{
		MaximumWeight: size - size/4, StatsRecorder: c.byText,
		Weigher: func(key templateKey, t *Template) uint32 { return weight(len(key.sql)+len(key.types), t) },
	})
	c.shapes = otter.Must(&otter.Options[shapeKey, *shaped]{
		MaximumWeight: size / 4, StatsRecorder: c.evicted,
		Weigher: func(_ shapeKey, s *shaped) uint32 { return weight(len(s.key)+2*len(s.fixed)+2*len(s.free), s.template) },
	})
	return c
}

// weight estimates the bytes that a template and its key take.
func weight(key int, t *Template) uint32 {
	const entry, statement, piece = 256, 768, 48
	weight := key + entry
	if t != nil {
		weight += statement + 16*len(t.positions) + 16*len(t.marks)
		for _, part := range slices.Concat(t.Parts, []*Template{t}) {
			for _, s := range part.segments {
				weight += len(s.text) + piece
			}
		}
	}
	return uint32(weight) //nolint:gosec // texts are bounded to far less than 4 GiB
}

func (c *templates) get(sql, types string, p *plan.Plan) *Template {
	if c == nil {
		return nil
	}
	t, _ := c.texts.GetIfPresent(templateKey{sql, types, p.Shape})
	return t
}

func (c *templates) put(sql, types string, p *plan.Plan, t *Template) {
	if len(sql) > maxKept || t.secret {
		return
	}
	c.texts.Set(templateKey{sql, types, p.Shape}, t)
}

// found looks for a shape by its key.
func (c *templates) found(key []byte) *shaped {
	s, _ := c.shapes.GetIfPresent(c.hash(key))
	if s == nil || s.key != string(key) {
		return nil
	}
	return s
}

func (c *templates) keep(s *shaped) {
	c.shapes.Set(shapeKey{maphash.String(c.seeds[0], s.key), maphash.String(c.seeds[1], s.key)}, s)
}

func (c *templates) hash(key []byte) shapeKey {
	return shapeKey{maphash.Bytes(c.seeds[0], key), maphash.Bytes(c.seeds[1], key)}
}
