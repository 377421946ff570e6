package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/internal/pgdial"
)

// storeFlags name the database that holds a policy, or the people of one.
type storeFlags struct {
	Store             string `placeholder:"DSN" help:"A database with the policy in tables (see wherewall migrate). Beside --policy it holds the people, and the files the model; without --policy it holds everything."`
	StorePasswordFile string `placeholder:"FILE" help:"A file with the password of --store, read for every connection."`
}

func (f storeFlags) open() (*pgdial.Upstream, error) {
	if f.Store == "" {
		return nil, usage(errors.New("--store DSN is missing: the database that holds the policy's tables"))
	}
	return openDSN("--store", f.Store, pgdial.Options{PasswordFile: f.StorePasswordFile})
}

// sourceFlags say where the policy is.
type sourceFlags struct {
	Policy string `placeholder:"PATH" help:"The policy: a YAML file, or a folder of them, merged."`
	storeFlags
}

// source is where a policy is read from. A nil store is none.
type source struct {
	path  string // empty where the store holds everything
	store *pgdial.Upstream
}

func (f sourceFlags) source() (source, error) {
	switch {
	case f.Policy == "" && f.Store == "":
		return source{}, usage(errors.New("where is the policy? Give --policy PATH for files, --store DSN for tables, or both"))
	case f.Store == "" && f.StorePasswordFile != "":
		return source{}, usage(errors.New("--store-password-file needs --store"))
	case f.Store == "":
		return source{path: f.Policy}, nil
	}
	upstream, err := f.storeFlags.open()
	return source{path: f.Policy, store: upstream}, err
}

func (s source) holds() store.Holds {
	if s.path == "" {
		return store.Everything
	}
	return store.Population
}

func (s source) String() string {
	if s.path == "" {
		return "the policy of the store"
	}
	return s.path
}

// freshnessFlags bound how old the policy of a store may be.
type freshnessFlags struct {
	MaxStaleness time.Duration `default:"1s" help:"The longest that a statement may be judged by a policy that the store has replaced."`
	MaxOffline   time.Duration `default:"5m" help:"How long the last policy serves while the store does not answer; after it statements are refused. 0 refuses them at once."`
}

// least is the shortest --max-staleness: the store is asked four times in it.
const least = 100 * time.Millisecond

func (f freshnessFlags) validate() error {
	if f.MaxStaleness < least {
		return usage(fmt.Errorf("--max-staleness %s: the store is asked over a network, so %s is the least", f.MaxStaleness, least))
	}
	if f.MaxOffline < 0 {
		return usage(fmt.Errorf("--max-offline %s: a time cannot be negative", f.MaxOffline))
	}
	return nil
}
