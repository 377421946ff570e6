package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/plan"
)

// letPast makes the session of a user who has proven who it is and whom the policy does not filter.
func (s *Server) letPast(ctx context.Context, h *handshake, asked *startup, w *waiver, log zerolog.Logger) (hosted, error) {
	if asked.database != s.config.Database {
		return nil, noDatabase(asked.database)
	}
	leave, bad := s.seat(guest{user: w.user, unfiltered: true})
	if bad != nil {
		return nil, bad
	}
	stays := false
	defer func() {
		if !stays {
			leave()
		}
	}()
	made, err := s.openPast(ctx, h, asked, w, log)
	if err != nil {
		return nil, err
	}
	made.leave, stays = leave, true
	return made, nil
}

// openPast connects an unfiltered client to the server and tells it that it may go ahead.
func (s *Server) openPast(ctx context.Context, h *handshake, asked *startup, w *waiver, log zerolog.Logger) (*bypass, error) {
	server, err := s.config.UnfilteredConnector.Connect(ctx, asked.asGiven())
	if err != nil {
		return nil, pastFailure(err)
	}
	party := s.partyOf(h, w.who, plan.Subject{User: w.user}, w.world)
	party.Unfiltered = true
	if bad := s.served(party, server, nil, 0); bad != nil {
		server.close()
		return nil, bad
	}
	tally := newTally()
	made := &bypass{
		link: link{
			config: &s.config, client: h.conn, server: server, in: h.in, loans: s.buffers, login: asked.user, work: tally,
			party: party, counters: s.counters, tenant: s.counters.begins(LaneUnfiltered, ""),
			log: log.With().Str("user", w.user).Logger(),
		},
		tally: tally, who: w.who, user: w.identity,
	}
	made.judged.Store(w.world)
	if _, err := s.welcome(h, &made.link, asked, server.PID, everything(server)); err != nil {
		server.close()
		return nil, err
	}
	return made, nil
}

// asGiven are the parameters that go on to the server as the client wrote them: all that are not about this connection.
func (s *startup) asGiven() map[string]string {
	given := map[string]string{}
	for _, p := range s.given {
		switch {
		case p.name == "user", p.name == "database", strings.HasPrefix(strings.ToLower(p.name), extensionPrefix):
		default:
			given[p.name] = p.value
		}
	}
	return given
}

// everything is all that a server has reported: what PostgreSQL knows in its order, and then what extensions have added.
func everything(server *Backend) []parameter {
	names := reported()
	for _, name := range slices.Sorted(maps.Keys(server.Parameters)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var all []parameter
	for _, name := range names {
		if value, known := server.Parameters[name]; known {
			all = append(all, parameter{name, value})
		}
	}
	return all
}

// pastFailure is what the client may know of a server that has not let it in: the server's own words, unless they are about our login there.
func pastFailure(err error) *failure {
	const authorization = "28"
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && !strings.HasPrefix(refusal.Code, authorization) {
		return &failure{state: refusal.Code, message: refusal.Message, detail: refusal.Detail, hint: refusal.Hint, reason: err.Error()}
	}
	return connectFailure(err)
}

func noDatabase(name string) *failure {
	return &failure{state: stateNoDatabase, message: fmt.Sprintf("database %q does not exist", name)}
}
