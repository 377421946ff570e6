// Command mutants checks the tests: it puts one deliberate fault after the other into what makes and enforces plans, and wants the tests to
// fail for each. A fault that the tests let pass is a rule that nothing holds.
//
// The sources stay as they are: go test is told by -overlay to read the faulty files in their place.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"text/tabwriter"
	"time"
)

// options are the command's flags.
type options struct {
	root  string
	only  string
	suite string
	all   bool
}

// errSurvived is that of a run in which a fault was not noticed.
var errSurvived = errors.New("the tests let faults pass")

func main() {
	var o options
	flag.StringVar(&o.root, "root", "..", "the module's folder")
	flag.StringVar(&o.only, "only", "", "regular expression for the names of the faults to try")
	flag.StringVar(&o.suite, "suite", "", "regular expression for the packages whose tests may notice (default: all)")
	flag.BoolVar(&o.all, "all", false, "run all packages for each fault, and say which of them notice")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return fmt.Errorf("finding the module: %w", err)
	}
	only, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("reading -only: %w", err)
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return fmt.Errorf("making a folder for faulty sources: %w", err)
	}
	defer os.RemoveAll(dir)
	chosen, err := suites(o.suite)
	if err != nil {
		return err
	}
	bench := &workbench{root: root, dir: dir, suites: chosen, all: o.all}
	fmt.Println("without a fault, all tests must pass")
	if err := bench.sound(ctx); err != nil {
		return err
	}
	return bench.tryAll(ctx, only)
}

// tryAll prints a line for each fault, as soon as its fate is known.
func (w *workbench) tryAll(ctx context.Context, only *regexp.Regexp) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	survivors, tried := 0, 0
	for _, f := range faults() {
		if !only.MatchString(f.name) {
			continue
		}
		began := time.Now()
		noticed, err := w.try(ctx, f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		tried++
		fate := "noticed by"
		if len(noticed) == 0 {
			fate = "SURVIVED"
			survivors++
		}
		fmt.Fprintf(table, "%-60s\t%-10s\t%v\t%.0f s\n", f.name, fate, noticed, time.Since(began).Seconds())
		table.Flush()
	}
	fmt.Printf("%d faults, %d noticed\n", tried, tried-survivors)
	if survivors > 0 {
		return errSurvived
	}
	return nil
}
