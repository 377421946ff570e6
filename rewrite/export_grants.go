package rewrite

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

// ExportGrants writes the rights of the service login as an SQL script: what the policy needs of the database at hand and nothing else,
// so that a hole in the proxy stays small. views are the names of pg_catalog's views there.
//
// Loading it twice is loading it once.
func ExportGrants(s *catalog.Snapshot, login string, views []string) (string, error) {
	x := newExporter(s)
	if _, err := x.tables(); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(commented(grantsHeader(s, login)))
	b.WriteString("BEGIN;\nSET LOCAL search_path = pg_catalog, pg_temp;\n")
	writeLogin(&b, s, login)
	serial, err := x.writeTables(&b, login)
	if err != nil {
		return "", err
	}
	// The proxy reads the schema with an empty search path, native policies read settings, and views that are open to all call the last two.
	needed := map[string]bool{
		"set_config": true, "current_setting": true, "pg_show_all_settings": true, "pg_sequence_parameters": true, "nextval": serial, "currval": serial, "lastval": serial,
		"pg_notify": s.Allows(allowListen), "pg_listening_channels": s.Allows(allowListen),
	}
	for name := range s.Schema.Functions {
		if advisory(name) {
			needed[name] = s.Allows(allowAdvisoryLocks)
		}
	}
	b.WriteString("\n-- What nobody behind the proxy needs. Superusers keep it; give it to other roles that need it by name, or by pg_monitor.\n")
	for _, f := range closedFunctions(s.Schema, needed) {
		fmt.Fprintf(&b, "REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC;\n", f)
	}
	for _, v := range closedViews(views) {
		fmt.Fprintf(&b, "REVOKE ALL ON pg_catalog.%s FROM PUBLIC;\n", identifier(v))
	}
	b.WriteString("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;\n\nCOMMIT;\n")
	return b.String(), nil
}

func grantsHeader(s *catalog.Snapshot, login string) []string {
	return []string{
		"Rights of the service login " + login + ", made from the Wherewall policy " + s.Version,
		"for the database " + s.Schema.Database + ". Load it there as a superuser, once per database.",
		"",
		"Whoever is no superuser loses the functions and views at its end in this database, since what everybody may call, the service",
		"login may call too.",
	}
}

// writeLogin makes the login weak.
func writeLogin(b *strings.Builder, s *catalog.Snapshot, login string) {
	name, database := identifier(login), identifier(s.Schema.Database)
	fmt.Fprintf(b, `
ALTER ROLE %[1]s LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT;
`, name)
	b.WriteString(strings.ReplaceAll(weakLogin, "@login", quoted(login)))
	temporary := "REVOKE TEMPORARY ON DATABASE %[2]s FROM PUBLIC, %[1]s;\n"
	if !s.Allows(allowTempTables) {
		temporary += "-- COPY FROM checks the rows of some tables in a temporary one: where the check needs other tables, or a preset, a BEFORE trigger or a\n" +
			"-- generated column decides. Without this, such a COPY is refused: GRANT TEMPORARY ON DATABASE %[2]s TO %[1]s;\n"
	} else {
		temporary += "-- Somebody's `allow:` has temp_tables.\nGRANT TEMPORARY ON DATABASE %[2]s TO %[1]s;\n"
	}
	fmt.Fprintf(b, "REVOKE CREATE ON DATABASE %[2]s FROM PUBLIC, %[1]s;\n"+temporary+"GRANT CONNECT ON DATABASE %[2]s TO %[1]s;\n", name, database)
}

// weakLogin takes away memberships, and all rights that the login has in this database by itself. What it owns or has as one of everybody cannot
// be taken away here, and is told.
const weakLogin = `
DO $ww$
DECLARE
    login oid := (SELECT oid FROM pg_roles WHERE rolname = @login);
    found record;
BEGIN
    FOR found IN SELECT m.roleid::regrole AS role, g.rolname AS grantor FROM pg_auth_members m LEFT JOIN pg_roles g ON g.oid = m.grantor
                 WHERE m.member = login LOOP
        IF current_setting('server_version_num')::int >= 160000 THEN
            EXECUTE format('REVOKE %s FROM %I GRANTED BY %I', found.role, @login, found.grantor);
        ELSE
            EXECUTE format('REVOKE %s FROM %I', found.role, @login);
        END IF;
    END LOOP;
    FOR found IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', found.nspname, @login);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I', found.nspname, @login);
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', found.nspname, @login);
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', found.nspname);
    END LOOP;
    FOR found IN SELECT c.oid::regclass AS relation FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                   AND (c.relowner = login OR EXISTS (SELECT FROM aclexplode(c.relacl) WHERE grantee = 0)) LOOP
        RAISE WARNING '% is owned by %, or granted to everybody: no script can take that from it alone', found.relation, @login;
    END LOOP;
END $ww$;
`

// Words of `allow:`.
const (
	allowTempTables    = "temp_tables"
	allowListen        = "listen"
	allowAdvisoryLocks = "advisory_locks"
)

// writeTables grants what the policy needs: the verbs that some role has, with their columns, and reading what its conditions look at.
// serial says that a sequence gives a column its values.
func (x *exporter) writeTables(b *strings.Builder, login string) (serial bool, err error) {
	all, err := x.needs()
	if err != nil {
		return false, err
	}
	var grants strings.Builder
	schemas, sequences := map[string]bool{}, map[string]bool{}
	for _, name := range slices.SortedFunc(maps.Keys(all), byRelationName) {
		r := x.snapshot.Schema.Relations[name]
		lines, err := grantsOn(r, all[name], login)
		if err != nil {
			return false, err
		}
		if lines == "" {
			continue
		}
		schemas[r.Schema] = true
		grants.WriteString(lines)
		if _, inserts := all[name]["INSERT"]; inserts {
			for _, c := range r.Columns {
				if c.Sequence.Name == "" {
					continue
				}
				name, err := relationText(c.Sequence.Schema, c.Sequence.Name)
				if err != nil {
					return false, err
				}
				sequences[name] = true
			}
		}
	}
	b.WriteString("\n-- What the policy needs.\n")
	for _, s := range slices.Sorted(maps.Keys(schemas)) {
		fmt.Fprintf(b, "GRANT USAGE ON SCHEMA %s TO %s;\n", identifier(s), identifier(login))
	}
	b.WriteString(grants.String())
	for _, s := range slices.Sorted(maps.Keys(sequences)) {
		fmt.Fprintf(b, "GRANT USAGE ON SEQUENCE %s TO %s;\n", s, identifier(login))
	}
	return len(sequences) > 0, nil
}

// Needs are the rights on tables that the service login needs for a policy, as ExportGrants grants them: SELECT, INSERT, UPDATE and DELETE with
// their columns; no list is the whole table, and an empty one is no column.
func Needs(s *catalog.Snapshot) (map[catalog.RelationName]map[string][]string, error) {
	x := newExporter(s)
	if _, err := x.tables(); err != nil {
		return nil, err
	}
	all, err := x.needs()
	if err != nil {
		return nil, err
	}
	needed := make(map[catalog.RelationName]map[string][]string, len(all))
	for name, r := range all {
		needed[name] = r
	}
	return needed, nil
}

func (x *exporter) needs() (map[catalog.RelationName]rights, error) {
	all := map[catalog.RelationName]rights{}
	for _, r := range x.mapped() {
		entity := x.snapshot.EntityOf(r.RelationName)
		found, err := x.rights(r, entity)
		if err != nil {
			return nil, fmt.Errorf("exporting the rights on %s.%s: %w", r.Schema, r.Name, err)
		}
		if found["INSERT"] != nil {
			looked := x.columnsChecked(entity)
			for _, name := range found["INSERT"] {
				looked[name] = true
			}
			found["INSERT"] = columnsOr(r, looked)
		}
		all[r.RelationName] = found
	}
	for name := range x.uses {
		if all[name] == nil {
			all[name] = rights{}
		}
	}
	for name, have := range all {
		r := x.snapshot.Schema.Relations[name]
		if r == nil {
			delete(all, name)
			continue
		}
		given, some := have["SELECT"]
		if list := x.readable(r, given, some); list == nil || len(list) > 0 {
			have["SELECT"] = list
		}
	}
	return all, nil
}

func byRelationName(a, b catalog.RelationName) int {
	return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
}

func grantsOn(r *catalog.Relation, have rights, login string) (string, error) {
	name, err := relationText(r.Schema, r.Name)
	if err != nil {
		return "", err
	}
	var verbs []string
	for _, verb := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		list, has := have[verb]
		switch {
		case !has || list != nil && len(list) == 0:
		case list == nil:
			verbs = append(verbs, verb)
		default:
			verbs = append(verbs, verb+" ("+identifiers(list)+")")
		}
	}
	if len(verbs) == 0 {
		return "", nil
	}
	return fmt.Sprintf("GRANT %s ON %s TO %s;\n", strings.Join(verbs, ", "), name, identifier(login)), nil
}
