package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgdial"
)

// upstreamFlags name the database behind the proxy and the service login.
type upstreamFlags struct {
	Upstream string `required:"" placeholder:"DSN" help:"The database and the service login, as a connection URL or key=value pairs."`
	passwordFlags
}

// passwordFlags say where the service login's password is, other than where libpq looks for it.
type passwordFlags struct {
	UpstreamPasswordFile string `placeholder:"FILE" help:"A file with the password of --upstream, read for every connection; else it is in the DSN, PGPASSWORD, or a .pgpass file."`
}

// open reads the DSN and what it refers to. Errors show no password.
func (f upstreamFlags) open() (*pgdial.Upstream, error) { return f.openBy(pgdial.Options{}) }

func (f upstreamFlags) openBy(o pgdial.Options) (*pgdial.Upstream, error) {
	o.PasswordFile = f.UpstreamPasswordFile
	return openDSN("--upstream", f.Upstream, o)
}

func openDSN(flag, dsn string, o pgdial.Options) (*pgdial.Upstream, error) {
	u, err := pgdial.Parse(dsn, o)
	if err != nil {
		wrong := usage(fmt.Errorf("reading %s: %w", flag, err))
		if hint := pgdial.HintOf(err); hint != "" {
			wrong.hint = hint
		}
		return nil, wrong
	}
	return u, nil
}

// warnOfVisible warns where a DSN with a password stands on the command line, which every user of the machine can read.
func warnOfVisible(log zerolog.Logger, flag, dsn string, arguments []string) {
	if dsn == "" || !hasPassword(dsn) || !slices.ContainsFunc(arguments, func(a string) bool { return strings.Contains(a, dsn) }) {
		return
	}
	log.Warn().Str("flag", flag).Str("hint", "keep it in a file (--upstream-password-file, ~/.pgpass), or in the environment (PGPASSWORD)").
		Msg("a password stands on the command line: every user of this machine can read it there")
}

// passwordWord is the keyword in key=value pairs and in the parameters of a URL.
var passwordWord = regexp.MustCompile(`(?i)(^|[\s?&])password\s*=`)

func hasPassword(dsn string) bool {
	if u, err := url.Parse(dsn); err == nil && u.User != nil {
		if _, given := u.User.Password(); given {
			return true
		}
	}
	return passwordWord.MatchString(dsn)
}

// readTimeout bounds one reading of the schema, so that a database that hangs does not hold up the next reload.
const readTimeout = 30 * time.Second

// readSchema connects, reads the database's schema and leaves.
func readSchema(ctx context.Context, upstream *pgdial.Upstream) (*catalog.Schema, error) {
	return readSchemaAnd(ctx, upstream, nil)
}

// readSchemaAnd does something else over the same connection, too, where it is asked to.
func readSchemaAnd(ctx context.Context, upstream *pgdial.Upstream, also func(context.Context, *pgx.Conn) error) (schema *catalog.Schema, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	conn, err := connect(ctx, upstream)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if schema, err = catalog.LoadSchema(ctx, conn); err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	if also != nil {
		err = also(ctx, conn)
	}
	return schema, err
}

func connect(ctx context.Context, upstream *pgdial.Upstream) (*pgx.Conn, error) {
	conn, err := upstream.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return conn, nil
}

// arguments are the process's own.
func arguments() []string { return os.Args[1:] }
