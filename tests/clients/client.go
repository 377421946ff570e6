package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// client is one folder: its client.yaml, and where it lies.
type client struct {
	Name     string            `yaml:"name"`
	Language string            `yaml:"language"`
	Commands map[string]string `yaml:"commands"`
	Apt      []string          `yaml:"apt"`
	Shared   []string          `yaml:"shared"`
	Build    string            `yaml:"build"`
	Version  string            `yaml:"version"`
	Run      string            `yaml:"run"`
	Timeout  int               `yaml:"timeout"`

	folder string // its name under root
	path   string
	home   string // the copy that runs
}

// patience is how long a client may take in all.
func (c *client) patience() time.Duration {
	if c.Timeout == 0 {
		return 2 * time.Minute
	}
	return time.Duration(c.Timeout) * time.Second
}

// readClients reads every folder with a client.yaml, by name.
func readClients(root string) ([]*client, error) {
	manifests, err := filepath.Glob(filepath.Join(root, "*", "client.yaml"))
	if err != nil {
		return nil, fmt.Errorf("looking for clients: %w", err)
	}
	if len(manifests) == 0 {
		return nil, fmt.Errorf("no clients in %s: run this from the module's folder", root)
	}
	slices.Sort(manifests)
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("looking for the cache: %w", err)
	}
	var all []*client
	for _, m := range manifests {
		c := &client{path: filepath.Dir(m), folder: filepath.Base(filepath.Dir(m))}
		c.home = filepath.Join(cache, "wherewall-clients", c.folder)
		if err := c.read(m); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func (c *client) read(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading a client: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(text, c, yaml.Strict()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for field, value := range map[string]string{"name": c.Name, "language": c.Language, "version": c.Version, "run": c.Run} {
		if strings.TrimSpace(value) == "" {
			return fmt.Errorf("%s: %s is missing", path, field)
		}
	}
	return nil
}

// copy puts the folder's files into the client's home, beside what was installed there before.
func (c *client) copy() error {
	entries, err := os.ReadDir(c.path)
	if err != nil {
		return fmt.Errorf("reading a client's folder: %w", err)
	}
	for _, e := range entries {
		if err := replace(filepath.Join(c.path, e.Name()), filepath.Join(c.home, e.Name())); err != nil {
			return err
		}
	}
	for _, name := range c.Shared {
		if err := replace(filepath.Join(root, "shared", name), filepath.Join(c.home, name)); err != nil {
			return err
		}
	}
	return nil
}

// replace copies a file or a folder over an older copy.
func replace(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("copying a client: %w", err)
	}
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("removing an old copy: %w", err)
	}
	return copyAll(from, to, info.IsDir())
}

func copyAll(from, to string, folder bool) error {
	if folder {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			return fmt.Errorf("copying a client: %w", err)
		}
		return nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copying a client: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("copying a client: %w", err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		return fmt.Errorf("copying a client: %w", err)
	}
	return nil
}
