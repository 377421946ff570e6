package rewrite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// steps notes the stages that it is told of.
type steps struct{ stages []rewrite.Stage }

func (*steps) Now() int64 { return 7 }

func (s *steps) Took(stage rewrite.Stage, since int64) {
	if since == 7 {
		s.stages = append(s.stages, stage)
	}
}

func TestStagesAreToldOnceForWhatIsRemembered(t *testing.T) {
	t.Parallel()
	watch := &steps{}
	g, p := rewrite.New(theSample.snapshot, rewrite.WithStopwatch(watch)), theSample.values(t, "kim@acme").Plan()
	for range 3 {
		require.Nil(t, g.Rewrite("SELECT id FROM app.task WHERE id = 1", p).Refused)
	}
	require.Equal(t, []rewrite.Stage{rewrite.StageParse, rewrite.StageGuard, rewrite.StageDeparse, rewrite.StageProve}, watch.stages)
}

func TestFingerprintsAreTheSameForAllLiterals(t *testing.T) {
	t.Parallel()
	g, p := rewrite.New(theSample.snapshot, rewrite.WithFingerprints()), theSample.values(t, "kim@acme").Plan()
	one := g.Rewrite("SELECT id FROM app.task WHERE title = 'a'", p).Fingerprint()
	require.Len(t, one, 16)
	require.Equal(t, one, g.Rewrite("SELECT id  FROM app.task  WHERE title = 'another'", p).Fingerprint())
	require.NotEqual(t, one, g.Rewrite("SELECT title FROM app.task WHERE title = 'a'", p).Fingerprint())
	require.Len(t, g.Rewrite("DROP TABLE app.task", p).Fingerprint(), 16, "a refused statement has one, too")
	require.Empty(t, g.Rewrite("SELEC 1", p).Fingerprint())
	require.Empty(t, theSample.rewriter.Rewrite("SELECT 5", p).Fingerprint(), "nobody has asked for any")
}
