package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/document"
)

// Difference is something that two policies declare differently. An empty side does not declare it.
type Difference struct {
	Section, Name string
	Before, After string // as JSON
}

// Compare lists what differs, in the order of sections and names.
func Compare(before, after []catalog.Declaration) []Difference {
	type key struct{ section, name string }
	was := make(map[key]string, len(before))
	for _, d := range before {
		was[key{d.Section, d.Name}] = d.JSON()
	}
	var all []Difference
	for _, d := range after {
		k := key{d.Section, d.Name}
		if old := was[k]; old != d.JSON() {
			all = append(all, Difference{d.Section, d.Name, old, d.JSON()})
		}
		delete(was, k)
	}
	for k, old := range was {
		all = append(all, Difference{k.section, k.name, old, ""})
	}
	slices.SortFunc(all, func(a, b Difference) int {
		return slices.Compare([]string{a.Section, a.Name}, []string{b.Section, b.Name})
	})
	return all
}

// Apply makes the people of the store, or everything, what declarations say, in one transaction. What comes of it is validated with check before it commits; nil is no check.
// It returns what was changed.
func Apply(ctx context.Context, conn *pgx.Conn, actor Actor, holds Holds, wanted []catalog.Declaration, check func(*catalog.Population) error) (changed []Difference, err error) {
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := begin(ctx, tx, actor, Base{}, nil); err != nil {
			return err
		}
		now, _, err := readWhole(ctx, tx, holds)
		if err != nil {
			return err
		}
		changed = Compare(now.Declarations(), wanted)
		w := &writing{ctx: ctx, tx: tx, actor: actor}
		if err := w.all(changed); err != nil {
			return err
		}
		after, _, err := readWhole(ctx, tx, holds)
		if err != nil {
			return err
		}
		if left := Compare(after.Declarations(), wanted); len(left) > 0 {
			return fmt.Errorf("the store cannot hold %s %s as it is written", left[0].Section, left[0].Name)
		}
		if check == nil {
			return nil
		}
		return check(after)
	})
	return changed, err
}

// all makes differences be so: what others need first, and what needs others last.
func (w *writing) all(changed []Difference) error {
	for _, section := range []string{"resource_grants", "groups", "users", "roles"} {
		for _, d := range changed {
			if d.Section == section && d.After == "" {
				if err := w.remove(d); err != nil {
					return err
				}
			}
		}
	}
	tenants, err := w.tenantsOf(changed)
	if err != nil {
		return err
	}
	for _, section := range []string{"base_role", "star", "trust", "defaults", "audit", "attributes", "entities", "permissions", "functions", "roles", "tenants", "users", "groups", "resource_grants"} {
		for _, d := range changed {
			if d.Section == section && d.After != "" {
				if err := w.put(d, tenants); err != nil {
					return fmt.Errorf("%s %s: %w", d.Section, d.Name, err)
				}
			}
		}
	}
	for _, section := range []string{"tenants", "base_role", "star", "trust", "defaults", "audit", "attributes", "entities", "permissions", "functions"} {
		for _, d := range changed {
			if d.Section == section && d.After == "" {
				if err := w.remove(d); err != nil {
					return err
				}
			}
		}
	}
	if w.err != nil {
		return unusable("writing", w.err)
	}
	return nil
}

// tenantsOf makes all tenants that are new, and returns what is declared of those that change. Parents are set when all of them are there.
func (w *writing) tenantsOf(changed []Difference) (map[string]tenantJSON, error) {
	tenants := map[string]tenantJSON{}
	for _, d := range changed {
		if d.Section != "tenants" || d.After == "" {
			continue
		}
		var t tenantJSON
		if err := json.Unmarshal([]byte(d.After), &t); err != nil {
			return nil, fmt.Errorf("tenant %s: %w", d.Name, err)
		}
		tenants[d.Name] = t
		if d.Before == "" {
			w.run("INSERT INTO wherewall.tenant (id) VALUES ($1)", d.Name)
		}
	}
	return tenants, nil
}

var errUnknownSection = errors.New("the store has no place for this")

// Export is a policy as a document that reads back as the same declarations.
func Export(all []catalog.Declaration) []byte { return document.Print(sections(all)) }

// sections puts declarations under their keys again.
func sections(all []catalog.Declaration) *document.Node {
	root := document.NewMap(document.Place{})
	root.With("wherewall", &document.Node{Kind: document.Scalar, Type: document.Int, Text: "1"})
	for _, d := range all {
		switch d.Section {
		case "base_role", "star", "trust", "defaults", "audit":
			root.With(d.Section, d.Value)
		case "resource_grants":
			list := under(root, d.Section, document.List)
			list.Items = append(list.Items, d.Value)
		default:
			under(root, d.Section, document.Map).With(d.Name, d.Value)
		}
	}
	return root
}
