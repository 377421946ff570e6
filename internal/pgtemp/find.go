package pgtemp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrNoServer says that PostgreSQL is not installed and could not be fetched either.
var ErrNoServer = errors.New("no PostgreSQL server programs")

// Find returns the directory that holds PostgreSQL's initdb and postgres. It looks in $PGBIN, along PATH and where the
// packages of Linux distributions and Homebrew put them, the highest version first, and fetches PostgreSQL where
// there is none. Progress of a fetch goes to log, one line a step.
//
// A $PGBIN that holds no server is an error: somebody who names a directory means that one.
func Find(ctx context.Context, log io.Writer) (string, error) {
	if dir := os.Getenv("PGBIN"); dir != "" {
		if !complete(dir) {
			return "", fmt.Errorf("PGBIN=%s: %w there (initdb and postgres are needed)", dir, ErrNoServer)
		}
		return dir, nil
	}
	if dir, ok := installed(); ok {
		return dir, nil
	}
	return fetch(ctx, log)
}

// installed looks along PATH and in the usual places.
func installed() (string, bool) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if complete(dir) {
			return resolved(dir), true
		}
	}
	var found []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/lib/postgresql*/bin",  // openSUSE, Alpine
		"/usr/libexec/postgresql*",  // Alpine
		"/usr/pgsql-*/bin",          // Red Hat and its kin, packages of postgresql.org
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		dirs, err := filepath.Glob(pattern)
		if err == nil { // The only error is of the pattern, and these are constants.
			found = append(found, dirs...)
		}
	}
	found = slices.DeleteFunc(found, func(dir string) bool { return !complete(dir) })
	if len(found) == 0 {
		return "", false
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), true
}

// complete says whether dir has the two programs that Start runs.
func complete(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, program)); err != nil {
			return false
		}
	}
	return true
}

// resolved follows a link such as /usr/bin/postgres to the directory where initdb has its neighbours.
func resolved(dir string) string {
	real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil || !complete(filepath.Dir(real)) {
		return dir
	}
	return filepath.Dir(real)
}

// version is the major version in a directory's name, such as 15 for /usr/lib/postgresql/15/bin; 0 for none.
func version(dir string) int {
	digits := strings.FieldsFunc(dir, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, err := strconv.Atoi(digits[0])
	if err != nil {
		return 0
	}
	return n
}
