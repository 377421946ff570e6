// Package captured reads and writes what clients were seen to send: statements.txt in the folders of tests/clients.
//
// A line of four dashes begins each thing, and its words say what it is:
//
//	---- session                   a new connection
//	---- query                     a message of the simple protocol follows
//	---- execute $1 = 'a'          a statement of the extended protocol follows, with its parameters in text
//	---- query ! 42501             Wherewall refuses it so, by decision
//	---- query ? why               Wherewall does not answer it as PostgreSQL does, and why that is; nothing is compared
//	---- execute $1 = 'a' ! 0A000  parameters come first
//
// Names stand for OIDs that differ between databases: {class app.task}, {type app.project_status}, {schema app}.
package captured

import (
	"fmt"
	"strings"
)

// Statement is one that a client sent.
type Statement struct {
	SQL        string
	Extended   bool
	Parameters string // of an extended one, as PostgreSQL logs them: $1 = 'a', $2 = NULL
	Refused    string // the SQLSTATE that Wherewall refuses it with
	Open       string // why it is not compared
}

// Session is what came over one connection, in order.
type Session []Statement

const dashes = "---- "

// Format writes sessions as text, after a head of comment lines.
func Format(head string, sessions []Session) string {
	var b strings.Builder
	b.WriteString(head)
	for _, session := range sessions {
		b.WriteString(dashes + "session\n")
		for _, s := range session {
			b.WriteString(dashes + s.header() + "\n" + s.SQL + "\n")
		}
	}
	return b.String()
}

func (s Statement) header() string {
	words := "query"
	if s.Extended {
		words = "execute"
	}
	if s.Parameters != "" {
		words += " " + s.Parameters
	}
	switch {
	case s.Refused != "":
		words += " ! " + s.Refused
	case s.Open != "":
		words += " ? " + s.Open
	}
	return words
}

// Parse reads what Format wrote. Lines ahead of the first dashes are comments.
func Parse(text string) ([]Session, error) {
	var sessions []Session
	_, rest, found := strings.Cut("\n"+text, "\n"+dashes)
	if !found {
		return nil, fmt.Errorf("no line begins with %q", dashes)
	}
	for block := range strings.SplitSeq(strings.TrimSuffix(rest, "\n"), "\n"+dashes) {
		header, sql, _ := strings.Cut(block, "\n")
		if header == "session" {
			sessions = append(sessions, nil)
			continue
		}
		s, err := parseHeader(header)
		if err != nil {
			return nil, err
		}
		if len(sessions) == 0 {
			return nil, fmt.Errorf("%q stands before the first session", header)
		}
		s.SQL = sql
		sessions[len(sessions)-1] = append(sessions[len(sessions)-1], s)
	}
	return sessions, nil
}

func parseHeader(header string) (Statement, error) {
	var s Statement
	if before, after, found := cutLast(header, " ! "); found {
		header, s.Refused = before, after
	} else if before, after, found := cutLast(header, " ? "); found {
		header, s.Open = before, after
	}
	kind, parameters, _ := strings.Cut(header, " ")
	if kind != "query" && kind != "execute" {
		return s, fmt.Errorf("not a header: %q", header)
	}
	s.Extended, s.Parameters = kind == "execute", parameters
	return s, nil
}

// cutLast cuts at the last place of sep that stands outside of the quotes of parameters.
func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 || strings.Count(text[:i], "'")%2 != 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}
