package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the command's flags.
type options struct {
	full     bool
	smoke    bool
	only     []string // names of works and sections; empty for all
	clients  []int    // empty for all
	rivals   []string // empty for all
	seconds  float64
	rounds   int
	stream   int // megabytes that a stream has
	sessions int // idle ones before a scripted server
	real     int // idle ones before PostgreSQL
	out      string
	chart    string
	document string
	readme   string
	binary   string
	profile  string
	relay    string
	peer     string
}

func parseOptions(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.full, "full", false, "every work, every rival, longer rounds (make bench-proxy)")
	f.BoolVar(&o.smoke, "smoke", false, "a few transactions of everything, to see that it works")
	f.Func("only", "works to measure, apart by commas: "+strings.Join(workNames(), ", "), words(&o.only, workNames()))
	f.Func("rivals", "rivals to measure, apart by commas: "+strings.Join(rivalNames(), ", "), words(&o.rivals, rivalNames()))
	f.Func("clients", "numbers of clients to measure, apart by commas", numbers(&o.clients))
	f.Float64Var(&o.seconds, "seconds", 0, "length of one measurement, logins and warm-up included (1)")
	f.IntVar(&o.rounds, "rounds", 0, "measurements of each figure; the median counts (3)")
	f.IntVar(&o.stream, "stream-mb", 0, "megabytes that a streamed result has (128, with -full 1024)")
	f.IntVar(&o.sessions, "sessions", 0, "idle sessions before a scripted server (2000, with -full 10000)")
	f.IntVar(&o.real, "real-sessions", 0, "idle sessions before PostgreSQL (0, with -full 1000)")
	f.StringVar(&o.out, "out", "", "file for the results; the default prints them only")
	f.StringVar(&o.chart, "chart", "", "file for the chart, an SVG")
	f.StringVar(&o.document, "document", "", "Markdown file in which all results are replaced")
	f.StringVar(&o.readme, "readme", "", "Markdown file in which a short table is replaced")
	f.StringVar(&o.binary, "wherewall", "", "the binary to measure (default: built from the sources)")
	f.StringVar(&o.profile, "profile", "", "instead of measuring: a folder for profiles of a proxy in this process")
	f.StringVar(&o.relay, "relay", "", "used by the command itself: be the raw relay to this address")
	f.StringVar(&o.peer, "peer", "", "used by the command itself: be the scripted server before the one at this address")
	if err := f.Parse(args); err != nil {
		return options{}, err
	}
	if f.NArg() > 0 {
		return options{}, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	return o.withDefaults(), nil
}

// withDefaults fills in what was not given. Without -full, -smoke or -only it is a choice of works and rivals that takes less than five minutes.
func (o options) withDefaults() options {
	if !o.full && !o.smoke && len(o.only) == 0 {
		o.only = slices.DeleteFunc(workNames(), func(name string) bool { return name == "growth" })
		if len(o.clients) == 0 {
			o.clients = []int{1, 8, 16}
		}
		if len(o.rivals) == 0 {
			o.rivals = []string{direct, directRLS, pgbouncerRLS, unfiltered, wherewall}
		}
	}
	short := options{seconds: 1, rounds: 3, stream: 128, sessions: 2000}
	switch {
	case o.smoke:
		short = options{seconds: 0, rounds: 1, stream: 1, sessions: 20, real: 5}
	case o.full:
		short = options{seconds: 1, rounds: 3, stream: 1024, sessions: 10_000, real: 1000}
	}
	if o.seconds == 0 {
		o.seconds = short.seconds
	}
	if o.rounds == 0 {
		o.rounds = short.rounds
	}
	if o.stream == 0 {
		o.stream = short.stream
	}
	if o.sessions == 0 {
		o.sessions = short.sessions
	}
	if o.real == 0 {
		o.real = short.real
	}
	return o
}

// length is that of one measurement; zero means a few transactions.
func (o options) length() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }

// wants says whether a work or section is asked for.
func (o options) wants(name string) bool { return len(o.only) == 0 || slices.Contains(o.only, name) }

func (o options) wantsRival(name string) bool {
	return len(o.rivals) == 0 || slices.Contains(o.rivals, name)
}

func (o options) wantsClients(n int) bool {
	return len(o.clients) == 0 || slices.Contains(o.clients, n)
}

// words takes names apart by commas, each of which must be known.
func words(into *[]string, known []string) func(string) error {
	return func(s string) error {
		*into = strings.Split(s, ",")
		for _, word := range *into {
			if !slices.Contains(known, word) {
				return fmt.Errorf("%q is none of %s", word, strings.Join(known, ", "))
			}
		}
		return nil
	}
}

func numbers(into *[]int) func(string) error {
	return func(s string) error {
		for word := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(word)
			if err != nil {
				return fmt.Errorf("%q is no number", word)
			}
			*into = append(*into, n)
		}
		return nil
	}
}
