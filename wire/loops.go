package wire

import (
	"errors"
	"fmt"

	"github.com/wherewall/wherewall/internal/strand"
)

// startLoops starts the event loops, where the system has any and the operator wants them.
func (s *Server) startLoops() error {
	if s.config.Loops < 0 {
		return nil
	}
	loops, err := strand.Start(s.config.Loops)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return fmt.Errorf("starting event loops: %w", err)
	}
	s.loops = loops
	return nil
}

// stopLoops stops them when no session is left.
func (s *Server) stopLoops() {
	if s.loops != nil {
		s.loops.Stop()
	}
}
