package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// level is what is logged from now on. The zero value is the least: debug.
type level struct{ atomic.Int32 }

// set takes one of the flag's words.
func (l *level) set(word string) {
	parsed, err := zerolog.ParseLevel(word)
	if err != nil {
		return // the flag's enum has no such word
	}
	l.Store(int32(parsed))
}

// Run drops what is below the level. zerolog calls it for each line that would be written.
func (l *level) Run(e *zerolog.Event, of zerolog.Level, _ string) {
	if int32(of) < l.Load() {
		e.Discard()
	}
}

// logger writes one JSON object a line, or lines for people where a person looks.
func (f logFlags) logger(std *streams) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(f.LogLevel)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("reading the log level: %w", err)
	}
	return f.writing(std).Level(level), nil
}

// following is a logger whose level may change.
func (f logFlags) following(std *streams, l *level) zerolog.Logger { return f.writing(std).Hook(l) }

func (f logFlags) writing(std *streams) zerolog.Logger {
	var out io.Writer = std.err
	if f.LogFormat == "console" || f.LogFormat == "auto" && isTerminal(std.err) {
		out = zerolog.ConsoleWriter{Out: std.err, TimeFormat: time.TimeOnly, NoColor: !isTerminal(std.err)}
	}
	return zerolog.New(out).With().Timestamp().Logger()
}
