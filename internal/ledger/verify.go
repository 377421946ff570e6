package ledger

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Check is what files are held to.
type Check struct {
	Key []byte // that the files were written with; nil for none
	// Open lets the newest file end without the record of an end, as that of a process does which is still writing, or was killed, or with that of
	// a rotation, as the files before it do.
	Open bool
	// Heads are records that were noted elsewhere: the files have to have them.
	Heads []Head
}

// Found is what one file has.
type Found struct {
	Path        string
	First, Last uint64 // the numbers of its records; 0 for none
	Head        Head   // the last one
	Ended       bool   // the last one is the record of an end
}

// Broken says which record is not what it should be.
type Broken struct {
	Path string
	Line int // from 1
	What string
}

// Error is PATH:LINE: what is wrong.
func (b *Broken) Error() string { return fmt.Sprintf("%s:%d: %s", b.Path, b.Line, b.What) }

// Verify holds files to their hashes and to each other, in the order of their records, whatever order they are named in. It returns what
// it found up to the first record that is broken, and a *Broken for that.
func (c Check) Verify(paths []string) ([]Found, error) {
	ordered, err := c.inOrder(paths)
	if err != nil {
		return nil, err
	}
	var all []Found
	v := verification{check: c}
	for i, path := range ordered {
		found, err := v.file(path, i == len(ordered)-1)
		if found.Path != "" {
			all = append(all, found)
		}
		if err != nil {
			return all, err
		}
	}
	return all, c.held(all, v.seen)
}

// inOrder sorts files by their first records. A file that has none, or whose first line is none, keeps its place at the end.
func (c Check) inOrder(paths []string) ([]string, error) {
	type begins struct {
		path string
		seq  uint64
	}
	all := make([]begins, 0, len(paths))
	for _, path := range paths {
		seq := ^uint64(0)
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("reading the trail: %w", err)
		}
		line, err := readLine(bufio.NewReader(f))
		_ = f.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading the trail: %w", err)
		}
		if e, bad := newChain(c.Key, Head{}).read(bytes.TrimSuffix(line, []byte{'\n'})); bad == "" || bad == wrongHash {
			seq = e.seq
		}
		all = append(all, begins{path, seq})
	}
	slices.SortStableFunc(all, func(a, b begins) int { return cmp.Compare(a.seq, b.seq) })
	ordered := make([]string, len(all))
	for i, b := range all {
		ordered[i] = b.path
	}
	return ordered, nil
}

// verification goes through the files.
type verification struct {
	check Check
	chain *chain // nil before the first record of all
	seen  []Head // of those that were noted elsewhere
	// rotated is set where the last record says that another file follows.
	rotated bool
}

func (v *verification) file(path string, last bool) (Found, error) {
	f, err := os.Open(path)
	if err != nil {
		return Found{}, fmt.Errorf("reading the trail: %w", err)
	}
	defer f.Close()
	found, in, line := Found{Path: path}, bufio.NewReaderSize(f, 256<<10), 0
	broken := func(what string) (Found, error) { return found, &Broken{Path: path, Line: max(line, 1), What: what} }
	for {
		text, err := readLine(in)
		if errors.Is(err, io.EOF) && len(text) == 0 {
			break
		}
		line++
		switch {
		case errors.Is(err, errLongLine):
			return broken("the line is longer than a record can be")
		case errors.Is(err, io.EOF):
			return broken("the record is cut off: the file was truncated, or its writer was killed while it wrote")
		case err != nil:
			return found, fmt.Errorf("reading the trail: %w", err)
		}
		e, bad := v.follow(text[:len(text)-1])
		if bad != "" {
			return broken("the record " + string(bad))
		}
		if line == 1 && e.kind != Opened {
			return broken("the file does not begin with the record of its opening: records were cut off")
		}
		v.take(&found, e)
	}
	switch {
	case line == 0:
		return broken("the file has no record: it was truncated, or is none of the trail")
	case last && v.rotated && !v.check.Open:
		return broken("the file says that another one continues it, and that is missing")
	case last && !found.Ended && !v.check.Open:
		return broken("the file ends without the record of an end: its writer is still at it or was killed, or records were cut off")
	}
	return found, nil
}

func (v *verification) take(found *Found, e entry) {
	if found.First == 0 {
		found.First = e.seq
	}
	found.Last, found.Head = e.seq, v.chain.head
	v.rotated = e.kind == Rotated
	found.Ended = v.rotated || e.kind == Closed
	if slices.Contains(v.check.Heads, v.chain.head) {
		v.seen = append(v.seen, v.chain.head)
	}
}

// follow holds a record to the one before it. The very first one has none here, as the files before it may have been given up by age; but what
// says that it is the first of all has to say it in full.
func (v *verification) follow(line []byte) (entry, fault) {
	if v.chain != nil {
		return v.chain.follow(line)
	}
	e, bad := newChain(v.check.Key, Head{}).read(line)
	if bad != "" {
		return e, bad
	}
	if e.seq == 0 || (e.seq == 1) != (e.prev == noHash()) {
		return e, wrongNumber
	}
	before := Head{Seq: e.seq - 1, Hash: e.prev}
	v.chain = newChain(v.check.Key, before)
	v.chain.head = before
	return v.chain.follow(line)
}

// held says which of the records that were noted elsewhere are missing.
func (c Check) held(all []Found, seen []Head) error {
	for _, h := range c.Heads {
		if !slices.Contains(seen, h) {
			last := all[len(all)-1]
			return &Broken{Path: last.Path, Line: int(last.Last-last.First) + 1, What: fmt.Sprintf( //nolint:gosec // lines of a file
				"the record %d with the hash that was noted elsewhere is in none of the files: records were replaced or cut off", h.Seq)}
		}
	}
	return nil
}

var errLongLine = errors.New("the line is too long")

// readLine reads a line with its end, of bounded length. Without an end it is what there is, and io.EOF.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		piece, err := in.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > maxLine {
			return nil, errLongLine
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
