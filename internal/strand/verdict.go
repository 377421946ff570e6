package strand

import "errors"

// Verdict is how a call of a strand's function has ended.
type Verdict int

const (
	// Over is the end of the strand.
	Over Verdict = iota
	// Resting is a strand that has nothing to do until one of its connections has.
	Resting
)

// ErrNothing is a connection with nothing to read. Nobody wraps it.
var ErrNothing = errors.New("nothing to read yet")

// ErrUnfit is a connection that no loop can wait for: one inside TLS, say, or of a kind that is no socket.
var ErrUnfit = errors.New("the connection is not for an event loop")
