package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// figures are what is measured of one size. Memory is in MiB: what is alive after loading, and the most that the process had from the system.
type figures struct {
	Files, Load, Heap, Process float64
	// In microseconds: the plan of the first subject, one of a subject after that, and such a plan with a rule of it.
	First, Plan, Rule float64
}

// subjects is how many plans of different subjects are made; the figure is their mean.
const subjects = 2000

func measure(n size) (f figures, err error) {
	dir, err := os.MkdirTemp("", "policyscale")
	if err != nil {
		return f, fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	schema, err := write(dir, n)
	if err != nil {
		return f, err
	}
	f.Files, err = mebibytes(dir)
	if err != nil {
		return f, err
	}
	began := time.Now()
	snapshot, err := load(dir, schema)
	if err != nil {
		return f, err
	}
	f.Load = time.Since(began).Seconds()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.Heap, f.Process = float64(m.HeapAlloc)/(1<<20), float64(m.Sys)/(1<<20)
	err = f.plans(snapshot, n)
	runtime.KeepAlive(snapshot)
	return f, err
}

func mebibytes(dir string) (float64, error) {
	total := 0.0
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += float64(info.Size()) / (1 << 20)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("measuring the files: %w", err)
	}
	return total, nil
}

func load(dir string, schema *catalog.Schema) (*catalog.Snapshot, error) {
	policy, err := catalog.ReadPolicy(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	snapshot, problems := catalog.Bind(policy, schema)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("binding the policy: %w", err)
	}
	return snapshot, nil
}

// plans resolves subjects and builds their plans, one planner for all, as a server does.
func (f *figures) plans(s *catalog.Snapshot, n size) error {
	planner := plan.NewPlanner(s)
	one := func(i int) (*plan.Plan, error) {
		i = (i * 7919) % n.Users
		subject, err := plan.Resolve(s, userName(i), tenantName(i%n.Tenants))
		if err != nil {
			return nil, fmt.Errorf("resolving a subject: %w", err)
		}
		return planner.Build(subject)
	}
	began := time.Now()
	if _, err := one(1); err != nil {
		return fmt.Errorf("building the first plan: %w", err)
	}
	f.First = micros(time.Since(began), 1)
	known := func(i int) error { _, err := one(i); return err }
	if _, err := median(known); err != nil { // so that nobody's roles are new any more
		return err
	}
	var err error
	if f.Plan, err = median(known); err != nil {
		return err
	}
	f.Rule, err = median(func(i int) error {
		p, err := one(i)
		if err != nil {
			return err
		}
		if entity := readableBy((i*7919)%n.Users, n); p.Rule(entity, catalog.Read).Kind != plan.Restricted {
			return fmt.Errorf("user %d does not read %s", i, entity)
		}
		return nil
	})
	return err
}

// median is the time that one of many subjects takes, in the median of some rounds.
func median(one func(i int) error) (float64, error) {
	const rounds = 9
	var took []float64
	for range rounds {
		began := time.Now()
		for i := range subjects {
			if err := one(i); err != nil {
				return 0, fmt.Errorf("building a plan: %w", err)
			}
		}
		took = append(took, micros(time.Since(began), subjects))
	}
	slices.Sort(took)
	return took[rounds/2], nil
}

func micros(d time.Duration, times int) float64 {
	return float64(d) / float64(time.Microsecond) / float64(times)
}
