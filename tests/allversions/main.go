// Command allversions runs the tests on each major version of PostgreSQL that Wherewall is for, one after the other, and prints
// which packages passed on which.
//
//	go run ./tests/allversions                              everything, on all versions
//	go run ./tests/allversions -on 16,18 -run TestOracle ./tests
//
// What is not a flag of its own goes to go test. A version that is not installed is fetched and kept.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

// errFailed is that of a run in which a package failed on some version.
var errFailed = errors.New("not everything passed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "allversions:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	majors, args, err := versions(args)
	if err != nil {
		return err
	}
	// All servers first: a version that cannot be had is better told at once than after half an hour.
	servers := make([]string, len(majors))
	for i, major := range majors {
		if servers[i], err = pgtemp.FindMajor(ctx, os.Stderr, major); err != nil {
			return err
		}
	}
	table := &results{majors: majors, verdicts: map[string]map[int]verdict{}}
	for i, major := range majors {
		fmt.Printf("PostgreSQL %d, from %s\n", major, servers[i])
		if err := test(ctx, table, major, servers[i], args); err != nil {
			return err
		}
	}
	table.print(os.Stdout)
	if !table.passed() {
		return errFailed
	}
	return nil
}

// versions takes -on off the arguments. Without arguments, all packages are tested.
func versions(args []string) ([]int, []string, error) {
	majors := pgtemp.Majors()
	if len(args) > 1 && args[0] == "-on" {
		majors = nil
		for _, word := range strings.Split(args[1], ",") {
			major, err := strconv.Atoi(word)
			if err != nil || !slices.Contains(pgtemp.Majors(), major) {
				return nil, nil, fmt.Errorf("-on %s: there are %v", args[1], pgtemp.Majors())
			}
			majors = append(majors, major)
		}
		args = args[2:]
	}
	if len(args) == 0 {
		args = []string{"./..."}
	}
	return majors, args, nil
}
