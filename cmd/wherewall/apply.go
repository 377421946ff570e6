package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/internal/pgdial"
)

// holdsFlags say what of a policy the store has.
type holdsFlags struct {
	storeFlags
	Holds string `enum:"people,everything" default:"people" help:"What the store holds: people (tenants, users, groups, grants and tenants' own roles), or everything."`
}

func (f holdsFlags) holds() store.Holds {
	if f.Holds == "everything" {
		return store.Everything
	}
	return store.Population
}

// wanted are the declarations of files that the store is to hold.
func (f holdsFlags) wanted(path string) ([]catalog.Declaration, error) {
	all, err := catalog.ReadDeclarations(path)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was being read
	}
	if f.holds() == store.Population {
		all = slices.DeleteFunc(all, func(d catalog.Declaration) bool { return !d.IsPeople() })
	}
	return all, nil
}

// with does something with a connection to the store.
func (f storeFlags) with(ctx context.Context, do func(*pgx.Conn) error) (err error) {
	upstream, err := f.open()
	if err != nil {
		return err
	}
	conn, err := upstream.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting to the store: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return do(conn)
}

type exportPolicyCmd struct{ holdsFlags }

// Run prints what the store holds.
func (c exportPolicyCmd) Run(ctx context.Context, std *streams) error {
	return c.with(ctx, func(conn *pgx.Conn) error {
		people, _, err := store.Read(ctx, conn, c.holds())
		if err != nil {
			return err //nolint:wrapcheck // it says what was being read
		}
		return printScript(std.out, string(store.Export(people.Declarations())))
	})
}

// diffCmd compares files with a store.
type diffCmd struct {
	Path string `arg:"" help:"The policy in files: a YAML file, or a folder of them."`
	holdsFlags
}

// Run prints what apply would change, and fails where that is something, as diff does.
func (c diffCmd) Run(ctx context.Context, std *streams) error {
	wanted, err := c.wanted(c.Path)
	if err != nil {
		return err
	}
	return c.with(ctx, func(conn *pgx.Conn) error {
		people, _, err := store.Read(ctx, conn, c.holds())
		if err != nil {
			return err //nolint:wrapcheck // it says what was being read
		}
		if all := store.Compare(people.Declarations(), wanted); len(all) > 0 {
			printDifferences(std.out, all)
			return told(exitFailed)
		}
		return nil
	})
}

// verifierText is what is not shown of a password.
var verifierText = regexp.MustCompile(`SCRAM-SHA-256\$[^"]*`)

func printDifferences(out io.Writer, all []store.Difference) {
	for _, d := range all {
		name := d.Section
		if d.Name != "" && d.Name[0] != '{' {
			name += " " + d.Name
		}
		for sign, text := range []string{d.Before, d.After} {
			if text != "" {
				fmt.Fprintf(out, "%c %s: %s\n", "-+"[sign], name, verifierText.ReplaceAllString(text, "SCRAM-SHA-256$***"))
			}
		}
	}
}

// applyCmd makes a store hold what files say.
type applyCmd struct {
	Path   string `arg:"" help:"The policy in files: a YAML file, or a folder of them. What it does not declare is taken away."`
	Policy string `placeholder:"PATH" help:"The model, where it does not stand beside the people; people that it declares are left out."`
	holdsFlags
	Upstream string `placeholder:"DSN" help:"The database behind the proxy, to check names and conditions against and, with --dry-run, to count rows in."`
	passwordFlags
	DryRun bool   `help:"Change nothing, and show what would change and, with --upstream, how many rows people would see before and after."`
	Note   string `help:"Why, for the history."`
}

// errDryRun ends a transaction that was only to be looked at.
var errDryRun = errors.New("this was a dry run")

// Run changes the store in one transaction, or nothing.
func (c applyCmd) Run(ctx context.Context, std *streams) error {
	if c.Policy == "" {
		if _, err := catalog.ReadPolicy(c.Path); err != nil {
			return problemsTold(err)
		}
	}
	wanted, err := c.wanted(c.Path)
	if err != nil {
		return err
	}
	bound, err := c.bound(ctx)
	if err != nil {
		return err
	}
	return c.with(ctx, func(conn *pgx.Conn) error {
		actor := store.Actor{Name: account(), Note: c.Note}
		before, _, err := store.Read(ctx, conn, c.holds())
		if err != nil {
			return err //nolint:wrapcheck // it says what was being read
		}
		var after *catalog.Snapshot
		changed, err := store.Apply(ctx, conn, actor, c.holds(), wanted, func(people *catalog.Population) error {
			if after, err = bound.bind(people); err != nil {
				return err
			}
			if c.DryRun {
				return errDryRun
			}
			return nil
		})
		if err != nil && !errors.Is(err, errDryRun) {
			return problemsTold(err)
		}
		printDifferences(std.out, changed)
		if !c.DryRun {
			fmt.Fprintln(std.out, plural(len(changed), "change"))
			return nil
		}
		fmt.Fprintf(std.out, "%s would be made\n", plural(len(changed), "change"))
		if after == nil {
			return nil
		}
		return bound.impact(ctx, std.out, before, after)
	})
}

// account is who runs this, as the system knows it.
func account() string {
	u, err := user.Current()
	if err != nil {
		return "wherewall apply"
	}
	return u.Username
}

// against is what an applied policy is checked against.
type against struct {
	model    string // a path; empty where everything was checked before
	upstream *pgdial.Upstream
	schema   *catalog.Schema // nil for none
	path     string
	holds    store.Holds
}

func (c applyCmd) bound(ctx context.Context) (*against, error) {
	a := &against{model: c.Policy, path: c.Path, holds: c.holds()}
	if c.Upstream == "" {
		return a, nil
	}
	var err error
	if a.upstream, err = (upstreamFlags{c.Upstream, c.passwordFlags}).open(); err != nil {
		return nil, err
	}
	a.schema, err = readSchema(ctx, a.upstream)
	return a, err
}

// bind binds people to the model and to the database, as far as there are such. The snapshot is nil where there is no database.
func (a *against) bind(people *catalog.Population) (*catalog.Snapshot, error) {
	policy, err := a.read(people)
	if err != nil || a.schema == nil {
		return nil, err
	}
	snapshot, problems := catalog.Bind(policy, a.schema)
	return snapshot, problems.Err()
}

// read reads people beside the model: that of files of its own, that of the files that are applied, or the store's.
func (a *against) read(people *catalog.Population) (*catalog.Policy, error) {
	switch {
	case a.holds == store.Everything:
		return catalog.ReadPolicyWith("", people) //nolint:wrapcheck // problems
	case a.model != "":
		return catalog.ReadModelWith(a.model, people) //nolint:wrapcheck // problems
	default:
		return catalog.ReadModelWith(a.path, people) //nolint:wrapcheck // problems
	}
}
