// Command fuzzoracle looks for statements that Wherewall answers otherwise than PostgreSQL's own row-level security.
//
// It generates statements over the samples from a seed, sends each through Wherewall and to a copy of the same database under the exported
// policies, as the same user, and compares rows, columns, command tags, SQLSTATEs and what is in the tables afterwards. What differs is
// judged, made as small as it gets, and written as a case of tests/testdata/oracle. docs/fuzzing.md says how to run it and read it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// options are the command's flags.
type options struct {
	root     string // of the module, where the samples are
	n        int
	seed     uint64
	workers  int
	only     int    // the number of the one statement to run; negative for all
	samples  string // names with commas
	smith    int    // how many statements of sqlsmith to add
	out      string
	verbose  bool
	minimise bool
	cache    string // what the proxy remembers of statements
	refusals bool   // also minimise one statement for each reason of refusals
}

// errDifferent ends a run that found a leak or a wrong result.
var errDifferent = errors.New("leaks or wrong results were found")

func main() {
	var o options
	flag.StringVar(&o.root, "root", ".", "the module's folder")
	flag.IntVar(&o.n, "n", 10000, "how many statements to generate")
	flag.Uint64Var(&o.seed, "seed", 1, "the seed of the run; a statement is named by seed and number")
	flag.IntVar(&o.workers, "workers", 2*runtime.GOMAXPROCS(0), "how many run side by side, each with databases of its own")
	flag.IntVar(&o.only, "only", -1, "run only the statement of this number, and print it")
	flag.StringVar(&o.samples, "samples", "saas,hospital", "the samples, with commas")
	flag.IntVar(&o.smith, "sqlsmith", 0, "how many statements of Debian's sqlsmith to add, where it is installed")
	flag.StringVar(&o.cache, "statement-cache", "verify", "what the proxy remembers: shapes, texts, off, or verify to compare what it remembers with a new rewriting each time")
	flag.StringVar(&o.out, "out", "fuzz-oracle.txt", "file for the differences")
	flag.BoolVar(&o.verbose, "v", false, "print each statement and what became of it")
	flag.BoolVar(&o.minimise, "minimise", true, "make differences small")
	flag.BoolVar(&o.refusals, "refusals", true, "show a small statement for each reason of refusals")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fuzzoracle:", err)
		stop()
		os.Exit(1)
	}
}
