package strand

import (
	"net"
	"sync/atomic"
)

// Loops are event loops that share their work by conversations.
type Loops struct {
	all  []*loop
	next atomic.Uint32
}

// Start starts n loops. Where there are none, the error is errors.ErrUnsupported.
func Start(n int) (*Loops, error) {
	l := &Loops{}
	for range n {
		one, err := newLoop()
		if err != nil {
			l.Stop()
			return nil, err
		}
		l.all = append(l.all, one)
		go one.lead()
	}
	return l, nil
}

// Stop ends the loops, all of whose strands are over.
func (l *Loops) Stop() {
	for _, one := range l.all {
		one.stop()
	}
}

// Pair takes two connections over, whose sockets then belong to the Conns that it returns: the ones given are closed and good for their addresses
// alone. Nobody may be reading or writing. Where one of them is ErrUnfit, both are as they were.
func (l *Loops) Pair(one, other net.Conn) (a, b *Conn, err error) {
	on := l.all[int(l.next.Add(1))%len(l.all)]
	if a, err = newConn(on, one); err != nil {
		return nil, nil, err
	}
	if b, err = newConn(on, other); err != nil {
		a.unwatch()
		a.abandon()
		return nil, nil, err
	}
	_, _ = one.Close(), other.Close()
	return a, b, nil
}

// Run makes a strand of what reads from one connection and writes to another, both of one Pair, and calls it for the first time. run is called again
// after it was Resting, whenever there may be something to do.
func Run(from, to *Conn, run func(*Strand) Verdict) {
	s := &Strand{loop: from.loop}
	s.run = func() Verdict { return run(s) }
	from.reader.Store(s)
	to.writer.Store(s)
	s.wake()
}
