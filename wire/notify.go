package wire

import (
	"bytes"
	"encoding/binary"

	"github.com/wherewall/wherewall/rewrite"
)

// maxChannels bounds the channels whose names a session has to remember.
const maxChannels = 4096

// listens remembers what the client calls the channels that it is about to listen to, where the server's names for them do not tell.
func (q *requests) listens(s statement) *rewrite.Refusal {
	if s.template.Refused != nil {
		return nil
	}
	for i := range s.template.Statements {
		said := &s.template.Statements[i]
		if said.Kind != rewrite.Listen {
			continue
		}
		channel := rewrite.Channel(q.tenantNow(), said.Name)
		if _, told := rewrite.ChannelName(q.tenantNow(), channel); told {
			continue
		}
		if !q.remember(channel, said.Name) {
			return refused(codeComplex, stateLimit, "too many channels with long names are listened to")
		}
	}
	return nil
}

func (q *requests) tenantNow() string { return q.view.plan.Subject.Tenant }

func (s *session) remember(channel, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.channels[channel]; !known && len(s.channels) >= maxChannels {
		return false
	}
	if s.channels == nil {
		s.channels = map[string]string{}
	}
	s.channels[channel] = name
	return true
}

// heard is the client's name for a channel of the server; empty for one that it has not asked for.
func (s *session) heard(tenant, channel string) string {
	if name, ok := rewrite.ChannelName(tenant, channel); ok {
		return name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channels[channel]
}

// notified handles NotificationResponse: it is about a channel of the tenant's, and passes under the client's name for it while the subject
// may listen. Of the session that sent it no more is told than whether it is this one.
func (p *replies) notified(f frame) error {
	if f.size > maxHeldReply {
		return unexpected("notification too long")
	}
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	const pidSize = 4
	if len(body) < pidSize {
		return unexpected("notification")
	}
	channel, rest, ok := bytes.Cut(body[pidSize:], []byte{0})
	if !ok || !p.mayHear() {
		return nil
	}
	name := p.heard(p.listener.plan.Subject.Tenant, string(channel))
	if name == "" {
		return nil
	}
	var from uint32
	if binary.BigEndian.Uint32(body) == p.server.PID && p.server.PID != 0 {
		from = p.pid
	}
	return toClient(p.out.write(appendMessage(nil, 'A', func(b []byte) []byte {
		b = binary.BigEndian.AppendUint32(b, from)
		b = append(append(b, name...), 0)
		return append(b, rest...)
	})))
}

// mayHear says whether the subject may listen by the policy that holds now. A session that is silent has no statements at which that would be seen.
func (p *replies) mayHear() bool {
	w := p.config.World()
	if w == nil || p.listener.plan == nil {
		return false
	}
	if w != p.listener.world || p.listener.over(p.config) {
		v, bad := look(w, p.who, p.config.Now(), p.mark)
		if bad != nil || v.plan.Subject != p.listener.plan.Subject {
			return false
		}
		p.listener = v
	}
	return rewrite.MayListen(p.listener.plan)
}
