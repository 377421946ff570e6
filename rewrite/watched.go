package rewrite

// Option is something that a Rewriter does beside rewriting, for who watches it.
type Option func(*Rewriter)

// WithFingerprints has a Template know the fingerprint of its text. That takes about as long as parsing it, once for each template.
func WithFingerprints() Option { return func(g *Rewriter) { g.fingerprints = true } }

// WithStopwatch has somebody told how long the stages of a rewrite take. Statements that are remembered pass none of them.
func WithStopwatch(s Stopwatch) Option { return func(g *Rewriter) { g.stopwatch = s } }

// Stage is a part of rewriting a text that was not seen before.
type Stage int

// The stages, in their order. The last three are passed once for each statement of the text.
const (
	StageParse   Stage = iota // the text is read
	StageGuard                // its tree is guarded
	StageDeparse              // the tree is printed, and the print read back
	StageProve                // what was read back is proven
)

// Stopwatch measures stages. It is called by many goroutines at once. Rewriting has no clock of its own.
type Stopwatch interface {
	// Now is a reading of the clock.
	Now() int64
	// Took says that a stage has taken the time since a reading.
	Took(stage Stage, since int64)
}

func (g *Rewriter) begins() int64 {
	if g.stopwatch == nil {
		return 0
	}
	return g.stopwatch.Now()
}

// ends tells of the end of a stage, and begins the next.
func (g *Rewriter) ends(stage Stage, since int64) int64 {
	if g.stopwatch == nil {
		return 0
	}
	g.stopwatch.Took(stage, since)
	return g.stopwatch.Now()
}
