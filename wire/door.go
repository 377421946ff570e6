package wire

// sendSQL is the door: the only place that writes a Query or Parse message to the server, and what it writes is what a Template
// says. name is the statement's for Parse; types are its parameter types as the client sent them.
func (q *requests) sendSQL(r request, name string, types []byte) error {
	if !q.push(r) {
		return nil
	}
	q.out.reserve(smallBuffer)
	message := appendMessage(q.out.buf, r.kind, func(b []byte) []byte {
		if r.kind == 'P' {
			b = appendString(b, name)
		}
		b = append(r.of.template.AppendSQL(b, r.of.values), 0)
		if r.kind == 'P' {
			b = append(b, types...)
		}
		return b
	})
	return q.out.take(message)
}
