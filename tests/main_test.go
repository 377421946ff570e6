package tests

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// pg is the cluster that all tests share; TestMain sets it before any of them runs.
var pg *cluster

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.seed" || f.Name == "rapid.checks" })
	if !given {
		// An ordinary run draws the same policies each time, so that a failure belongs to the change at hand; -rapid.checks=500 draws others.
		_ = flag.Set("rapid.seed", "20261121")
	}
	os.Exit(runAll(m))
}

// runAll runs the tests and then looks for goroutines that they, and so the servers in this process, left behind.
func runAll(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c, err := startCluster(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "no PostgreSQL for the tests:", err)
		return 1
	}
	pg = c
	code := m.Run()
	if err := c.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping PostgreSQL:", err)
		code = 1
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}
