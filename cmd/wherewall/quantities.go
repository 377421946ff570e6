package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Quantities of flags. Each refuses what no limit can be, so that a configuration file's error tells the place of it.

// number is how many things there may be; 0 is no limit.
type number int

func (n *number) UnmarshalText(text []byte) error {
	parsed, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return fmt.Errorf("%q: a whole number is expected, 0 for no limit", text)
	}
	*n = number(parsed) //nolint:gosec // 31 bits
	return nil
}

// size is a number of bytes, with PostgreSQL's units: powers of 1024.
type size int

// maxSize is what PostgreSQL's messages can hold.
const maxSize = 1 << 30

func (s *size) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "BkMG")
	n, err := strconv.ParseUint(digits, 10, 31)
	factor, known := map[string]uint64{"": 1, "B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}[string(text[len(digits):])]
	if err != nil || !known || n == 0 || n*factor > maxSize {
		return fmt.Errorf("%q: a size is expected, such as 512kB or 16MB, and 1GB at most", text)
	}
	*s = size(n * factor) //nolint:gosec // bounded by maxSize
	return nil
}

// span is a time that something may take; 0 is no limit.
type span time.Duration

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	switch {
	case err != nil:
		return fmt.Errorf("%q: a time is expected, such as 500ms, 30s or 10m; 0 is no limit", text)
	case d < 0 || d > 0 && d < time.Millisecond:
		return fmt.Errorf("%q: it may be 0, for no limit, or one millisecond and more", text)
	case d.Milliseconds() > math.MaxInt32:
		return errors.New("it may be 24 days at most")
	}
	*s = span(d)
	return nil
}

func (s span) duration() time.Duration { return time.Duration(s) }
