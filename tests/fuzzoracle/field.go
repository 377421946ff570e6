package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// field is a sample as all workers share it: databases that are only read, the plans of its subjects, and the judges that are made when
// somebody asks for them.
type field struct {
	*cluster
	sample *sample
	tables *tables
	read   *pair
	plans  map[plan.Subject]*plan.Plan
	rights map[plan.Subject]map[*table]may
	// smithed are the statements that sqlsmith wrote for the sample.
	smithed []string

	mu     sync.Mutex
	judges map[string]*proxy // by database: the same without the rows that the subject does not see
	owns   map[plan.Subject]string
}

// pair is a database with Wherewall before it, and its copy under native row-level security.
type pair struct {
	through *proxy
	native  string
}

func (c *cluster) newField(ctx context.Context, s *sample) (*field, error) {
	ctx, cancel := setUp(ctx)
	defer cancel()
	if err := c.makeTemplate(ctx, s); err != nil {
		return nil, err
	}
	f := &field{
		cluster: c, sample: s, plans: map[plan.Subject]*plan.Plan{}, rights: map[plan.Subject]map[*table]may{},
		judges: map[string]*proxy{}, owns: map[plan.Subject]string{},
	}
	world, err := c.world(ctx, s, s.template())
	if err != nil {
		return nil, err
	}
	if f.tables, err = c.loadTables(ctx, s, world.Snapshot); err != nil {
		return nil, err
	}
	for _, subject := range s.subjects {
		p, err := plan.Build(world.Snapshot, subject)
		if err != nil {
			return nil, fmt.Errorf("planning for %s: %w", login(subject), err)
		}
		f.plans[subject], f.rights[subject] = p, map[*table]may{}
		for _, t := range f.tables.all {
			f.rights[subject][t] = rights(p, t)
		}
		role := login(subject)
		if err := c.exec(ctx, "postgres", fmt.Sprintf(`DROP ROLE IF EXISTS %[1]q; CREATE ROLE %[1]q LOGIN PASSWORD '%[2]s'; ALTER ROLE %[1]q SET search_path = %[3]s`,
			role, password, s.path)); err != nil {
			return nil, err
		}
	}
	script, err := rewrite.ExportRLS(world.Snapshot, service)
	if err != nil {
		return nil, fmt.Errorf("exporting the policies: %w", err)
	}
	// The databases under native row-level security are copies of one more template.
	if err := c.clone(ctx, s, s.template()+"_rls", s.template()); err != nil {
		return nil, err
	}
	if err := c.exec(ctx, s.template()+"_rls", script); err != nil {
		return nil, err
	}
	f.read, err = f.newPair(ctx, "read")
	return f, err
}

// newPair makes the two databases and starts the proxy.
func (f *field) newPair(ctx context.Context, name string) (*pair, error) {
	behind, native := f.sample.template()+"_behind_"+name, f.sample.template()+"_native_"+name
	if err := f.clone(ctx, f.sample, behind, f.sample.template()); err != nil {
		return nil, err
	}
	if err := f.clone(ctx, f.sample, native, f.sample.template()+"_rls"); err != nil {
		return nil, err
	}
	if err := f.equip(ctx, native); err != nil {
		return nil, err
	}
	p, err := f.startProxy(ctx, f.sample, behind)
	return &pair{p, native}, err
}

// equip gives the subjects' roles their rights in a database, and says in their settings who they are.
func (f *field) equip(ctx context.Context, database string) error {
	var b strings.Builder
	for _, subject := range f.sample.subjects {
		p, role := f.plans[subject], login(subject)
		for _, schema := range f.sample.schemas {
			fmt.Fprintf(&b, "GRANT USAGE ON SCHEMA %s TO %q; GRANT USAGE ON ALL SEQUENCES IN SCHEMA %s TO %q;\n", schema, role, schema, role)
		}
		b.WriteString(f.tables.grants(p, role))
		settings, err := rewrite.RowSecuritySettings(p)
		if err != nil {
			return fmt.Errorf("reading settings: %w", err)
		}
		for _, s := range settings {
			if s.Value != "" {
				head, name, _ := strings.Cut(s.Name, ".")
				fmt.Fprintf(&b, "ALTER ROLE %q IN DATABASE %s SET %s.%s = %s;\n", role, database, head, strings.ReplaceAll(name, "user", `"user"`), literal(s.Value))
			}
		}
	}
	return f.exec(ctx, database, b.String())
}

// visible is what a subject sees of the tables that are readable, as statements that delete the rest.
func (f *field) hidden(ctx context.Context, subject plan.Subject) (string, error) {
	c, err := dial(ctx, f.DSN(login(subject), password, f.read.native))
	if err != nil {
		return "", err
	}
	defer c.close()
	var b strings.Builder
	for _, t := range f.tables.all {
		if !f.rights[subject][t].read || t.partitioned {
			continue
		}
		names := make([]string, len(t.key))
		for i, k := range t.key {
			names[i] = ident(k)
		}
		key := "ROW(" + strings.Join(names, ", ") + ")::text"
		o, err := c.run(statement{sql: "SELECT quote_literal(" + key + ") FROM " + qualified(t)})
		if err != nil || o.code != "" {
			return "", errors.Join(err, fmt.Errorf("reading what %s sees of %s: %s", login(subject), t.name, o.describe()))
		}
		list := make([]string, len(o.rows))
		for i, r := range o.rows {
			value, err := strconv.Unquote(strings.TrimSuffix(r, " | "))
			if err != nil {
				return "", fmt.Errorf("reading a key: %w", err)
			}
			list[i] = value
		}
		fmt.Fprintf(&b, "DELETE FROM %s WHERE %s <> ALL (ARRAY[%s]::text[]);\n", qualified(t), key, strings.Join(list, ","))
	}
	return b.String(), nil
}

// less is Wherewall before a database without the rows that the subject does not see. What it answers must be what it answers before all
// rows: anything else depends on what is hidden.
func (f *field) less(ctx context.Context, subject plan.Subject) (*proxy, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := f.sample.template() + "_less_" + strings.ReplaceAll(login(subject), "@", "_")
	if p := f.judges[name]; p != nil {
		return p, nil
	}
	sql, err := f.hidden(ctx, subject)
	if err != nil {
		return nil, err
	}
	if err := f.clone(ctx, f.sample, name, f.sample.template()); err != nil {
		return nil, err
	}
	if err := f.exec(ctx, name, "SET session_replication_role = replica;"+sql); err != nil {
		return nil, err
	}
	p, err := f.startProxy(ctx, f.sample, name)
	if err != nil {
		return nil, err
	}
	f.judges[name] = p
	return p, nil
}

// own is a database that holds what a subject sees and nothing else, columns included; empty where native row-level security can say it.
func (f *field) own(ctx context.Context, subject plan.Subject) (string, error) {
	shown, ok := f.sample.shown[login(subject)]
	if !ok {
		return "", nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if name := f.owns[subject]; name != "" {
		return name, nil
	}
	name := f.sample.template() + "_own_" + strings.ReplaceAll(login(subject), "@", "_")
	sql, err := f.hidden(ctx, subject)
	if err != nil {
		return "", err
	}
	if err := f.clone(ctx, f.sample, name, f.sample.template()); err != nil {
		return "", err
	}
	if err := f.exec(ctx, name, "SET session_replication_role = replica;"+sql+shown); err != nil {
		return "", err
	}
	// The columns that are left are all the subject's, and what may be written is another matter.
	var b strings.Builder
	for _, schema := range f.sample.schemas {
		fmt.Fprintf(&b, "GRANT USAGE ON SCHEMA %s TO %q;\n", schema, login(subject))
	}
	for _, t := range f.tables.all {
		if m := f.rights[subject][t]; m.read {
			fmt.Fprintf(&b, "GRANT SELECT ON %s TO %q;\n", qualified(t), login(subject))
			if m.update {
				fmt.Fprintf(&b, "GRANT UPDATE ON %s TO %q;\n", qualified(t), login(subject))
			}
		}
	}
	if err := f.exec(ctx, name, b.String()); err != nil {
		return "", err
	}
	f.owns[subject] = name
	return name, nil
}

func (f *field) close() error {
	errs := []error{f.read.through.stop()}
	for _, p := range f.judges {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}
