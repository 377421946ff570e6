package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// patience bounds a whole run.
const patience = time.Hour

// errDiffers is that of a run with an outcome that is not recorded.
var errDiffers = errors.New("some tests came out otherwise than recorded")

type options struct {
	only   *regexp.Regexp
	ways   []way
	record bool
	keep   string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "drivers:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	var only, ways string
	flags := flag.NewFlagSet("drivers", flag.ContinueOnError)
	flags.StringVar(&only, "run", "", "run the packages whose name matches this regular expression")
	flags.StringVar(&ways, "ways", "direct,unfiltered,filtered", "the ways to run them; direct is always among them")
	flags.BoolVar(&o.record, "record", false, "write down the differences, here and in docs/protocol.md; a reason that is not known is \"unexplained\"")
	flags.StringVar(&o.keep, "keep", "", "a folder for what go test says")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.only, err = regexp.Compile(only); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	o.ways = []way{direct}
	for _, word := range strings.Split(ways, ",") {
		switch w := way(word); w {
		case direct:
		case unfiltered, filtered:
			o.ways = append(o.ways, w)
		default:
			return o, fmt.Errorf("-ways: %q is none of direct, unfiltered and filtered", word)
		}
	}
	return o, nil
}

func run(ctx context.Context, args []string) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	recorded, err := readDifferences(recordFile)
	if err != nil {
		return err
	}
	w, err := openWorld(ctx, o.keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	found, before := differences{}, maps.Clone(recorded)
	for _, s := range suites() {
		if !o.only.MatchString(s.name) {
			recorded.forget(s.name)
			continue
		}
		if err := compare(ctx, w, s, o.ways, found, recorded); err != nil {
			return err
		}
	}
	recorded.keep(o.ways)
	if o.record {
		before.except(recorded) // is what did not run, and stays
		maps.Copy(found, before)
		if err := found.record(recordFile, recorded); err != nil {
			return err
		}
		return document(docsFile, found)
	}
	return found.check(recorded)
}

// compare runs a suite in all ways and notes which tests came out otherwise than directly.
func compare(ctx context.Context, w *world, s suite, ways []way, found, recorded differences) error {
	outcomes := map[way]map[string]outcome{}
	for _, by := range ways {
		began := time.Now()
		var err error
		if outcomes[by], err = w.runSuite(ctx, s, by, recorded.failing(s.name, by)); err != nil {
			return fmt.Errorf("%s, %s: %w", s.name, by, err)
		}
		fmt.Printf("%-14s %-11s %s in %s\n", s.name, by, tally(outcomes[by]), time.Since(began).Round(time.Second))
		if by != direct {
			found.add(s.name, by, outcomes[direct], outcomes[by])
		}
	}
	return nil
}
