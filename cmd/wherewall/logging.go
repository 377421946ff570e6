package main

import (
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
)

// logger writes one JSON object a line, or lines for people where a person looks.
func (f logFlags) logger(std *streams) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(f.LogLevel)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("reading the log level: %w", err)
	}
	var out io.Writer = std.err
	if f.LogFormat == "console" || f.LogFormat == "auto" && isTerminal(std.err) {
		out = zerolog.ConsoleWriter{Out: std.err, TimeFormat: time.TimeOnly, NoColor: !isTerminal(std.err)}
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger(), nil
}
