package wire

import (
	"sync"
	"time"
)

// request is a message on its way through the server, as far as its replies need it. kind is the message kind the server was
// sent, which is not the client's where a refusal stands in.
type request struct {
	kind    byte   // P B D E C S Q
	target  byte   // S or P of Describe and Close
	name    string // the statement of Parse, Describe and Close; the portal of Execute, Describe and Close
	of      statement
	change  *version  // what becomes of a name if this succeeds
	runs    *version  // of Execute: the portal
	standIn bool      // it must fail: success ends the session
	own     bool      // the client does not hear of it, unless it fails
	absent  *prepared // of Close: the statement that the server will not have any more
	// Of Describe: what is described, to be noted; and what is to be compared with what the client was told.
	is, describes *prepared
	deed          *Deed     // its record, where one was reserved; the replies goroutine takes it out
	sent          time.Time // of a statement whose time is measured; else zero
	turns         []turn    // what it does to the subject of the session when it succeeds
	through       *prepared // of Execute, Describe and Bind: what the statement runs by name; nil for none
}

// ends says whether the server answers with ReadyForQuery.
func (r *request) ends() bool { return r.kind == 'S' || r.kind == 'Q' }

// maxPending bounds the requests in flight. The server flushes its replies every 8 kB and each takes five bytes, so a batch
// that was never synced has had answers long before this many.
const maxPending = 8192

// What the statements and portals of a session may take. The statements that many portals are of count as often.
const (
	maxPortals  = 4096
	maxPrepared = 64 << 20 // bytes
)

// pending is the queue of requests that the server has not finished, in order, with the names of prepared statements and portals that they change.
// The requests goroutine pushes, the replies goroutine takes.
type pending struct {
	mu      sync.Mutex
	changed sync.Cond
	queue   []request // a ring
	first   int
	count   int
	// skipping is set while the server discards messages up to the next Sync. Requests that it would discard are not
	// even queued.
	skipping bool
	closed   bool
	open     bool // the last request does not end its batch: the server may wait for more of it
	status   byte // of the transaction, as the server told it last
	loading  bool // the server waits for rows of a COPY
	// A batch is what ends in Sync or Query. Names changed in a batch that is not over are certain within it only.
	batch    uint64   // the one that is being pushed
	resolved uint64   // those below it are over
	names    registry // of statements
	portals  registry
	reserved int       // records of the requests
	trail    Trail     // which gets the records of requests back that the server skips; nil for none
	subjects *subjects // of the session of a shared login; nil for others
}

func newPending() *pending {
	p := &pending{names: newRegistry(), portals: newRegistry(), status: 'I'}
	p.changed.L = &p.mu
	return p
}

// push queues a request, and waits for room. It returns false where the message must not be sent: the server would discard it, or the session is over.
func (p *pending) push(r request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.full() {
		p.changed.Wait()
	}
	return p.add(&r)
}

// tryPush is push where there is room.
func (p *pending) tryPush(r *request) (pushed, room bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full() {
		return false, false
	}
	return p.add(r), true
}

func (p *pending) full() bool { return p.count >= maxPending && !p.closed && !p.skipping }

func (p *pending) add(r *request) bool {
	if p.closed || (p.skipping && r.kind != 'S') {
		return false
	}
	if r.kind == 'S' {
		p.skipping = false
	}
	if r.kind == 'Q' && p.names.newest("") != nil {
		r.change = &version{} // a Query makes the server forget the unnamed statement
	}
	if r.change != nil {
		r.change.batch = p.batch
		p.registry(r.change.portal).add(r.change)
	}
	if r.runs != nil {
		r.runs.ran = true
	}
	if r.ends() {
		p.batch++
	}
	p.open = !r.ends()
	p.reserved += r.deed.chained()
	p.enqueue(r)
	return true
}

func (p *pending) enqueue(r *request) {
	if p.count == len(p.queue) {
		grown := make([]request, max(4, 2*len(p.queue)))
		n := copy(grown, p.queue[p.first:])
		copy(grown[n:], p.queue[:p.first])
		p.queue, p.first = grown, 0
	}
	p.queue[(p.first+p.count)%len(p.queue)] = *r
	p.count++
}

func (p *pending) registry(portals bool) *registry {
	if portals {
		return &p.portals
	}
	return &p.names
}

// front copies the request that the server answers now, with the statement that it is about. It is false where none is outstanding.
func (p *pending) front(r *request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.look(r)
}

func (p *pending) look(r *request) bool {
	if p.count == 0 {
		*r = request{}
		return false
	}
	*r = p.queue[p.first]
	if (r.kind == 'E' || r.kind == 'D') && !r.own {
		p.resolve(r, r.kind == 'E' || r.target == 'P')
	}
	return true
}

// resolve finds the statement that an Execute or a Describe is about, and what that runs by name.
func (p *pending) resolve(r *request, portal bool) {
	v := p.registry(portal).confirmed(r.name)
	if v == nil || v.is == nil {
		return
	}
	r.of, r.is = v.is.statement, v.is
	if portal {
		r.through = v.through
		return
	}
	if target := p.targetOf(r.of.said()); target != nil {
		r.through = target.is
	}
}

// done takes the request in front away: it succeeded. It goes on to the next one like front.
func (p *pending) done(next *request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
	return p.look(next)
}

// ready takes the request in front away, whose batch is over: the server has told a status. Outside of a transaction the server has no portals left but
// those of requests that it has not come to.
func (p *pending) ready(status byte, next *request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
	if status == 'I' {
		p.portals.forget()
	}
	if p.subjects != nil {
		p.subjects.ready(status)
	}
	p.finish()
	return p.look(next)
}

func (p *pending) finish() {
	r := &p.queue[p.first]
	if r.absent != nil {
		r.absent.absent = true
	}
	if r.change != nil {
		p.registry(r.change.portal).confirm(r.change)
	}
	if r.ends() {
		p.resolved++
	}
	p.dropDeeds(r)
	p.dequeue()
	p.changed.Signal()
}

// failed takes the request in front away, which the server answered with an error, and all that the server discards
// because of it.
func (p *pending) failed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := &p.queue[p.first]; r.change != nil && !r.change.portal {
		p.names.failed(r.change)
	} else if r.change != nil {
		p.portals.cancel(r.change) // an older portal of the name may live on
	}
	p.dropDeeds(&p.queue[p.first])
	p.dequeue()
	for p.count > 0 && p.queue[p.first].kind != 'S' {
		r := &p.queue[p.first]
		p.dropDeeds(r)
		if r.change != nil {
			p.registry(r.change.portal).cancel(r.change)
		}
		if r.runs != nil {
			r.runs.ran = false
		}
		if r.ends() {
			p.resolved++
		}
		p.dequeue()
	}
	p.skipping = p.count == 0
	p.changed.Signal()
}

func (p *pending) dequeue() {
	p.queue[p.first] = request{}
	p.first = (p.first + 1) % len(p.queue)
	p.count--
	if p.count == 0 && len(p.queue) > 64 {
		p.queue, p.first = nil, 0
	}
}

// close makes pushes fail and ends every wait.
func (p *pending) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.changed.Broadcast()
}

// setLoading notes that the server has begun to wait for rows of a COPY, or does not any more.
func (p *pending) setLoading(loading bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loading = loading
	p.changed.Broadcast()
}

func (p *pending) isLoading() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loading
}

// awaitLoad waits until the server wants rows, which it reports, or nothing is outstanding.
func (p *pending) awaitLoad() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.loading && p.count > 0 && !p.closed {
		p.changed.Wait()
	}
	return p.loading && !p.closed
}

// closeIfIdle closes the queue where nothing is outstanding and no batch is open, and says whether it did. In an open batch, the server may
// hold a transaction and portals although it has told of none.
func (p *pending) closeIfIdle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count > 0 || p.skipping || p.open {
		return false
	}
	p.closed = true
	p.changed.Broadcast()
	return true
}

// busy says whether the server has something to do for this session.
func (p *pending) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count > 0
}

// known is what a name stands for; the zero value stands for nothing.
type known struct {
	*prepared
	version *version
	ran     bool // an Execute was sent for this portal
}

// certain returns what a name stands for when the next message arrives at the server. wait is true where that hangs on a
// batch that is not over: then certain must be called again with patience, after everything was sent.
func (p *pending) certain(portal bool, name string, patient bool) (is known, wait bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		v := p.registry(portal).newest(name)
		if v == nil {
			return known{}, false
		}
		if v.confirmed || v.batch == p.batch || v.batch < p.resolved || p.closed {
			return known{prepared: v.is, version: v, ran: v.ran}, false
		}
		if !patient {
			return known{}, true
		}
		p.changed.Wait()
	}
}

// crowded says whether one more portal, or one more statement, of so many bytes would be more than a session may have, and what it has without.
func (p *pending) crowded(portal bool, weight, most int) (bool, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	has := p.names.weight + p.portals.weight
	return (portal && len(p.portals.versions) >= maxPortals) || has+weight > most, has
}

// empty waits until the server has answered everything.
func (p *pending) empty() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.count > 0 && !p.closed {
		p.changed.Wait()
	}
}

// standing says what the session waits for, and where that is the server, for how many statements at most. stalled says that the server does
// not take what is sent to it. A server that was not asked for replies yet may keep them to itself.
func (p *pending) standing(stalled bool) (standing, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.loading:
		return elsewhere, 0
	case p.count > 0 && (stalled || !p.open):
		return served, p.statements()
	case p.count > 0 || p.open || p.skipping:
		return elsewhere, 0
	case p.status == 'I':
		return idle, 0
	default:
		return idleInTransaction, 0
	}
}

// statements bounds the number of those that are outstanding.
func (p *pending) statements() int {
	n := 0
	for i := range p.count {
		n++
		if t := p.queue[(p.first+i)%len(p.queue)].of.template; t != nil {
			n += len(t.Statements)
		}
	}
	return n
}
