package wire

import (
	"bytes"
	"fmt"
	"time"

	"github.com/wherewall/wherewall/rewrite"
)

// maxReserved is how many records a session may have reserved before it waits for the ends of what it has sent. One that sends and never reads would
// otherwise take the room of all others.
const maxReserved = 1024

// enter reserves the records of a message that is about to be sent, one for each of its statements, and says why it may not be where there can be
// none. What was said before is sent first, so that room can come of its end.
func (q *requests) enter(r *request) (*rewrite.Refusal, error) {
	if q.sent++; q.sent%SampledWaits == 0 {
		r.sent = time.Now()
	}
	trail := q.config.Trail
	if trail == nil {
		return nil, nil
	}
	n := 1
	if r.kind == 'Q' && r.of.template != nil {
		n = max(n, len(r.of.template.Statements))
	}
	if err := q.awaitReserved(n); err != nil {
		return nil, err
	}
	now := time.Now()
	for range n {
		d := trail.Enter(q.party.Lane)
		if d == nil {
			if err := q.out.flush(); err != nil {
				q.dropDeed(r.deed)
				return nil, err
			}
			var err error
			if d, err = q.awaitTrail(); err != nil {
				q.dropDeed(r.deed)
				return unrecorded(n), nil
			}
			if d == nil {
				return nil, nil
			}
		}
		d.Party, d.Message, d.Began, d.next = q.party, r.kind, now, r.deed
		r.deed = d
	}
	return nil, nil
}

// awaitReserved waits while the session has too many records reserved to reserve so many more. The server is asked for replies that it may keep.
func (q *requests) awaitReserved(n int) error {
	if q.pending.mayReserve(n) {
		return nil
	}
	if err := q.demandReplies(); err != nil {
		return err
	}
	q.wait()
	defer q.waited()
	q.pending.awaitReserved(n)
	return nil
}

func (q *requests) awaitTrail() (*Deed, error) {
	q.wait()
	defer q.waited()
	return q.config.Trail.Await(q.party.Lane)
}

// unrecorded refuses what would leave no record: a message of n statements.
func unrecorded(n int) *rewrite.Refusal {
	r := refused(codeUnrecorded, stateIO, "the statement cannot be recorded")
	r.Hint = "The audit trail takes no records at the moment, and without one nothing is done. Try again later."
	if n > maxReserved {
		r.Hint = fmt.Sprintf("The audit trail has no room for the records of %d statements in one message. Send them in several.", n)
	}
	return r
}

// dropDeed gives the records of statements back that were not sent, or not run.
func (s *session) dropDeed(d *Deed) { dropDeeds(s.config.Trail, d) }

func dropDeeds(t Trail, d *Deed) {
	for d != nil {
		next := d.next
		d.next = nil
		t.Drop(d)
		d = next
	}
}

// watching is what the replies goroutine knows of the statements that the server answers, for the trail.
type watching struct {
	rows      int64            // DataRow messages of the statement so far
	bytes     int64            // that the server has sent for it
	suspended map[string]*Deed // of portals that have more rows, by name
	staged    *Deed            // of a COPY in the extended protocol, whose rows are still to be written
}

// saw counts a message of the server.
func (w *watching) saw(f frame) {
	w.bytes += int64(headerSize + f.size)
	if f.kind == 'D' {
		w.rows++
	}
}

// finished takes note that the server has come to the end of a statement, or of the rows that were asked for. tag is borrowed.
func (p *replies) finished(r *request, kind byte, tag []byte) {
	rows := p.startNext()
	said := p.said(r)
	switch {
	case said != nil && (said.Kind == rewrite.CopyPrepare || said.Kind == rewrite.CopyEnd):
		return
	case said != nil && said.Kind == rewrite.CopyFill:
		if r.kind == 'E' {
			p.watching.staged = p.takeDeed()
		}
		return
	}
	if !r.own {
		p.counts.ended[Completed].Add(1)
		p.measure(r)
	}
	if p.config.Trail == nil {
		return
	}
	d := p.deedOf(r)
	switch {
	case d == nil:
		return
	case kind == 'I':
		p.dropDeed(d) // There was no statement.
		return
	case kind == 's':
		d.Rows += rows.rows
		d.Bytes += rows.bytes
		p.describeDeed(d, r)
		p.suspend(r.name, d)
		return
	}
	before := d.Rows
	p.describeDeed(d, r)
	d.SetTag(tag)
	if d.Rows >= 0 && (before > 0 || rows.rows > 0) {
		d.Rows = before + max(d.Rows, rows.rows)
	}
	if told := tagOf(said); told != "" {
		d.nameTag(told)
	} else if said != nil && said.Kind == rewrite.CopyStore {
		d.nameTag("COPY")
	}
	d.Bytes += rows.bytes
	p.handOver(d, Completed)
}

// startNext forgets what was counted for a statement, and returns it.
func (p *replies) startNext() watching {
	counted := watching{rows: p.watching.rows, bytes: p.watching.bytes}
	p.watching.rows, p.watching.bytes = 0, 0
	p.counts.bytes.Add(uint64(counted.bytes)) //nolint:gosec // not negative
	return counted
}

// measure takes the time that a statement took, of one that is measured.
func (p *replies) measure(r *request) {
	if !r.sent.IsZero() {
		p.counters.waits.observe(time.Since(r.sent))
		r.sent = time.Time{}
	}
}

// deedOf is the record of the statement that the server has come to the end of: the one that was reserved, that of the part of a portal's rows that came
// before, or a late one. nil: it goes unrecorded, or the session ends.
func (p *replies) deedOf(r *request) *Deed {
	d := p.takeDeed()
	if r.kind == 'E' {
		if r.own {
			d, p.watching.staged = p.watching.staged, nil
			return d
		}
		if before := p.watching.suspended[r.name]; before != nil {
			delete(p.watching.suspended, r.name)
			p.dropDeed(d)
			return before
		}
	}
	if d != nil {
		return d
	}
	return p.lateDeed(r.kind)
}

// lateDeed is the record of what has happened already. Where there can be none, the session ends.
func (p *replies) lateDeed(message byte) *Deed {
	d, err := p.config.Trail.Late(p.party.Lane)
	if err != nil {
		p.fail(&failure{state: stateIO, message: "what this session does cannot be recorded", hint: "Try again later."})
	}
	if d != nil {
		d.Party, d.Message, d.Began = p.party, message, time.Now()
	}
	return d
}

// takeDeed takes the record out of the request in front.
func (p *replies) takeDeed() *Deed {
	if p.current.deed == nil {
		return nil
	}
	d, next := p.pending.takeDeed()
	if p.current.deed = next; next != nil {
		next.Began = time.Now()
	}
	return d
}

// describeDeed says what a record is about.
func (p *replies) describeDeed(d *Deed, r *request) {
	of := p.one(r)
	d.Template, d.At, d.Plan = of.template, of.at, p.listener.plan
	if of.values != nil {
		d.Plan = of.values.Plan()
	}
	d.Runs, d.RunsAt = d.Template, d.At
	if said := of.said(); runsNamed(said) {
		if target := p.through(r, said); target != nil {
			d.Runs, d.RunsAt = target.template, target.at
		}
	}
}

// maxSuspended is how many records of portals with more rows a session keeps open.
const maxSuspended = 256

// suspend keeps the record of a portal that has more rows. Where there are many, it ends, and what is fetched later has a record of its own.
func (p *replies) suspend(portal string, d *Deed) {
	if len(p.watching.suspended) >= maxSuspended {
		p.handOver(d, Suspended)
		return
	}
	if p.watching.suspended == nil {
		p.watching.suspended = map[string]*Deed{}
	}
	p.watching.suspended[portal] = d
}

// portalGone ends the record of a portal whose rows were not all fetched: it was closed, or another one has taken its name.
func (p *replies) portalGone(name string) {
	if d := p.watching.suspended[name]; d != nil {
		delete(p.watching.suspended, name)
		p.handOver(d, Suspended)
	}
}

// portalReplaced is portalGone for the portal that a Bind or a Close is about.
func (p *replies) portalReplaced(r *request) {
	switch {
	case len(p.watching.suspended) == 0:
	case r.change != nil:
		p.portalGone(r.change.name)
	default:
		p.portalGone(r.name)
	}
}

// ends is finished for the message that tells of it, whose tag it reads.
func (p *replies) ends(r *request, f frame) error {
	if f.kind != 'C' || p.config.Trail == nil || f.size > maxTag {
		p.finished(r, f.kind, nil)
		return nil
	}
	if err := p.need(f); err != nil {
		return err
	}
	tag := p.in.bytes()[p.run+headerSize : p.run+headerSize+f.size]
	p.finished(r, f.kind, bytes.TrimSuffix(tag, []byte{0}))
	return nil
}

// portalsGone ends those of all portals.
func (p *replies) portalsGone() {
	for name := range p.watching.suspended {
		p.portalGone(name)
	}
}

// broke takes note of an error. r is the request that it answers, or a zero one; refusal is what it stands for, or nil.
func (p *replies) broke(r *request, state string, refusal *rewrite.Refusal) {
	rows, ending, code := p.startNext(), Failed, ""
	if refusal != nil {
		ending, code = Refused, refusal.Code
		if r.of.code != "" {
			code = r.of.code
		}
		p.counters.refusal(code)
	}
	p.counts.ended[ending].Add(1)
	p.measure(r)
	if p.config.Trail == nil {
		return
	}
	d := p.watching.staged
	if d == nil {
		d = p.deedOf(r)
	}
	p.watching.staged = nil
	if d == nil {
		return
	}
	p.describeDeed(d, r)
	d.SQLState, d.Code = state, code
	d.Bytes += rows.bytes
	p.handOver(d, ending)
	p.nothingFollows()
}

// nothingFollows gives the records of the statements back that the server skips after an error in their message.
func (p *replies) nothingFollows() {
	for d := p.takeDeed(); d != nil; d = p.takeDeed() {
		p.dropDeed(d)
	}
}

func (p *replies) handOver(d *Deed, ending Ending) {
	d.Ending, d.Took = ending, time.Since(d.Began)
	p.config.Trail.Done(d)
}

// abandoned hands over what the session's end has left open. Both goroutines are over.
func (p *replies) abandoned() {
	p.portalsGone()
	if d := p.watching.staged; d != nil {
		p.handOver(d, Aborted)
	}
	for i, r := range p.pending.left() {
		if i > 0 || r.kind != 'Q' || !p.has {
			p.index = 0
		}
		p.abandon(&r)
	}
}

// abandon hands over the records of a request's statements from p.index on.
func (p *replies) abandon(r *request) {
	d := r.deed
	for r.deed = nil; d != nil; p.index++ {
		of := p.one(r)
		said := of.said()
		if r.kind == 'Q' && p.index > 0 && said == nil {
			break // The rest was reserved for what belongs to a COPY.
		}
		if said != nil && (said.Kind == rewrite.CopyPrepare || said.Kind == rewrite.CopyFill || said.Kind == rewrite.CopyEnd) {
			continue
		}
		next := d.next
		d.next = nil
		d.Template, d.At, d.Plan = of.template, of.at, p.listener.plan
		if of.values != nil {
			d.Plan = of.values.Plan()
		}
		d.Runs, d.RunsAt, d.Rows = d.Template, d.At, -1
		p.counts.ended[Aborted].Add(1)
		p.handOver(d, Aborted)
		d = next
	}
	p.dropDeed(d)
}

// takeDeed takes a record out of the request in front, and says which is the next one.
func (p *pending) takeDeed() (d, next *Deed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == 0 {
		return nil, nil
	}
	r := &p.queue[p.first]
	if d = r.deed; d == nil {
		return nil, nil
	}
	r.deed, next, d.next = d.next, d.next, nil
	p.reserved--
	p.changed.Signal()
	return d, next
}

// dropDeeds gives the records of a request back that its statements did not come to. mu is held.
func (p *pending) dropDeeds(r *request) {
	if r.deed != nil {
		p.reserved -= r.deed.chained()
		dropDeeds(p.trail, r.deed)
		r.deed = nil
	}
}

// mayReserve says whether the session may reserve n more records now. It always may where it has none.
func (p *pending) mayReserve(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roomy(n)
}

func (p *pending) roomy(n int) bool {
	return p.reserved == 0 || p.reserved+n <= maxReserved || p.closed || p.skipping
}

// awaitReserved waits until mayReserve.
func (p *pending) awaitReserved(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.roomy(n) {
		p.changed.Wait()
	}
}

// left are the requests that were never answered, with what those that are about a portal run.
func (p *pending) left() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []request
	for p.count > 0 {
		r := p.queue[p.first]
		if r.kind == 'E' && !r.own {
			p.resolve(&r, true)
		}
		all = append(all, r)
		p.dequeue()
	}
	return all
}
