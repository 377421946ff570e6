// Command bench measures what Wherewall costs: point selects by primary key, straight to PostgreSQL, through PgBouncer to
// native row-level security, and through Wherewall, on one machine and in interleaved rounds. All of them log in by
// SCRAM-SHA-256, and the filtered ones must show the same rows before any of them is timed.
//
// It starts every server itself, on private ports, and stops them by their process IDs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// options are the command's flags.
type options struct {
	seconds int
	rounds  int
	out     string
	readme  string
	binary  string
}

// limit bounds the whole run: set-up, and all rounds with a second for each login and logout.
func (o options) limit() time.Duration {
	rounds := o.rounds * len(cases()) * 4 * (o.seconds + 1)
	return 5*time.Minute + time.Duration(rounds)*time.Second
}

func main() {
	var o options
	flag.IntVar(&o.seconds, "seconds", 3, "length of one measurement")
	flag.IntVar(&o.rounds, "rounds", 3, "measurements of each figure; the median counts")
	flag.StringVar(&o.out, "out", "bench/results.txt", "file for the results")
	flag.StringVar(&o.readme, "readme", "README.md", "document whose figures are replaced by these; empty for none")
	flag.StringVar(&o.binary, "wherewall", "", "the binary to measure (default: built from the sources)")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.limit())
	defer cancel()
	dir, err := os.MkdirTemp("", "wherewall-bench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // PgBouncer runs as another user.
		return fmt.Errorf("opening the directory to PgBouncer's user: %w", err)
	}

	db, err := startDatabase(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.server.Stop()) }()

	rivals := []*rival{db.direct("direct, no filter", databasePlain), db.direct("direct, native RLS", databaseNative)}
	bouncer, err := startPgBouncer(ctx, dir, db)
	if err != nil {
		return err
	}
	defer bouncer.stop()
	wall, err := startWherewall(ctx, dir, o.binary, db)
	if err != nil {
		return err
	}
	defer wall.stop()
	rivals = append(rivals, bouncer, wall)

	if err := sameRows(ctx, rivals); err != nil {
		return err
	}
	bench, err := newPgbench(dir, db.bin)
	if err != nil {
		return err
	}
	figures, err := measure(ctx, o, bench, rivals)
	if err != nil {
		return err
	}
	return report(ctx, o, db, rivals, figures)
}

func report(ctx context.Context, o options, db *database, rivals []*rival, f figures) error {
	text := db.environment(ctx, o) + "\n" + f.table(rivals)
	fmt.Print(text)
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	if err := os.WriteFile(o.out, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return showIn(o.readme, text)
}

// measure runs all rounds. Every round visits each case, and each case each rival, so that a slow minute of the machine
// hits them alike; the order of the rivals turns with the round.
func measure(ctx context.Context, o options, bench *pgbench, rivals []*rival) (figures, error) {
	f := figures{}
	for round := range o.rounds {
		for _, c := range cases() {
			for i := range rivals {
				r := rivals[(i+round)%len(rivals)]
				sample, err := bench.sample(ctx, r, c, o.seconds)
				if err != nil {
					return nil, fmt.Errorf("measuring %s, %s: %w", r.name, c, err)
				}
				f.add(r, c, sample)
				progress(os.Stderr, round, r, c, sample)
			}
		}
	}
	return f, nil
}

func progress(w io.Writer, round int, r *rival, c benchCase, s sample) {
	fmt.Fprintf(w, "round %d  %-24s %-20s %8.0f tps\n", round+1, c, r.name, s.tps)
}
