package ledger

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// Reopen says that the file may have been moved away. The next Flush looks, and begins a new one where it was.
func (l *Ledger) Reopen() { l.reopen = true }

// rotationPause is how long a file that could not be rotated is left alone.
const rotationPause = time.Minute

// turnOver begins a new file where that is due: the file has been moved away, is large, or old. It is tried again after a while where it fails.
func (l *Ledger) turnOver() {
	if l.file == nil || l.trouble != nil && l.options.Now().Before(l.retry) {
		return
	}
	l.trouble = nil
	switch moved := l.reopen && l.file.movedFrom(l.options.Path); {
	case moved:
		l.trouble = l.beginNext()
	case l.due():
		l.trouble = l.rotate()
	}
	l.reopen = l.reopen && l.trouble != nil
	l.retry = l.options.Now().Add(rotationPause)
}

// rotate moves the file aside. The new one is made before the one at hand is ended, so that a failure leaves everything as it was.
func (l *Ledger) rotate() error {
	aside := rotatedName(l.options.Path, l.chain.head.Seq+1)
	if _, err := os.Lstat(aside); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("rotating: %s exists already", aside)
	}
	if err := os.Rename(l.options.Path, aside); err != nil {
		return fmt.Errorf("rotating: %w", err)
	}
	if err := l.beginNext(); err != nil {
		return errors.Join(err, os.Rename(aside, l.options.Path))
	}
	return nil
}

func (l *Ledger) due() bool {
	o := l.options
	return o.MaxBytes > 0 && l.file.size >= o.MaxBytes || o.MaxAge > 0 && o.Now().Sub(l.file.since) >= o.MaxAge
}

// beginNext makes the new file, and adds the record that ends the one at hand. goOn follows when that is written.
func (l *Ledger) beginNext() error {
	f, err := openFile(l.options.Path)
	if err != nil {
		return err
	}
	if f.size > 0 {
		_ = f.close()
		return fmt.Errorf("rotating: somebody else writes to %s", l.options.Path)
	}
	f.since = l.options.Now()
	l.next = f
	l.own(Rotated, nil)
	return nil
}

// goOn leaves a file whose last record is written for the next one.
func (l *Ledger) goOn() error {
	if err := l.Sync(); err != nil {
		return err
	}
	_ = l.file.close()
	l.file, l.out, l.next = l.next, l.next.File, nil
	l.rotations++
	l.own(Opened, nil)
	return nil
}
