package pgdial

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// maxPassword is the longest password that a server takes, in bytes (libpq's protocol bound).
const maxPassword = 64 << 10

// ReadSecret reads a file that holds a password, or another secret, and nothing else. Its last line end is none of it. A file that others can read is refused, but for a
// group's right to read what belongs to root, which is how secrets are mounted.
func ReadSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	if info.IsDir() {
		return "", fault("name a file", "reading a secret: %s is a folder", path)
	}
	if open := exposed(info); open {
		return "", fault("chmod 600 "+path, "the file %s can be read by others (%s)", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPassword+3)) // with a line end, and one byte too many
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	switch {
	case len(text) == 0:
		return "", fault("write the secret into it", "the file %s is empty", path)
	case len(text) > maxPassword || bytes.ContainsAny(text, "\n\x00"):
		return "", fault("it holds the secret and nothing else", "the file %s holds more than one line, or what no line has", path)
	}
	return string(text), nil
}

// withPassword gives a configuration the password that the file holds now. While it cannot be read, the last one that could be counts.
func (u *Upstream) withPassword(c *pgconn.Config) (*pgconn.Config, error) {
	if u.options.PasswordFile == "" {
		return c, nil
	}
	password, err := ReadSecret(u.options.PasswordFile)
	if err != nil && c.Password == "" {
		return nil, err
	}
	if err == nil {
		c.Password = password
		if *u.secret.Load() != password {
			u.secret.Store(&password)
		}
	}
	return c, nil
}

// refresh reads everything again after the server has refused the login, and returns it where there is another secret to try: in the files that the
// connection string and the environment name. The hosts stay what they were.
func (u *Upstream) refresh(old *settings) *settings {
	if u.dsn == "" {
		return nil
	}
	fresh, err := read(u.dsn, u.options)
	if err != nil || len(fresh.servers) != len(old.servers) || slices.EqualFunc(old.servers, fresh.servers, unchanged) {
		return nil
	}
	u.current.Store(fresh)
	return fresh
}

func unchanged(before, after server) bool {
	a, b := before.config, after.config
	return a.Password == b.Password && a.User == b.User && slices.EqualFunc(chains(a.TLSConfig), chains(b.TLSConfig), bytes.Equal)
}

func chains(t *tls.Config) [][]byte {
	var all [][]byte
	if t != nil {
		for _, c := range t.Certificates {
			all = append(all, c.Certificate...)
		}
	}
	return all
}
