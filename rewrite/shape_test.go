package rewrite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

func BenchmarkSameShape(b *testing.B) {
	v := theSample.values(b, "kim@acme")
	texts := make([]string, 4096)
	for i := range texts {
		texts[i] = shapedText(i)
	}
	g := rewrite.New(theSample.snapshot)
	for _, sql := range texts[:3] {
		require.Nil(b, g.Rewrite(sql, v.Plan()).Refused)
	}
	before := g.CacheStats()
	var text []byte
	b.ReportAllocs()
	b.SetBytes(int64(len(texts[5])))
	for i := 3; b.Loop(); i++ {
		text = g.Rewrite(texts[3+i%4093], v.Plan()).AppendSQL(text[:0], v)
	}
	after := g.CacheStats()
	require.Equal(b, before.Misses, after.Misses)
}
