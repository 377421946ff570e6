package tests

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWireScripts runs every script of testdata/wire against the same database, directly and through Wherewall as a user with full access to
// the mapped tables, and as an unfiltered one, all as the same database role. The transcripts must be equal: the unfiltered one in every
// field, the other save for the lines of NAME.diff, which says why.
func TestWireScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/wire/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 230, "the suite lost scripts")
	db := newWireDatabase(t, "wire_scripts")
	for _, path := range paths {
		if strings.HasSuffix(path, ".before18.txt") && pg.major >= 18 {
			continue // PostgreSQL 18 does not end an implicit transaction with a Query in the middle of a batch.
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			script, err := readWireScript(path)
			require.NoError(t, err)
			direct := script.play(t, db, db.direct, scribe{})
			require.NotContains(t, direct, failedStep, "the script is wrong: PostgreSQL itself does not answer so")
			every := scribe{unfiltered: true}
			require.Equal(t, script.play(t, db, db.direct, every), script.play(t, db, db.unfiltered, every))
			compareWithDifferences(t, differencesOf(path), direct, script.play(t, db, db.through, scribe{}))
		})
	}
}

// failedStep begins the last line of a transcript whose script could not be followed.
const failedStep = "FAILED"

// play resets the database, plays the script and returns the transcript, which ends early where the connection does.
func (s *wireScript) play(t *testing.T, db *wireDatabase, dsn string, by scribe) string {
	t.Helper()
	db.reset(t)
	c, err := tryDial(dsn)
	require.NoError(t, err)
	defer c.close() // now, and not with the test: it may have locks
	by.pid, by.tables = c.pid, db.tables
	var b strings.Builder
	for _, step := range s.steps {
		if step.send != nil {
			c.Send(step.send)
			continue
		}
		if step.deed != "" {
			db.deed(t, c, step)
			continue
		}
		fmt.Fprintf(&b, "-- line %d\n", step.line)
		if err := c.await(step.until, by, &b); err != nil {
			fmt.Fprintf(&b, "%s line %d: %v\n", failedStep, step.line, err)
			break
		}
	}
	return b.String()
}

// await flushes, then transcribes messages until all the expected ones have come in their order. Where ReadyForQuery comes too early, what
// was expected before it never will; the transcript shows what came instead.
func (c *client) await(expected []expectation, by scribe, b *strings.Builder) error {
	if err := c.Flush(); err != nil {
		return fmt.Errorf("flushing: %w", err)
	}
	for len(expected) > 0 {
		want := expected[0]
		m, err := c.next()
		if want.message == "EOF" && err != nil {
			b.WriteString("EOF\n")
			return nil
		}
		if err != nil {
			return fmt.Errorf("waiting for %s(%s): %w", want.message, want.what, err)
		}
		fmt.Fprintln(b, by.line(m))
		if messageName(m) == want.message && (want.what == "" || distinguishing(m) == want.what) {
			expected = expected[1:]
			continue
		}
		if messageName(m) == "ReadyForQuery" {
			fmt.Fprintf(b, "%s: not %s(%s) but ReadyForQuery came\n", failedStep, want.message, want.what)
			expected = afterReady(expected)
		}
	}
	return nil
}

// afterReady is what is expected behind the next ReadyForQuery.
func afterReady(expected []expectation) []expectation {
	for i, e := range expected {
		if e.message == "ReadyForQuery" {
			return expected[i+1:]
		}
	}
	return nil
}
