package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// maxServerIterations bounds the work that a server may ask for before it has proven that it knows the password, too: about half a second of a
// processor. PostgreSQL's own verifiers have 4096 iterations.
const maxServerIterations = 1 << 20

// waryLogin makes a login look at what the server asks for before pgconn begins to reckon.
func waryLogin(config *pgconn.Config) {
	build := config.BuildFrontend
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend { return build(&wary{from: r}, w) }
}

// wary passes a server's messages on, and fails at a demand of SCRAM for too many iterations (RFC 5802, 5.1: i).
type wary struct {
	from   io.Reader
	header [headerSize]byte
	have   int    // bytes of the header
	left   int    // bytes of the body that are to come
	body   []byte // of an Authentication message
}

func (w *wary) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if bad := w.look(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err //nolint:wrapcheck // a reader's errors are its callers' to tell apart
}

// look goes on with the next piece of the stream. What is no stream of messages is for pgconn to refuse.
func (w *wary) look(p []byte) error {
	for len(p) > 0 {
		if w.have < headerSize {
			n := copy(w.header[w.have:], p)
			w.have, p = w.have+n, p[n:]
			if w.have < headerSize {
				return nil
			}
			w.left, w.body = max(int(binary.BigEndian.Uint32(w.header[1:]))-4, 0), nil
		}
		n := min(w.left, len(p))
		if w.header[0] == 'R' && len(w.body)+n <= maxLoginMessage {
			w.body = append(w.body, p[:n]...)
		}
		if w.left, p = w.left-n, p[n:]; w.left > 0 {
			return nil
		}
		w.have = 0
		if err := iterationsAsked(w.body); err != nil {
			return err
		}
	}
	return nil
}

// iterationsAsked refuses an AuthenticationSASLContinue that asks for too many.
func iterationsAsked(body []byte) error {
	if len(body) < 4 || binary.BigEndian.Uint32(body) != authSASLContinue {
		return nil
	}
	for field := range strings.SplitSeq(string(body[4:]), ",") {
		asked, found := strings.CutPrefix(field, "i=")
		if n, err := strconv.Atoi(asked); found && (err != nil || n > maxServerIterations) {
			return fmt.Errorf("the server asks for %.20q iterations of SCRAM: at most %d are done here", asked, maxServerIterations)
		}
	}
	return nil
}
