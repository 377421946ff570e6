package rewrite

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// Values fill the slots of templates for one session: the subject's values, quoted once, and the session's mark.
// They are immutable, but for the plan: see Renew.
type Values struct {
	plan   atomic.Pointer[plan.Plan]
	mark   string
	quoted map[string]string
}

// NewValues quotes a plan's values. mark is the session's secret, at least 128 random bits in hexadecimal: an error whose text
// contains it was raised by a statement of ours.
func NewValues(p *plan.Plan, mark string) *Values {
	v := &Values{mark: mark, quoted: map[string]string{}}
	v.plan.Store(p)
	for name, value := range p.Values {
		v.quoted[name] = string(sqltree.QuoteLiteral(nil, value))
	}
	v.quoted[pidSlot] = "'0'"
	v.quoted[locksSlot] = string(sqltree.QuoteLiteral(nil, channelPrefix(p.Subject.Tenant)))
	v.quoted[tenantSlot] = string(sqltree.QuoteLiteral(nil, p.Subject.Tenant))
	v.quoted[planSlot] = string(sqltree.QuoteLiteral(nil, p.Digest()[:shownDigest]))
	v.quoted[userSlot] = string(sqltree.QuoteLiteral(nil, p.Subject.User))
	return v
}

// Of returns the same values for a session that was told to be a process of the server.
func (v *Values) Of(pid uint32) *Values {
	quoted := maps.Clone(v.quoted)
	quoted[pidSlot] = "'" + strconv.FormatUint(uint64(pid), 10) + "'"
	made := &Values{mark: v.mark, quoted: quoted}
	made.plan.Store(v.Plan())
	return made
}

// Plan is the plan whose values they are.
func (v *Values) Plan() *plan.Plan { return v.plan.Load() }

// Renew says that the values are also those of a plan that is the same under a later snapshot, so that the earlier one is let go of.
func (v *Values) Renew(p *plan.Plan) {
	if v.Plan().Same(p) {
		v.plan.Store(p)
	}
}

// token is the text that stands for a template's refusal in the errors of this session.
func (v *Values) token(refusal string) string { return "ww_" + v.mark + "_" + refusal }

// AppendSQL appends the text to send to dst and returns it. Where the template refuses, was made for a plan of another shape, or has a slot
// that the values cannot fill, the text is a statement that must fail with the session's mark.
func (t *Template) AppendSQL(dst []byte, v *Values) []byte {
	if t.Refused != nil || len(t.Statements) == 0 || t.shape != v.Plan().Shape {
		return t.appendStandIn(dst, v)
	}
	start := len(dst)
	for _, s := range t.segments {
		dst = append(dst, s.text...)
		if s.literal > 0 {
			dst = append(dst, t.literal(s.literal)...)
			continue
		}
		if s.slot == "" {
			continue
		}
		value, ok := v.slot(s.slot)
		if !ok {
			return t.appendStandIn(dst[:start], v)
		}
		dst = append(dst, value...)
	}
	return dst
}

// appendStandIn appends a statement that fails. PostgreSQL reports a syntax error even in a failed transaction, and anything else only
// in a sound one; so a refused syntax fails in the grammar, and everything else in the analysis of a constant.
func (t *Template) appendStandIn(dst []byte, v *Values) []byte {
	if t.Refused != nil && t.Refused.Code == Unparsable {
		return append(dst, v.token("0")...)
	}
	dst = append(dst, "SELECT '"...)
	dst = append(dst, v.token("0")...)
	return append(dst, "'::pg_catalog.int4"...)
}

func (v *Values) slot(name string) (string, bool) {
	if number, ok := strings.CutPrefix(name, markSlot); ok {
		return "'" + v.token(number) + "'", true
	}
	if value, ok := v.quoted[name]; ok || !strings.HasPrefix(name, "channel") {
		return value, ok
	}
	return v.channelSlot(name)
}

// Refusal returns what the client is to be told instead of a server's error with this message text, or nil where the
// error is PostgreSQL's own.
func (t *Template) Refusal(message string, v *Values) *Refusal {
	_, rest, found := strings.Cut(message, v.token(""))
	if !found {
		return nil
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	number, err := strconv.Atoi(rest[:end])
	if err != nil || number >= len(t.refusals) {
		return &Refusal{Code: StatementDenied, SQLState: stateInsufficientPrivilege, Message: "permission denied"}
	}
	return t.refusals[number]
}

// Position maps a position in the rendered text, as ErrorResponse's P field has it, to one in the client's own text. Both count
// characters from 1; 0 is unknown.
func (t *Template) Position(v *Values, server int) int {
	if server < 1 || t.Refused != nil {
		return 0
	}
	remaining, gapless := server-1, 0
	for _, s := range t.segments {
		for i, r := range s.text {
			if remaining == 0 {
				return t.theirs(gapless + i)
			}
			remaining--
			_ = r
		}
		gapless += len(s.text)
		if s.literal > 0 && remaining == 0 {
			return t.theirs(gapless)
		}
		width := t.widthBehind(s, v)
		if remaining < width {
			return 0
		}
		remaining -= width
		if s.literal > 0 {
			gapless += t.marks[s.literal-1].width
		}
	}
	return 0
}

// widthBehind is how many characters are sent for what is behind a segment.
func (t *Template) widthBehind(s segment, v *Values) int {
	if s.literal > 0 {
		return utf8.RuneCountInString(t.literal(s.literal))
	}
	value, _ := v.slot(s.slot)
	return utf8.RuneCountInString(value)
}

// theirs finds the position of a place that both texts share.
func (t *Template) theirs(ours int) int {
	i, found := slices.BinarySearchFunc(t.positions, ours, func(p position, ours int) int { return p.ours - ours })
	if !found {
		return 0
	}
	return t.shifted(t.positions[i].theirs, t.moved())
}

// moved is by how many characters the end of each literal stands behind that of its mark. A list of them all spares asking each place about each
// literal: there may be thousands of both.
func (t *Template) moved() []int {
	moved, by := make([]int, len(t.marks)), 0
	for i, m := range t.marks {
		by += utf8.RuneCountInString(t.literal(i+1)) - m.width
		moved[i] = by
	}
	return moved
}

// shifted is a position in the text that a template was made of as one in the text that it was filled for.
func (t *Template) shifted(theirs int, moved []int) int {
	before, _ := slices.BinarySearchFunc(t.marks, theirs, func(m marked, theirs int) int { return m.at - theirs })
	if before == 0 {
		return theirs
	}
	return theirs + moved[before-1]
}
