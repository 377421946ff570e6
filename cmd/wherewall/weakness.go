package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/catalog"
)

// weakness is something outside the proxy that makes a hole in it worse: a second wall stands only where the service login is weak and the
// server up to date.
type weakness struct {
	Code    string // stable
	Message string
	Hint    string
}

func (w weakness) String() string {
	return fmt.Sprintf("warning %s: %s (%s)", w.Code, w.Message, w.Hint)
}

// errWeak ends a strict start.
var errWeak = errors.New("the service login, the server or a listener is not as it should be")

// weaknesses looks for them as the service login.
func weaknesses(ctx context.Context, conn *pgx.Conn, s *catalog.Snapshot) ([]weakness, error) {
	var found []weakness
	for _, look := range []func(context.Context, *pgx.Conn) ([]weakness, error){attributes, rights, server} {
		more, err := look(ctx, conn)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	if slices.ContainsFunc(found, func(w weakness) bool { return w.Code == "login_superuser" }) {
		return found, nil // who has every right
	}
	if s.Allows("temp_tables") {
		found = slices.DeleteFunc(found, func(w weakness) bool { return w.Code == "login_temporary" })
	}
	more, err := excess(ctx, conn, s)
	return append(found, more...), err
}

// attributes are what the role itself may do.
func attributes(ctx context.Context, conn *pgx.Conn) ([]weakness, error) {
	var super, bypass, roles, databases, replication bool
	var member []string
	const sql = `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
		ARRAY(SELECT r.rolname::text FROM pg_catalog.pg_roles r
		      WHERE r.oid <> me.oid AND NOT me.rolsuper AND pg_catalog.pg_has_role(r.oid, 'MEMBER') ORDER BY 1)
		FROM pg_catalog.pg_roles me WHERE rolname = current_user`
	if err := conn.QueryRow(ctx, sql).Scan(&super, &bypass, &roles, &databases, &replication, &member); err != nil {
		return nil, fmt.Errorf("reading the service login's attributes: %w", err)
	}
	var found []weakness
	add := func(holds bool, code, message, hint string) {
		if holds {
			found = append(found, weakness{code, message, hint})
		}
	}
	me := loginOf(conn)
	add(super, "login_superuser", "the service login is a superuser",
		"CREATE ROLE wherewall_svc LOGIN PASSWORD '...', and load what `wherewall export grants --login wherewall_svc` prints: give Wherewall a login of its own")
	add(bypass && !super, "login_bypassrls", "the service login has BYPASSRLS: native policies would not hold for it", "ALTER ROLE "+me+" NOBYPASSRLS")
	add((roles || databases || replication) && !super, "login_creates", "the service login may create roles or databases, or replicate",
		"ALTER ROLE "+me+" NOCREATEROLE NOCREATEDB NOREPLICATION")
	add(len(member) > 0, "login_member", "the service login is a member of "+strings.Join(member, ", "), "REVOKE "+strings.Join(quotedNames(member), ", ")+" FROM "+me)
	return found, nil
}

// loginOf is the service login as SQL names it.
func loginOf(conn *pgx.Conn) string { return pgx.Identifier{conn.Config().User}.Sanitize() }

func quotedNames(names []string) []string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{name}.Sanitize()
	}
	return quoted
}

// rights are what the role may do in the database beyond reading and writing rows.
func rights(ctx context.Context, conn *pgx.Conn) ([]weakness, error) {
	var super, creates, temporary bool
	var owned, schemas []string
	const sql = `SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
		pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
		pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),
		ARRAY(SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
		      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		      WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
		        AND pg_catalog.pg_has_role(c.relowner, 'USAGE') ORDER BY 1 LIMIT 5),
		ARRAY(SELECT pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_namespace
		      WHERE nspname !~ '^pg_(toast|temp)' AND pg_catalog.has_schema_privilege(oid, 'CREATE') ORDER BY 1 LIMIT 5)`
	if err := conn.QueryRow(ctx, sql).Scan(&super, &creates, &temporary, &owned, &schemas); err != nil {
		return nil, fmt.Errorf("reading the service login's rights: %w", err)
	}
	if super {
		return nil, nil
	}
	var found []weakness
	me, database := loginOf(conn), pgx.Identifier{conn.Config().Database}.Sanitize()
	if len(owned) > 0 {
		found = append(found, weakness{
			"login_owner", "the service login owns tables: it may change and drop them, and native policies do not hold for it: " + strings.Join(owned, ", "),
			"ALTER TABLE " + owned[0] + " OWNER TO another role; REASSIGN OWNED BY " + me + " TO it does so for all",
		})
	}
	var mend []string
	if len(schemas) > 0 {
		mend = append(mend, "REVOKE CREATE ON SCHEMA "+strings.Join(schemas, ", ")+" FROM "+me+", PUBLIC")
	}
	if creates {
		schemas = append(schemas, "the database itself")
		mend = append(mend, "REVOKE CREATE ON DATABASE "+database+" FROM "+me+", PUBLIC")
	}
	if len(schemas) > 0 {
		found = append(found, weakness{
			"login_create", "the service login may create objects, which could stand in for others, in " + strings.Join(schemas, ", "),
			strings.Join(mend, "; ") + ", as `wherewall export grants` does",
		})
	}
	if temporary {
		found = append(found, weakness{
			"login_temporary", "the service login may create temporary objects, which are found before others", "REVOKE TEMPORARY ON DATABASE " + database + " FROM " + me + ", PUBLIC, as `wherewall export grants` does; a policy in which an `allow:` has temp_tables needs it, and COPY FROM may: docs/security.md",
		})
	}
	return found, nil
}

// server is what the server itself should be.
func server(ctx context.Context, conn *pgx.Conn) ([]weakness, error) {
	var version int
	var shown, encoding, length, replication, objects, system string
	const sql = `SELECT pg_catalog.current_setting('server_version_num')::int4, pg_catalog.current_setting('server_version'),
		pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('max_identifier_length'),
		pg_catalog.current_setting('session_replication_role'), pg_catalog.current_setting('lo_compat_privileges'),
		pg_catalog.current_setting('allow_system_table_mods')`
	if err := conn.QueryRow(ctx, sql).Scan(&version, &shown, &encoding, &length, &replication, &objects, &system); err != nil {
		return nil, fmt.Errorf("reading the server's settings: %w", err)
	}
	var found []weakness
	if wanted, old := outdated(version); old {
		found = append(found, weakness{
			"server_outdated", "PostgreSQL " + shown + " has known holes that any session can use", "update to " + wanted + " or later",
		})
	}
	if encoding != "UTF8" {
		found = append(found, weakness{"server_encoding", "the database's encoding is " + encoding + ": names would be read differently there and here", "make a database with the encoding UTF8"})
	}
	if length != "63" {
		found = append(found, weakness{"server_names", "the server cuts names at " + length + " bytes: they would be read differently there and here", "use a server that cuts them at 63"})
	}
	if replication != "origin" || objects != "off" || system != "off" {
		found = append(found, weakness{
			"login_settings", "session_replication_role is " + replication + ", lo_compat_privileges " + objects + ", allow_system_table_mods " + system,
			"ALTER ROLE " + loginOf(conn) + " RESET ALL, or set them back to origin, off and off where they come from",
		})
	}
	return found, nil
}

// outdated says which minor release of a server's major version is the first without known holes that a session can use, and whether the
// server is older. Major versions that have none of their own are too old as a whole, or newer than this list.
func outdated(version int) (wanted string, old bool) {
	first := map[int]int{15: 19, 16: 15, 17: 11, 18: 6}
	major, minor := version/10000, version%10000
	if m, known := first[major]; known {
		return fmt.Sprintf("%d.%d", major, m), minor < m
	}
	return "15.19", major < 15
}

// tell logs each weakness, and fails on them where the operator wants it so.
func tell(log zerolog.Logger, login string, found []weakness, strict bool) error {
	for _, w := range found {
		log.Warn().Str("code", w.Code).Str("login", login).Str("hint", w.Hint).Msg(w.Message)
	}
	if !strict || len(found) == 0 {
		return nil
	}
	codes := make([]string, len(found))
	for i, w := range found {
		codes[i] = w.Code
	}
	return hinted(fmt.Errorf("%w: %s", errWeak, strings.Join(codes, ", ")), "mend each, or leave --strict out")
}

// printWeaknesses shows what serve would warn of.
func printWeaknesses(w io.Writer, found []weakness) {
	for _, f := range found {
		fmt.Fprintln(w, f.String())
	}
}
