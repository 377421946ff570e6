package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// file is an open file of a ledger, locked and written at its end.
type file struct {
	*os.File
	size  int64
	since time.Time // of its first record
}

// openFile opens a file for nobody else, who may read it only if the operator says so later.
func openFile(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("opening: %w", err)
	case !info.Mode().IsRegular():
		err = fmt.Errorf("opening %s: it is no regular file", path)
	default:
		if err = lock(f); err != nil {
			err = fmt.Errorf("locking %s: another process writes to it: %w", path, err)
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &file{File: f, size: info.Size()}, nil
}

func (f *file) close() error {
	if err := f.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}

// movedFrom says whether the file is not at path any more.
func (f *file) movedFrom(path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	theirs, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(ours, theirs)
}

// resume finds where the chain ends: in the file, or where that is empty in the newest that was rotated away from it. What a killed process
// has left of a record is cut off.
func (f *file) resume(path string, key []byte) (head Head, found repairs, err error) {
	f.since = time.Now()
	if f.size == 0 {
		head, err = headBefore(path, key)
		return head, found, err
	}
	if found.torn, err = tornBytes(f.File, f.size); err != nil {
		return head, found, err
	}
	if found.torn > 0 {
		if err := f.Truncate(f.size - found.torn); err != nil {
			return head, found, fmt.Errorf("cutting off a torn record: %w", err)
		}
		f.size -= found.torn
	}
	if f.size == 0 {
		head, err = headBefore(path, key)
		return head, found, err
	}
	f.since = firstTime(f.File, f.since)
	head, err = lastHead(f.File, f.size, key)
	return head, found, err
}

// headBefore is the end of the newest file that was rotated away; none where there is no such file.
func headBefore(path string, key []byte) (Head, error) {
	names, err := rotated(path)
	if err != nil || len(names) == 0 {
		return Head{}, err
	}
	f, err := os.Open(names[len(names)-1])
	if err != nil {
		return Head{}, fmt.Errorf("continuing the chain: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Head{}, fmt.Errorf("continuing the chain: %w", err)
	}
	return lastHead(f, info.Size(), key)
}

const rotatedDigits = 12

// rotatedName is where a file goes whose last record is seq.
func rotatedName(path string, seq uint64) string {
	return fmt.Sprintf("%s.%0*d", path, rotatedDigits, seq)
}

// rotated are the files that were rotated away from a path, the oldest first.
func rotated(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("looking for rotated files: %w", err)
	}
	var names []string
	for _, e := range entries {
		number, ours := strings.CutPrefix(e.Name(), filepath.Base(path)+".")
		if _, err := strconv.ParseUint(number, 10, 64); ours && err == nil && len(number) >= rotatedDigits {
			names = append(names, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	// A number with more digits is a larger one.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	return names, nil
}

// maxLine is more than a record can have.
const maxLine = 1 << 20

// tail reads the last bytes of a file.
func tail(f *os.File, size int64) ([]byte, error) {
	b := make([]byte, min(size, maxLine))
	if _, err := f.ReadAt(b, size-int64(len(b))); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the last record: %w", err)
	}
	return b, nil
}

// tornBytes is how much there is behind the last whole line.
func tornBytes(f *os.File, size int64) (int64, error) {
	b, err := tail(f, size)
	if err != nil {
		return 0, err
	}
	torn := len(b) - 1 - bytes.LastIndexByte(b, '\n')
	if torn == len(b) && size > int64(len(b)) {
		return 0, fmt.Errorf("%s does not end with a record", f.Name())
	}
	return int64(torn), nil
}

// lastHead is the last record of a file that ends with a whole line.
func lastHead(f *os.File, size int64, key []byte) (Head, error) {
	b, err := tail(f, size)
	if err != nil {
		return Head{}, err
	}
	line := bytes.TrimSuffix(b, []byte{'\n'})
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	e, bad := newChain(key, Head{}).read(line)
	if bad != "" {
		return Head{}, fmt.Errorf("the last record of %s %s; move the file away to begin a new chain", f.Name(), bad)
	}
	return Head{Seq: e.seq, Hash: e.hash}, nil
}

// firstTime is when a file was begun, as its first record tells; otherwise where it does not.
func firstTime(f *os.File, otherwise time.Time) time.Time {
	b := make([]byte, 64<<10)
	n, _ := f.ReadAt(b, 0)
	line, _, _ := bytes.Cut(b[:n], []byte{'\n'})
	var first struct {
		TS time.Time `json:"ts"`
	}
	if json.Unmarshal(line, &first) != nil || first.TS.IsZero() {
		return otherwise
	}
	return first.TS
}
