package wire

// What prepared statements and portals take. Each session may have maxPrepared, all together what long messages may take; when that is
// used up, a session may still have freePrepared, which is more than drivers need.
const (
	freePrepared = 2 << 20
	// keptStep is how much may change before a session tells the others.
	keptStep = 64 << 10
)

// crowded says whether the session has as many portals as it may, or statements that take as much. What the server has not answered
// yet may replace others, so that is waited for.
func (q *requests) crowded(portal bool, weight int) (bool, error) {
	if !q.full(portal, weight) {
		return false, nil
	}
	if err := q.demandReplies(); err != nil {
		return false, err
	}
	q.wait()
	defer q.waited()
	q.pending.empty()
	return q.full(portal, weight), nil
}

// full says whether so much more is too much, as far as the server has answered. Where it is not, the others are told of it.
func (q *requests) full(portal bool, weight int) bool {
	most := maxPrepared
	if q.memory.kept.Load()+int64(weight) > q.memory.mostKept {
		most = freePrepared
	}
	full, has := q.pending.crowded(portal, weight, most)
	if full {
		q.keeps(has)
		return true
	}
	q.keeps(has + weight)
	return false
}

// keeps tells all sessions what this one's statements take, unless that has changed little.
func (q *requests) keeps(bytes int) {
	change := int64(bytes) - q.kept
	if bytes > 0 && -keptStep < change && change < keptStep {
		return
	}
	q.memory.kept.Add(change)
	q.kept += change
}
