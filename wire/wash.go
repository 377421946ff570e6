package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// washTimeout bounds what the server needs to forget a session: it may have thousands of temporary tables to drop.
	washTimeout = 5 * time.Second
	// answerTimeout bounds the answer to an empty statement, for which a client waits that logs in.
	answerTimeout = 2 * time.Second
	// trusted is how long a connection that was washed needs no asking whether the server is still there.
	trusted = time.Second
	// maxWashReply bounds a message that is about nothing.
	maxWashReply = 8 << 10
)

// washed makes the server forget the session that has ended, and returns the connection as another session may have it. Nobody else reads or
// writes there. It waits for cancel requests that are on their way; where there was one at all, it fails, as only time would tell whether
// that has been served.
//
// Two things DISCARD ALL does not do. It leaves the state of random(), from which a session can compute what the next one will draw: that is set
// from our own entropy. And it empties the schema of the session's temporary tables, which stays in what current_schemas(true) tells: where
// there is one, washing fails. (Asking with the path of the session could make one: with an empty path, PostgreSQL looks for where to create tables.)
func (b *Backend) washed(loans *buffers) (*Backend, error) {
	next, err := b.next()
	if err != nil {
		return nil, err
	}
	wash := appendQuery(nil, "DISCARD ALL")
	wash = appendQuery(wash, "SET seed = "+seed()+"; SELECT pg_catalog.current_schemas(true)")
	said, err := b.ask(time.Now().Add(washTimeout), loans, wash, "CZCTDCZ")
	switch {
	case err != nil:
		return nil, fmt.Errorf("washing a server connection: %w", err)
	case said[0] != "DISCARD ALL\x00" || said[1] != "I" || said[2] != "SET\x00" || said[5] != "SELECT 1\x00" || said[6] != "I":
		return nil, errors.New("washing a server connection: the server has done something else")
	case strings.Contains(said[4], "pg_temp_"):
		return nil, errors.New("washing a server connection: the session had temporary tables")
	}
	return next, nil
}

// answers says whether the server still takes statements on a connection that has waited, which is as it was. Where it has waited for long, the server is
// asked; then the time that it gives an idle session begins anew.
func (b *Backend) answers(ctx context.Context, loans *buffers, now time.Time) error {
	if now.Sub(b.parked) < trusted && isQuiet(b.Conn) {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, answerTimeout)
	defer stop()
	by, _ := ctx.Deadline()
	unwatch := context.AfterFunc(ctx, func() { _ = b.Conn.SetDeadline(time.Unix(1, 0)) })
	said, err := b.ask(by, loans, appendQuery(nil, ""), "IZ")
	if err == nil && said[1] != "I" {
		err = errors.New("the server is in a transaction")
	}
	if !unwatch() {
		return errors.Join(os.ErrDeadlineExceeded, err) // the connection may have a deadline left that is not the next one's
	}
	return err
}

func appendQuery(dst []byte, sql string) []byte {
	return appendMessage(dst, 'Q', func(b []byte) []byte { return appendString(b, sql) })
}

// seed is a number between -1 and 1, as random as 52 bits are: PostgreSQL takes no more of it.
func seed() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	const bits = 52
	n := binary.BigEndian.Uint64(random[:])
	value := float64(n>>(64-bits)) / (1 << bits)
	if n&1 == 1 {
		value = -value
	}
	return "'" + strconv.FormatFloat(value, 'g', -1, 64) + "'"
}

// errChanged is a connection that is not any more what it was when it was made.
var errChanged = errors.New("a setting is not what it was at the login")

// ask sends statements of ours and returns what the server answers: messages of these kinds and no others, but for news. It fails where the server reports
// another value of a setting than at the login.
func (b *Backend) ask(by time.Time, loans *buffers, statements []byte, kinds string) ([]string, error) {
	if err := b.Conn.SetDeadline(by); err != nil {
		return nil, err //nolint:wrapcheck // it says what it is about
	}
	if _, err := b.Conn.Write(statements); err != nil {
		return nil, err //nolint:wrapcheck // it says what it is about
	}
	in := newInbound(b.Conn, loans)
	defer in.done()
	said := make([]string, 0, len(kinds))
	for _, want := range []byte(kinds) {
		kind, body, err := b.reply(in)
		if err != nil {
			return nil, err
		}
		if kind != want {
			return nil, fmt.Errorf("the server answers by %q", kind)
		}
		said = append(said, string(body))
	}
	if in.buffered() > 0 {
		return nil, errors.New("the server says more than it was asked")
	}
	for name, value := range b.reported {
		if value != b.Parameters[name] {
			return nil, fmt.Errorf("%s: %w", name, errChanged)
		}
	}
	return said, b.Conn.SetDeadline(time.Time{}) //nolint:wrapcheck // it says what it is about
}

// done gives up what was read, and the buffer.
func (in *inbound) done() {
	in.r = in.w
	in.rest()
}

// reply reads the next message that is an answer. A notification is nobody's any more, and a notice says nothing that we act on.
func (b *Backend) reply(in *inbound) (kind byte, body []byte, err error) {
	for {
		f, err := in.header()
		if err != nil {
			return 0, nil, fmt.Errorf("reading: %w", err)
		}
		if f.size > maxWashReply {
			return 0, nil, errors.New("the server answers at too great length")
		}
		body, err := in.whole(f)
		if err != nil {
			return 0, nil, fmt.Errorf("reading: %w", err)
		}
		switch f.kind {
		case 'S':
			if err := b.noteReport(body); err != nil {
				return 0, nil, err
			}
		case 'A', 'N':
		default:
			return f.kind, body, nil
		}
	}
}

// noteReport notes the body of a ParameterStatus.
func (b *Backend) noteReport(body []byte) error {
	name, rest, ok := bytes.Cut(body, []byte{0})
	value, _, ok2 := bytes.Cut(rest, []byte{0})
	if !ok || !ok2 {
		return errors.New("the server reports no setting")
	}
	b.report(string(name), string(value))
	return nil
}

// report notes what the server tells of a setting after the login. One goroutine at a time has the connection.
func (b *Backend) report(name, value string) {
	if b.reported == nil {
		b.reported = map[string]string{}
	}
	b.reported[name] = value
}
