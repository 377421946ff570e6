package tests

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWireScripts runs every script of testdata/wire twice against the same database, directly and through Wherewall as
// a user with full access to the mapped tables, both as the same database role. The transcripts must be equal.
func TestWireScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/wire/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 40, "the suite lost scripts")
	db := newWireDatabase(t, "wire_scripts")
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			script, err := readWireScript(path)
			require.NoError(t, err)
			db.reset(t)
			direct := script.run(dial(t, db.direct))
			require.NotContains(t, direct, failedStep, "the script is wrong: PostgreSQL itself does not answer so")
			db.reset(t)
			through := script.run(dial(t, db.through))
			require.Equal(t, direct, through)
		})
	}
}

// failedStep begins the last line of a transcript whose script could not be followed.
const failedStep = "FAILED"

// run plays the script and returns the transcript, which ends early where the server does not do as the script says.
func (s *wireScript) run(c *client) string {
	var b strings.Builder
	for _, step := range s.steps {
		if step.send != nil {
			c.Send(step.send)
			continue
		}
		fmt.Fprintf(&b, "-- line %d\n", step.line)
		if err := c.await(step.until, &b); err != nil {
			fmt.Fprintf(&b, "%s line %d: %v\n", failedStep, step.line, err)
			break
		}
	}
	return b.String()
}

// await flushes, then transcribes messages until all the expected ones have come in their order.
func (c *client) await(expected []expectation, b *strings.Builder) error {
	if err := c.Flush(); err != nil {
		return fmt.Errorf("flushing: %w", err)
	}
	for _, want := range expected {
		for {
			m, err := c.next()
			if want.message == "EOF" && err != nil {
				b.WriteString("EOF\n")
				break
			}
			if err != nil {
				return fmt.Errorf("waiting for %s(%s): %w", want.message, want.what, err)
			}
			fmt.Fprintln(b, transcribe(m))
			if messageName(m) == want.message && (want.what == "" || distinguishing(m) == want.what) {
				break
			}
			if messageName(m) == "ReadyForQuery" { // waiting on past it would only time out
				return fmt.Errorf("ReadyForQuery came before %s(%s)", want.message, want.what)
			}
		}
	}
	return nil
}
