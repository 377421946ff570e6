package pgtemp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// End ends the server by a signal and leaves its files: SIGINT is a fast shutdown, SIGQUIT an immediate one, as in a crash. Again starts it
// again.
func (s *Server) End(by syscall.Signal) error { return s.process.end(by, stopTimeout) }

// Again starts a server that has ended, on the port that it had.
func (s *Server) Again(ctx context.Context) error {
	var err error
	if s.process, err = s.serve(); err != nil {
		return err
	}
	return s.ready(ctx)
}

// Standby starts a hot standby that follows this server. It ends this server for as long as its files are copied, and starts it again. Who calls it
// stops both.
func (s *Server) Standby(ctx context.Context) (_ *Server, err error) {
	twin := &Server{password: s.password, bin: s.bin, as: s.as}
	if twin.dir, err = newHome(os.TempDir(), s.as); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, twin.Stop())
		}
	}()
	if err := s.End(syscall.SIGINT); err != nil {
		return nil, err
	}
	if err := twin.copyFrom(s); err != nil {
		return nil, err
	}
	if err := s.Again(ctx); err != nil {
		return nil, err
	}
	return twin, twin.launch(ctx)
}

// copyFrom makes a copy of a cluster that follows it.
func (s *Server) copyFrom(other *Server) error {
	if err := os.CopyFS(s.data(), os.DirFS(other.data())); err != nil {
		return fmt.Errorf("copying the cluster: %w", err)
	}
	name := rand.Text()
	lines := fmt.Sprintf("primary_conninfo = 'host=127.0.0.1 port=%d user=%s password=%s application_name=%s'\n", other.Port, Superuser, s.password, name)
	for file, text := range map[string]string{"postgresql.auto.conf": lines, "standby.signal": ""} {
		if err := os.WriteFile(filepath.Join(s.data(), file), []byte(text), 0o600); err != nil {
			return fmt.Errorf("making a standby of the copy: %w", err)
		}
	}
	err := filepath.WalkDir(s.data(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return errors.Join(err, s.as.own(path))
	})
	if err != nil {
		return fmt.Errorf("giving the copy to the server's user: %w", err)
	}
	return nil
}

// Give writes a file into the cluster's directory, which the server's user owns and nobody else reads.
func (s *Server) Give(name string, text []byte) error {
	path := filepath.Join(s.data(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("giving the server %s: %w", name, err)
	}
	return s.as.own(path)
}

// PID is the id of the server's first process.
func (s *Server) PID() int { return s.process.cmd.Process.Pid }
