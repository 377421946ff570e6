package rewrite

import (
	"slices"

	"github.com/maypok86/otter/v2"

	"github.com/wherewall/wherewall/plan"
)

// templates remembers the templates of texts seen before, by text, declared types and plan shape. Schema and search path are the Rewriter's own: a
// reload makes a new one.
type templates struct {
	cache *otter.Cache[templateKey, *Template]
}

type templateKey struct{ sql, types, shape string }

// maxTemplateBytes bounds what is remembered: client texts and what was made of them.
const maxTemplateBytes = 64 << 20

// maxKept is the longest text that is remembered, in bytes. Longer ones carry data, and seldom come twice.
const maxKept = 64 << 10

func newTemplates() *templates {
	return &templates{cache: otter.Must(&otter.Options[templateKey, *Template]{
		MaximumWeight: maxTemplateBytes,
		Weigher: func(key templateKey, t *Template) uint32 {
			weight := len(key.sql) + len(key.types) + 16*len(t.positions) + 512
			for _, part := range slices.Concat(t.Parts, []*Template{t}) {
				for _, s := range part.segments {
					weight += len(s.text) + 32
				}
			}
			return uint32(weight) //nolint:gosec // texts are bounded to far less than 4 GiB
		},
	})}
}

func (c *templates) get(sql, types string, p *plan.Plan) *Template {
	t, _ := c.cache.GetIfPresent(templateKey{sql, types, p.Shape})
	return t
}

func (c *templates) put(sql, types string, p *plan.Plan, t *Template) {
	if len(sql) > maxKept || t.secret {
		return
	}
	c.cache.Set(templateKey{sql, types, p.Shape}, t)
}
