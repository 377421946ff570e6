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
// $PGVERSION, a major version such as 16, asks for that one, as FindMajor finds it. A $PGBIN that holds no server, or one of
// another version than $PGVERSION, is an error: somebody who names a directory or a version means that one.
func Find(ctx context.Context, log io.Writer) (string, error) {
	version := os.Getenv("PGVERSION")
	if dir := os.Getenv("PGBIN"); dir != "" {
		if !complete(dir) {
			return "", fmt.Errorf("PGBIN=%s: %w there (initdb and postgres are needed)", dir, ErrNoServer)
		}
		if version != "" && strconv.Itoa(majorOf(ctx, dir)) != version {
			return "", fmt.Errorf("PGBIN=%s: %w of PGVERSION=%s there", dir, ErrNoServer, version)
		}
		return dir, nil
	}
	if version != "" {
		return asked(ctx, log, version)
	}
	if dir, ok := installed(); ok {
		return dir, nil
	}
	return fetch(ctx, log)
}

// installed is the first of the installations.
func installed() (string, bool) {
	all := installations()
	if len(all) == 0 {
		return "", false
	}
	return all[0], true
}

// installations are the directories of server programs along PATH, and after them those in the usual places, the highest
// version first.
func installations() []string {
	var all, usual []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if complete(dir) {
			all = append(all, resolved(dir))
		}
	}
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
			usual = append(usual, dirs...)
		}
	}
	usual = slices.DeleteFunc(usual, func(dir string) bool { return !complete(dir) })
	slices.SortStableFunc(usual, func(a, b string) int { return version(b) - version(a) })
	return append(all, usual...)
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
