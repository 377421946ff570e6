package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// suite is the tests of one package of a driver.
type suite struct {
	name   string // the driver's, and the folder in the module
	module string
	folder string
}

// libpq is the version whose tests run; pgx's is the one that Wherewall is built with.
const libpq = "github.com/lib/pq@v1.12.3"

func suites() []suite {
	const pgx = "github.com/jackc/pgx/v5"
	var all []suite
	for _, folder := range []string{".", "pgconn", "pgtype", "pgxpool", "stdlib"} {
		all = append(all, suite{name: strings.TrimSuffix("pgx/"+folder, "/."), module: pgx, folder: folder})
	}
	return append(all, suite{name: "pq", module: libpq, folder: "."}, suite{name: "pq/hstore", module: libpq, folder: "hstore"})
}

// copyOf makes a copy of a module from Go's cache, which is read-only, and returns its folder.
func (w *world) copyOf(ctx context.Context, module string) (string, error) {
	name := filepath.Base(strings.ReplaceAll(module, "@", "-"))
	folder := filepath.Join(w.home, name)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	if strings.Contains(module, "@") {
		cmd.Dir = w.home // away from our own go.mod, which does not name it
	}
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("fetching %s: %w", module, err)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil || found.Dir == "" {
		return "", fmt.Errorf("fetching %s: %w", module, errors.Join(err, fs.ErrNotExist))
	}
	if err := os.CopyFS(folder, os.DirFS(found.Dir)); err != nil {
		return "", fmt.Errorf("copying %s: %w", module, err)
	}
	return folder, nil
}
