package wire

// sendSQL is the door: the only place that writes a Query or Parse message to the server, and what it writes is what a Template
// says. name is the statement's for Parse; types are its parameter types as the client sent them.
func (q *requests) sendSQL(r request, name, types []byte) error {
	if r.kind == 'Q' {
		no, err := q.enter(&r)
		if err != nil {
			return err
		}
		if no != nil {
			r = request{kind: 'Q', of: q.now.refusal(no)}
		}
	}
	if !q.push(r) {
		q.dropDeed(r.deed)
		return nil
	}
	fill := func(b []byte) []byte {
		if r.kind == 'P' {
			b = append(append(b, name...), 0)
		}
		b = append(r.of.template.AppendSQL(b, r.of.values), 0)
		return append(b, types...)
	}
	if room := r.of.size + r.of.size/4 + smallBuffer; room > largeBuffer {
		// What is added to a long text is little, as a rule. Growing by doubling would take several times its length.
		if err := q.out.flush(); err != nil {
			return err
		}
		long := appendMessage(make([]byte, 0, room), r.kind, fill)
		if len(long) > maxServerMessage { // A length that does not say so much would make several messages of it.
			return &failure{state: stateLimit, message: "statement is too long"}
		}
		return q.out.send(long)
	}
	q.out.reserve(smallBuffer)
	return q.out.take(appendMessage(q.out.buf, r.kind, fill))
}
