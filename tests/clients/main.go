package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

// root is the folder of the clients, from the module's own.
const root = "tests/clients"

// errFailed is that of a run in which a check failed.
var errFailed = errors.New("not every check passed")

// options are the command line.
type options struct {
	only                                *regexp.Regexp
	direct, capture, docs, keep, listed bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	clients, err := readClients(root)
	if err != nil {
		return err
	}
	chosen := clients[:0:0]
	for _, c := range clients {
		if o.only.MatchString(c.folder) {
			chosen = append(chosen, c)
		}
	}
	if o.listed {
		for _, c := range chosen {
			fmt.Printf("%-16s %s\n", c.folder, c.Name)
		}
		return nil
	}
	if o.docs && (o.direct || o.capture) {
		return errors.New("-docs is for a run through Wherewall")
	}
	return runAll(ctx, o, chosen)
}

func parse(args []string) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("clients", flag.ContinueOnError)
	flags.StringVar(&only, "run", "", "run the clients whose folder matches this regular expression")
	flags.BoolVar(&o.direct, "direct", false, "run past Wherewall, as a plain user under row-level security")
	flags.BoolVar(&o.capture, "capture", false, "keep what each client sends in its statements.txt")
	flags.BoolVar(&o.docs, "docs", false, "write the results into docs/clients.md; the rows of other clients stay")
	flags.BoolVar(&o.keep, "keep", false, "keep the servers running afterwards")
	flags.BoolVar(&o.listed, "list", false, "list the clients")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.only, err = regexp.Compile(only); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	return o, nil
}

func runAll(ctx context.Context, o options, clients []*client) (err error) {
	w, err := openWorld(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	table := &results{}
	for _, c := range clients {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		table.add(runClient(ctx, w, o, c))
	}
	table.print(os.Stdout)
	if o.docs {
		if err := table.document("docs/clients.md"); err != nil {
			return err
		}
	}
	if o.keep {
		fmt.Printf("\nkept: %s\n", w.url())
		<-ctx.Done()
	}
	if !table.passed() && !o.capture { // Without tenants there, an INSERT for another one fails in its own way.
		return errFailed
	}
	return nil
}
