package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func stamp(dst []byte, at time.Time, kind string) []byte {
	return fmt.Appendf(dst, `"ts":%q,"kind":%q`, at.UTC().Format(time.RFC3339Nano), kind)
}

func at(path string) Options { return Options{Path: path, Stamp: stamp} }

// keep opens a ledger, adds records from one number to another, and closes it.
func keep(t *testing.T, o Options, from, to int) {
	t.Helper()
	l, err := Open(o)
	require.NoError(t, err)
	add(t, l, from, to)
	require.NoError(t, l.Close())
}

func add(t *testing.T, l *Ledger, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		l.Append(fmt.Appendf(nil, `"kind":"note","n":%d`, n))
		require.NoError(t, l.Flush())
	}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	all := strings.SplitAfter(string(text), "\n")
	return all[:len(all)-1]
}

func put(t *testing.T, path string, lines ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
}

// firstBroken is the line that Verify names.
func firstBroken(t *testing.T, c Check, paths ...string) *Broken {
	t.Helper()
	_, err := c.Verify(paths)
	var broken *Broken
	require.ErrorAs(t, err, &broken)
	return broken
}

func TestAChainThatNobodyTouchedHolds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	keep(t, at(path), 1, 5)
	keep(t, at(path), 6, 9) // another process
	found, err := Check{}.Verify([]string{path})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, uint64(1), found[0].First)
	require.Equal(t, uint64(13), found[0].Last) // nine, and two openings and two ends
	require.True(t, found[0].Ended)
}

func TestTheFirstBrokenRecordIsNamedByItsLine(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(lines []string) []string
		line   int
		what   string
	}{
		"an edited record": {func(l []string) []string {
			l[3] = strings.Replace(l[3], `"n":3`, `"n":4`, 1)
			return l
		}, 4, "edited"},
		"an edited last record": {func(l []string) []string {
			l[6] = strings.Replace(l[6], `trail_closed`, `trail_closet`, 1)
			return l
		}, 7, "edited"},
		"a record with another hash": {func(l []string) []string {
			l[2] = l[2][:len(l[2])-10] + "0000000\"}\n"
			return l
		}, 3, "edited"},
		"a removed record": {func(l []string) []string { return append(l[:2:2], l[3:]...) }, 3, "does not follow"},
		"two records that changed places": {func(l []string) []string {
			l[2], l[3] = l[3], l[2]
			return l
		}, 3, "does not follow"},
		"a record that is there twice": {func(l []string) []string { return append(l[:3:3], l[2:]...) }, 4, "does not follow"},
		"a line that is no record":     {func(l []string) []string { return append(l[:3:3], "{}\n", l[3]) }, 4, "is not a record"},
		"a tail that was cut off":      {func(l []string) []string { return l[:5] }, 5, "without the record of an end"},
		"a tail cut in a record":       {func(l []string) []string { return append(l[:5:5], l[5][:40]) }, 6, "cut off"},
		"a beginning that was cut off": {func(l []string) []string { return l[2:] }, 1, "does not begin"},
		"an empty file":                {func([]string) []string { return nil }, 1, "no record"},
		"a record with a number of its own": {func(l []string) []string {
			l[0] = strings.Replace(l[0], `{"seq":1,`, `{"seq":2,`, 1)
			return l
		}, 1, "edited"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			keep(t, at(path), 1, 5)
			put(t, path, c.change(lines(t, path))...)
			broken := firstBroken(t, Check{}, path)
			require.Equal(t, c.line, broken.Line)
			require.Contains(t, broken.Error(), c.what)
		})
	}
}

func TestAChainThatWasComputedAnewIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	forge := func(path string, key []byte) {
		o := at(path)
		o.Key = key
		keep(t, o, 1, 4)
	}
	t.Run("by a record that was noted elsewhere", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(dir, "noted")
		l, err := Open(at(path))
		require.NoError(t, err)
		add(t, l, 1, 5)
		noted, ok := ParseHead(l.Head().String())
		require.True(t, ok)
		require.NoError(t, l.Close())
		_, err = Check{Heads: []Head{noted}}.Verify([]string{path})
		require.NoError(t, err)

		require.NoError(t, os.Remove(path))
		forge(path, nil)
		_, err = Check{}.Verify([]string{path})
		require.NoError(t, err, "nothing else tells")
		require.Contains(t, firstBroken(t, Check{Heads: []Head{noted}}, path).What, "noted elsewhere")
	})
	t.Run("by a key that the forger does not have", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(dir, "keyed")
		forge(path, []byte("another key"))
		require.Contains(t, firstBroken(t, Check{Key: []byte("the key")}, path).What, "the key is another one")
	})
}

func TestWhatIsNoHead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "7", "7:", ":abc", "0:" + strings.Repeat("0", 64), "7:" + strings.Repeat("g", 64), "-1:" + strings.Repeat("0", 64)} {
		_, ok := ParseHead(text)
		require.False(t, ok, text)
	}
}

func TestTheChainGoesOnOverRotations(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	o := at(path)
	o.MaxBytes = 1500
	keep(t, o, 1, 30)
	keep(t, o, 31, 40)
	names, err := rotated(path)
	require.NoError(t, err)
	require.Greater(t, len(names), 3)
	files := append([]string{path}, names...) // in no order
	found, err := Check{}.Verify(files)
	require.NoError(t, err)
	require.Len(t, found, len(files))

	t.Run("a missing file is found", func(t *testing.T) {
		t.Parallel()
		broken := firstBroken(t, Check{}, append([]string{path}, names[1:2]...)...)
		require.Equal(t, path, broken.Path)
		require.Equal(t, 1, broken.Line)
		require.Contains(t, broken.What, "does not follow")
	})
	t.Run("a missing newest file is found", func(t *testing.T) {
		t.Parallel()
		require.Contains(t, firstBroken(t, Check{}, names...).What, "another one continues it")
		_, err := Check{Open: true}.Verify(names)
		require.NoError(t, err)
	})
	t.Run("the oldest files may be given up", func(t *testing.T) {
		t.Parallel()
		found, err := Check{}.Verify(append([]string{path}, names[2:]...))
		require.NoError(t, err)
		require.Greater(t, found[0].First, uint64(1))
	})
	t.Run("a cut tail of a file that another continues is found", func(t *testing.T) {
		t.Parallel()
		cut := filepath.Join(t.TempDir(), "cut")
		l := lines(t, names[0])
		put(t, cut, l[:len(l)-1]...)
		require.Equal(t, names[1], firstBroken(t, Check{}, cut, names[1]).Path)
		require.Contains(t, firstBroken(t, Check{}, cut).What, "without the record of an end")
	})
	t.Run("a file of another chain is found", func(t *testing.T) {
		t.Parallel()
		other := filepath.Join(t.TempDir(), "audit.jsonl")
		o := at(other)
		o.MaxBytes = 1500
		keep(t, o, 101, 140)
		theirs, err := rotated(other)
		require.NoError(t, err)
		mixed := firstBroken(t, Check{}, names[0], theirs[1])
		require.Equal(t, theirs[1], mixed.Path)
		require.Equal(t, 1, mixed.Line)
	})
}

func TestAnOldFileIsRotated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	o, now := at(path), time.Now()
	o.Now, o.MaxAge = func() time.Time { return now }, time.Hour
	keep(t, o, 1, 2)
	now = now.Add(2 * time.Hour)
	keep(t, o, 3, 4) // the age is the file's, not the process's
	names, err := rotated(path)
	require.NoError(t, err)
	require.Len(t, names, 1)
	_, err = Check{}.Verify([]string{path, names[0]})
	require.NoError(t, err)
}

func TestAFileThatWasMovedAwayIsContinuedInANewOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, moved := filepath.Join(dir, "audit.jsonl"), filepath.Join(dir, "audit.jsonl.1")
	l, err := Open(at(path))
	require.NoError(t, err)
	add(t, l, 1, 3)
	l.Reopen()
	require.NoError(t, l.Flush())
	require.Zero(t, l.Rotations(), "it is where it was")
	require.NoError(t, os.Rename(path, moved))
	add(t, l, 4, 4)
	l.Reopen()
	add(t, l, 5, 6)
	require.Equal(t, uint64(1), l.Rotations())
	add(t, l, 7, 7)
	require.NoError(t, l.Close())
	_, err = Check{}.Verify([]string{path, moved})
	require.NoError(t, err)
}

func TestAFileThatCannotBeRotatedIsWrittenToAllTheSame(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	o, now := at(path), time.Now()
	o.MaxBytes, o.Now = 1200, func() time.Time { return now }
	l, err := Open(o)
	require.NoError(t, err)
	var blocked []string
	for seq := range uint64(12) {
		blocked = append(blocked, rotatedName(path, seq))
		put(t, blocked[seq], "in the way\n")
	}
	add(t, l, 1, 8)
	require.ErrorContains(t, l.Trouble(), "exists already")
	require.Zero(t, l.Rotations())
	for _, name := range blocked {
		require.NoError(t, os.Remove(name))
	}
	add(t, l, 9, 9)
	require.Zero(t, l.Rotations(), "it is not tried all the time")
	now = now.Add(2 * rotationPause)
	add(t, l, 10, 10)
	require.NoError(t, l.Trouble())
	require.Equal(t, uint64(1), l.Rotations())
	require.NoError(t, l.Close())
	names, err := rotated(path)
	require.NoError(t, err)
	_, err = Check{}.Verify(append(names, path))
	require.NoError(t, err)
}

func TestWhatAKilledProcessLeftOfARecordIsCutOffAndTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	keep(t, at(path), 1, 3)
	l := lines(t, path)
	put(t, path, append(l[:3:3], l[3][:50])...)
	keep(t, at(path), 4, 5)
	_, err := Check{}.Verify([]string{path})
	require.NoError(t, err)
	require.Contains(t, lines(t, path)[3], `"torn_bytes":50`)
}

func TestATrailWhoseEndWasEditedIsNotContinued(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	keep(t, at(path), 1, 3)
	l := lines(t, path)
	l[4] = strings.Replace(l[4], "trail_closed", "trail_opened", 1)
	put(t, path, l...)
	_, err := Open(at(path))
	require.ErrorContains(t, err, "move the file away")
}

func TestTwoProcessesDoNotWriteToOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l, err := Open(at(path))
	require.NoError(t, err)
	_, err = Open(at(path))
	require.ErrorContains(t, err, "another process")
	require.NoError(t, l.Close())
	keep(t, at(path), 1, 1)
}

func TestOthersMayNotReadTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	keep(t, at(path), 1, 1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// narrow is a disk that is full after some bytes.
type narrow struct {
	bytes.Buffer
	room int
}

func (n *narrow) Write(p []byte) (int, error) {
	taken := min(len(p), n.room)
	n.room -= taken
	_, _ = n.Buffer.Write(p[:taken])
	if taken < len(p) {
		return taken, syscall.ENOSPC
	}
	return taken, nil
}

func TestAFullDiskLeavesNoHalfRecord(t *testing.T) {
	t.Parallel()
	disk := &narrow{room: 700}
	l, err := Open(Options{Stream: disk, Stamp: stamp})
	require.NoError(t, err)
	full := false
	for n := range 10 {
		l.Append(fmt.Appendf(nil, `"kind":"note","n":%d`, n))
		if err := l.Flush(); err != nil {
			require.True(t, errors.Is(err, syscall.ENOSPC))
			full = true
		}
	}
	require.True(t, full)
	require.Positive(t, l.Waiting())
	disk.room = 1 << 20
	require.NoError(t, l.Flush())
	require.Zero(t, l.Waiting())
	require.NoError(t, l.Close())
	path := filepath.Join(t.TempDir(), "written")
	put(t, path, disk.String())
	found, err := Check{}.Verify([]string{path})
	require.NoError(t, err)
	require.Equal(t, uint64(12), found[0].Last)
}

func TestAnOpenTrailIsFineWhereThatIsSaid(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l, err := Open(at(path))
	require.NoError(t, err)
	add(t, l, 1, 3)
	require.Contains(t, firstBroken(t, Check{}, path).What, "without the record of an end")
	found, err := Check{Open: true}.Verify([]string{path})
	require.NoError(t, err)
	require.False(t, found[0].Ended)
	require.NoError(t, l.Close())
}
