package main

import (
	"fmt"

	"github.com/wherewall/wherewall/rewrite"
)

// memoryFlags say what is remembered of statements.
type memoryFlags struct {
	StatementCache     string `default:"shapes" enum:"shapes,texts,off,verify" help:"Which statements need no parsing: shapes (those that differ from one seen before in literals at most), texts (those seen before), off (none); verify is shapes, and refuses what parsing would give another answer for (${default})."`
	StatementCacheSize size   `default:"64MB" help:"What rewritten statements may take of memory."`
}

// leastMemory is what a cache needs to be of any use, in bytes.
const leastMemory = 1 << 20

func (f memoryFlags) validate() error {
	if f.StatementCacheSize < leastMemory && f.StatementCache != "off" {
		return usage(fmt.Errorf("--statement-cache-size is less than 1MB: --statement-cache off remembers nothing"))
	}
	return nil
}

// memory is what the flags ask for. Kong has checked the name.
func (f memoryFlags) memory() (rewrite.Memory, error) {
	of, err := rewrite.ParseRemembering(f.StatementCache)
	return rewrite.Memory{Of: of, Bytes: uint64(f.StatementCacheSize)}, err //nolint:gosec // sizes are not negative
}
