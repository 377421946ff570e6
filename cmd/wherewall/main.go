// Command wherewall is a PostgreSQL proxy that puts a WHERE on every query.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], standardStreams()))
}

// run parses the arguments, runs the command that they name and returns the exit code.
func run(ctx context.Context, args []string, std *streams) int {
	r, err := read(args, std)
	if err != nil {
		return report(std, err)
	}
	return report(std, r.run(ctx))
}

func newParser(commands *cli, std *streams) (*kong.Kong, error) {
	parser, err := kong.New(commands,
		kong.Name("wherewall"),
		kong.Description("A PostgreSQL proxy that puts a WHERE on every query."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.DefaultEnvars("WHEREWALL"),
		kong.Writers(std.out, std.err),
	)
	if err != nil {
		return nil, fmt.Errorf("building the command line: %w", err)
	}
	return parser, nil
}
