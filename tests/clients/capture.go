package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/tests/clients/captured"
)

// position is a place in the server's log of statements.
type position struct {
	path   string
	offset int64
}

// logPosition is the end of the log, after all that was logged before.
func (w *world) logPosition(ctx context.Context) (position, error) {
	conn, err := pgx.Connect(ctx, w.server.AdminDSN(database))
	if err != nil {
		return position{}, fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var path string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory') || '/' || pg_current_logfile('jsonlog')").Scan(&path); err != nil {
		return position{}, fmt.Errorf("asking for the log: %w", err)
	}
	marker := "mark " + rand.Text()
	if _, err := conn.Exec(ctx, "SELECT '"+marker+"'"); err != nil {
		return position{}, fmt.Errorf("marking the log: %w", err)
	}
	// The server hands its log to a process of its own, so the mark takes a while to come.
	for range 200 {
		text, err := os.ReadFile(path)
		if err != nil {
			return position{}, fmt.Errorf("reading the log: %w", err)
		}
		if strings.Contains(string(text), marker) {
			return position{path, int64(len(text))}, nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return position{}, errors.New("the server's log does not get on")
}

// capture writes what dana's sessions sent since a position into the client's folder. What was said there about a statement stays.
func (w *world) capture(ctx context.Context, c *client, since position) error {
	if _, err := w.logPosition(ctx); err != nil {
		return err
	}
	names, err := w.names(ctx)
	if err != nil {
		return err
	}
	sessions, err := readLog(since, names)
	if err != nil {
		return err
	}
	path := filepath.Join(c.path, "statements.txt")
	if old, err := os.ReadFile(path); err == nil {
		if err := keepRemarks(sessions, string(old)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	head := "What " + c.Name + " sent to PostgreSQL, by make test-clients CLIENTFLAGS=-capture.\n\n"
	if err := os.WriteFile(path, []byte(captured.Format(head, sessions)), 0o644); err != nil {
		return fmt.Errorf("writing what was captured: %w", err)
	}
	fmt.Printf("  %s: %d sessions captured\n", c.folder, len(sessions))
	return nil
}

func (w *world) names(ctx context.Context) (map[string]string, error) {
	conn, err := pgx.Connect(ctx, w.server.AdminDSN(database))
	if err != nil {
		return nil, fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, captured.NamesQuery)
	if err != nil {
		return nil, fmt.Errorf("asking for names: %w", err)
	}
	names, name, oid := map[string]string{}, "", uint32(0)
	_, err = pgx.ForEachRow(rows, []any{&name, &oid}, func() error {
		names[fmt.Sprint(oid)] = name
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading names: %w", err)
	}
	return names, nil
}

// logLine is what we read of a line of the server's log.
type logLine struct {
	User    string `json:"user"`
	Session string `json:"session_id"`
	Message string `json:"message"`
	Detail  string `json:"detail"`
}

var (
	logged     = regexp.MustCompile(`(?s)^(?:statement|execute [^:]*): (.*)$`)
	foreign    = regexp.MustCompile(`(?is)^INSERT.*'globex'`) // what every client tries, to be denied
	parameters = regexp.MustCompile(`(?s)^[Pp]arameters: (.*)$`)
)

// readLog gathers statements by session, in the order in which sessions began. Of a statement that a session repeats at once, two are enough.
func readLog(since position, names map[string]string) ([]captured.Session, error) {
	f, err := os.Open(since.path)
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	defer f.Close()
	if _, err := f.Seek(since.offset, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	var order []string
	sessions := map[string]captured.Session{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line logLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("reading the log: %w", err)
		}
		s, ok := statement(line, names)
		if !ok {
			continue
		}
		if sessions[line.Session] == nil {
			order = append(order, line.Session)
		}
		sessions[line.Session] = add(sessions[line.Session], s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	return distinct(order, sessions), nil
}

// statement reads a line of the log; false where it is not one of dana's, or one that is there to be cancelled.
func statement(line logLine, names map[string]string) (captured.Statement, bool) {
	found := logged.FindStringSubmatch(line.Message)
	if line.User != user || found == nil || strings.HasPrefix(line.Message, "execute fetch from ") || strings.Contains(found[1], "reading a, reading b") {
		return captured.Statement{}, false
	}
	s := captured.Statement{SQL: captured.Names(found[1], names), Extended: strings.HasPrefix(line.Message, "execute ")}
	if found := parameters.FindStringSubmatch(line.Detail); found != nil {
		s.Parameters = captured.Names(found[1], names)
	}
	if foreign.MatchString(s.SQL + s.Parameters) {
		s.Refused = "42501"
	}
	return s, !strings.Contains("\n"+s.SQL, "\n---- ") && !strings.Contains(s.Parameters, "\n")
}

func add(s captured.Session, one captured.Statement) captured.Session {
	if n := len(s); n >= 2 && s[n-1].SQL == one.SQL && s[n-2].SQL == one.SQL {
		return s
	}
	return append(s, one)
}

// maxAlike is how often a client's file has a statement that differs in numbers alone, as reflection sends for one table after the other.
const maxAlike = 3

var (
	differing = regexp.MustCompile(`\d+|\{[^{}\n]+\}`)
	reads     = regexp.MustCompile(`(?i)^\s*(select|show|with)\b`)
)

// distinct leaves out what has been said often enough: sessions with nothing new in them, and reading statements.
func distinct(order []string, sessions map[string]captured.Session) []captured.Session {
	var all []captured.Session
	seen := map[string]int{}
	for _, id := range order {
		var kept captured.Session
		news := false
		for _, s := range sessions[id] {
			like := fmt.Sprint(s.Extended) + differing.ReplaceAllString(s.SQL, "0")
			news = news || seen[like] == 0
			if seen[like]++; seen[like] <= maxAlike || !reads.MatchString(s.SQL) {
				kept = append(kept, s)
			}
		}
		if news {
			all = append(all, kept)
		}
	}
	return all
}

// keepRemarks takes over what an older capture says of statements that are still sent.
func keepRemarks(sessions []captured.Session, old string) error {
	before, err := captured.Parse(old)
	if err != nil {
		return err
	}
	remarks := map[string]captured.Statement{}
	for _, session := range before {
		for _, s := range session {
			if s.Refused != "" || s.Open != "" {
				remarks[s.SQL] = s
			}
		}
	}
	for _, session := range sessions {
		for i := range session {
			if remark, ok := remarks[session[i].SQL]; ok {
				session[i].Refused, session[i].Open = remark.Refused, remark.Open
			}
		}
	}
	return nil
}
