package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// recordFile has the differences that are known, from the module's folder: a line for each, with the suite, the way, the test, what became of it
// directly and in that way, and the reason, which docs/protocol.md explains.
const recordFile = "tests/drivers/differences.txt"

const unexplained = "unexplained"

// differences are the tests that come out otherwise than directly, by suite, way and test: what became of them, and why.
type differences map[string]difference

type difference struct {
	suite              string
	by                 way
	test, directly, so string
	reason             string
}

func key(suite string, by way, test string) string { return suite + " " + string(by) + " " + test }

// add notes the differences between what became of tests directly and in another way.
func (d differences) add(suite string, by way, directly, so map[string]outcome) {
	tests := map[string]bool{}
	for test := range directly {
		tests[test] = true
	}
	for test := range so {
		tests[test] = true
	}
	for test := range tests {
		if directly[test].is == so[test].is {
			continue
		}
		d[key(suite, by, test)] = difference{
			suite: suite, by: by, test: test, directly: orNone(directly[test].is), so: orNone(so[test].is), reason: reasonOf(test, so),
		}
	}
}

func orNone(outcome string) string {
	if outcome == "" {
		return "none"
	}
	return outcome
}

// failing says which tests are recorded to fail in a way.
func (d differences) failing(suite string, by way) func(test string) bool {
	return func(test string) bool { return d[key(suite, by, test)].so == "fail" }
}

// forget takes away what is about a suite that does not run.
func (d differences) forget(suite string) {
	maps.DeleteFunc(d, func(_ string, each difference) bool { return each.suite == suite })
}

// keep takes away what is about ways that do not run.
func (d differences) keep(ways []way) {
	maps.DeleteFunc(d, func(_ string, each difference) bool {
		return !slices.Contains(ways, each.by)
	})
}

// except takes away what others has.
func (d differences) except(others differences) {
	maps.DeleteFunc(d, func(k string, _ difference) bool {
		_, there := others[k]
		return there
	})
}

// check wants what was found to be what is recorded.
func (d differences) check(recorded differences) error {
	failed := false
	for _, k := range slices.Sorted(maps.Keys(d)) {
		if r, known := recorded[k]; !known || r.directly != d[k].directly || r.so != d[k].so {
			fmt.Printf("new:  %s %s -> %s\n", k, d[k].directly, d[k].so)
			failed = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(recorded)) {
		if _, found := d[k]; !found {
			fmt.Printf("gone: %s %s -> %s (%s)\n", k, recorded[k].directly, recorded[k].so, recorded[k].reason)
			failed = true
		}
	}
	if failed {
		return errDiffers
	}
	fmt.Printf("%d tests come out otherwise than directly, as recorded\n", len(d))
	return nil
}

// record writes what was found, with the reasons that are known.
func (d differences) record(path string, recorded differences) error {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(d)) {
		each := d[k]
		if r, known := recorded[k]; known && each.reason == unexplained {
			each.reason = r.reason
		}
		d[k] = each
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", strings.ReplaceAll(k, "\t", " "), each.directly, each.so, each.reason)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("recording the differences: %w", err)
	}
	return nil
}

func readDifferences(path string) (differences, error) {
	all := differences{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the recorded differences: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		words := strings.SplitN(fields[0], " ", 3)
		if len(fields) != 4 || len(words) != 3 {
			return nil, fmt.Errorf("%s: not a difference: %q", path, lines.Text())
		}
		all[fields[0]] = difference{suite: words[0], by: way(words[1]), test: words[2], directly: fields[1], so: fields[2], reason: fields[3]}
	}
	return all, lines.Err()
}
