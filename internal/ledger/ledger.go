package ledger

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Options are what a Ledger is made with.
type Options struct {
	// Path is the file that is written to. Those that it has rotated away lie beside it, as PATH.000000001234, by the number of their last
	// record.
	Path string
	// Stream is written to where Path is empty. It is not rotated, and each process begins a chain of its own there.
	Stream io.Writer
	// Key makes the hashes HMACs. It is as long as the operator likes; nil is none.
	Key []byte
	// MaxBytes and MaxAge are when a file is rotated; zero is never.
	MaxBytes int64
	MaxAge   time.Duration
	Stamp    Stamp
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// maxBuffered is from how many bytes on Append wants to be followed by Flush.
const maxBuffered = 256 << 10

// Ledger appends records to a file. What could not be written is kept and written later, so that a record is never left half written by a
// disk that was full for a while.
type Ledger struct {
	options Options
	chain   *chain
	out     io.Writer
	file    *file // nil for a stream
	next    *file // where to go on, once the closing record of file is written; nil while there is no rotation under way

	buffer  []byte // lines
	written int    // bytes at the front of buffer that are in the file
	scratch []byte

	rotations uint64
	reopen    bool
	trouble   error     // why the file was not rotated the last time that it was due
	retry     time.Time // when to try again
}

// Open opens the file of a ledger, or makes it, and locks it: a second process that writes to it would break the chain. It goes on where the
// file, or the newest that was rotated away, ends. It is an error where that is not what its hash says.
func Open(o Options) (*Ledger, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Ledger{options: o, out: o.Stream}
	if o.Path == "" {
		l.chain = newChain(o.Key, Head{})
		l.own(Opened, nil)
		return l, nil
	}
	f, err := openFile(o.Path)
	if err != nil {
		return nil, err
	}
	head, found, err := f.resume(o.Path, o.Key)
	if err != nil {
		_ = f.close()
		return nil, err
	}
	l.chain, l.file, l.out = newChain(o.Key, head), f, f.File
	l.own(Opened, found.members(nil))
	return l, nil
}

// Append adds a record. members are those of its JSON object, without braces and in the form that kindOf expects; they are copied. It says
// whether Flush should follow before more is added.
func (l *Ledger) Append(members []byte) (full bool) {
	l.buffer = l.chain.append(l.buffer, members)
	return len(l.buffer)-l.written >= maxBuffered
}

// own adds a record of the ledger's own.
func (l *Ledger) own(kind string, more []byte) {
	l.scratch = append(l.options.Stamp(l.scratch[:0], l.options.Now(), kind), more...)
	l.Append(l.scratch)
}

// Flush writes what was added, and rotates the file where that is due. After an error it goes on where it was, when it is called again. A file
// that cannot be rotated is written to all the same; see Trouble.
func (l *Ledger) Flush() error {
	for {
		if err := l.write(); err != nil {
			return err
		}
		if l.next == nil {
			l.turnOver()
		}
		if l.next == nil {
			return nil
		}
		if l.Waiting() == 0 {
			if err := l.goOn(); err != nil {
				return err
			}
		}
	}
}

func (l *Ledger) write() error {
	for l.written < len(l.buffer) {
		n, err := l.out.Write(l.buffer[l.written:])
		l.written += n
		if l.file != nil {
			l.file.size += int64(n)
		}
		if err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
	l.buffer, l.written = l.buffer[:0], 0
	return nil
}

// Sync has the system put what was written on the disk. A stream has no such thing.
func (l *Ledger) Sync() error {
	if l.file == nil {
		return nil
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	return nil
}

// Head is the last record that was added.
func (l *Ledger) Head() Head { return l.chain.head }

// Waiting is how many bytes were added and are not written.
func (l *Ledger) Waiting() int { return len(l.buffer) - l.written }

// Rotations counts the files that were begun since Open.
func (l *Ledger) Rotations() uint64 { return l.rotations }

// Trouble is why the file could not be rotated when it was due; nil where it could, or is not.
func (l *Ledger) Trouble() error { return l.trouble }

// Close adds the record of an end, writes what there is and closes the file. A stream is not closed.
func (l *Ledger) Close() error {
	if l.next == nil {
		l.own(Closed, nil)
	}
	err := l.Flush()
	if l.file != nil {
		err = errors.Join(err, l.Sync(), l.file.close())
	}
	if l.next != nil {
		err = errors.Join(err, l.next.close())
	}
	return err
}
