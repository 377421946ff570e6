package main

import (
	"context"
	"reflect"

	"github.com/alecthomas/kong"
)

// reading is one reading of the command line, the environment and the configuration file.
type reading struct {
	args     []string
	std      *streams
	commands *cli
	chosen   *kong.Context
}

// read parses the arguments, and with them the file that --config names.
func read(args []string, std *streams) (*reading, error) {
	r := &reading{args: args, std: std, commands: &cli{}}
	parser, err := newParser(r.commands, std)
	if err != nil {
		return nil, err
	}
	if r.chosen, err = parser.Parse(args); err != nil {
		return nil, usage(err)
	}
	return r, nil
}

// run runs the command that was named.
func (r *reading) run(ctx context.Context) error {
	r.chosen.BindTo(ctx, (*context.Context)(nil))
	r.chosen.Bind(r)
	return r.chosen.Run(r.std)
}

// again reads what may have changed since: the file.
func (r *reading) again() (*reading, error) { return read(r.args, r.std) }

// reloadable marks the flags that a running proxy takes over when it is told to reload.
const reloadable = "reload"

// change is a flag whose value is not what it was.
type change struct {
	flag         string
	takesRestart bool
}

// since tells which flags of the command have changed since an earlier reading.
func (r *reading) since(earlier *reading) []change {
	values := map[string]any{}
	for _, f := range earlier.flags() {
		values[f.Name] = f.Target.Interface()
	}
	var changes []change
	for _, f := range r.flags() {
		if !reflect.DeepEqual(values[f.Name], f.Target.Interface()) {
			changes = append(changes, change{flag: f.Name, takesRestart: !f.Tag.Has(reloadable)})
		}
	}
	return changes
}

func (r *reading) flags() []*kong.Flag { return r.chosen.Selected().Flags }
