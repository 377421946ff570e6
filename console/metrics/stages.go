package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wherewall/wherewall/rewrite"
)

// Stages measures the stages of statements that were not seen before. It is a rewrite.Stopwatch.
type Stages struct {
	began   time.Time
	seconds *prometheus.HistogramVec
	of      [rewrite.StageProve + 1]prometheus.Observer
}

// NewStages makes Stages.
func NewStages() *Stages {
	s := &Stages{began: time.Now(), seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "wherewall_rewrite_stage_seconds", Help: "Time that a stage of rewriting a statement took that was not seen before.",
		Buckets: []float64{1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1},
	}, []string{"stage"})}
	for stage := range s.of {
		s.of[stage] = s.seconds.WithLabelValues(stageName(rewrite.Stage(stage)))
	}
	return s
}

// Now is part of rewrite.Stopwatch.
func (s *Stages) Now() int64 { return int64(time.Since(s.began)) }

// Took is part of rewrite.Stopwatch.
func (s *Stages) Took(stage rewrite.Stage, since int64) {
	if stage >= 0 && int(stage) < len(s.of) {
		s.of[stage].Observe(time.Duration(s.Now() - since).Seconds())
	}
}

func stageName(s rewrite.Stage) string {
	switch s {
	case rewrite.StageParse:
		return "parse"
	case rewrite.StageGuard:
		return "guard"
	case rewrite.StageDeparse:
		return "deparse"
	case rewrite.StageProve:
		return "prove"
	default:
		return "unknown"
	}
}
