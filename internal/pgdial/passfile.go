package pgdial

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// passwords looks each host's password up in the .pgpass file, as libpq does (PostgreSQL's documentation, "The Password File"): pgx looks for the first host's
// alone and takes it to all of them. A password that the connection string or the environment has is the same for all.
func (s *settings) passwords(dsn string) error {
	for _, at := range s.servers[1:] {
		alone, err := pgconn.ParseConfig(only(dsn, at.config.Host, at.config.Port))
		if err != nil {
			return fmt.Errorf("reading the connection string for %s: %w", at.config.Host, withoutText(err))
		}
		at.config.Password = alone.Password
	}
	return nil
}

// only is a connection string with one host in the place of all. Of a word that is there twice the last one counts, and in a URL what stands in its query.
func only(dsn, host string, port uint16) string {
	number := strconv.Itoa(int(port))
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " host='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(host) + "' port=" + number
	}
	head, query, _ := strings.Cut(dsn, "?")
	if query != "" {
		query += "&"
	}
	return head + "?" + query + url.Values{"host": {host}, "port": {number}}.Encode()
}
