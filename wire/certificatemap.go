package wire

import (
	"crypto/x509"
	"fmt"
	"regexp"
	"strings"
)

// CertificateName is the part of a certificate that says whose it is.
type CertificateName int

// What pg_hba.conf calls clientname.
const (
	CommonName        CertificateName = iota // clientname=CN
	DistinguishedName                        // clientname=DN: the whole subject, as RFC 2253 writes it
)

// CertificateMap says whose certificates are, as pg_ident.conf does. It is immutable.
type CertificateMap struct {
	name  CertificateName
	lines []mapLine
}

// mapLine lets certificates of a name in as a user.
type mapLine struct {
	exact   string
	pattern *regexp.Regexp // instead of exact; it matches the whole name
	user    string         // \1 in it stands for what the pattern's first group matched
}

// NewCertificateMap makes the map that lets a certificate in as a user whose own name it has.
func NewCertificateMap(name CertificateName) *CertificateMap {
	return &CertificateMap{name: name, lines: []mapLine{{pattern: regexp.MustCompile(`^(?s:(.+))$`), user: `\1`}}}
}

// ParseCertificateMap reads a map. Each line has a certificate's name and a user of the policy, apart by white space; a name or user with
// white space or a # in it stands in double quotes, and # begins a comment. A name that begins with / is a regular expression for the whole
// name, and \1 in the user stands for its first group. Errors begin with path and the line's number.
func ParseCertificateMap(path, text string, name CertificateName) (*CertificateMap, error) {
	m := &CertificateMap{name: name}
	number := 0
	for line := range strings.Lines(text) {
		number++
		words, err := mapWords(line)
		if err == nil && len(words) > 0 {
			err = m.add(words)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
	return m, nil
}

func (m *CertificateMap) add(words []string) error {
	if len(words) != 2 || words[0] == "" || words[1] == "" {
		return fmt.Errorf("a certificate's name and a user are expected, not %d words", len(words))
	}
	if strings.HasPrefix(words[1], "+") || strings.HasPrefix(words[1], "/") {
		return fmt.Errorf("user %q: one user is expected, no role and no pattern", words[1])
	}
	expression, isPattern := strings.CutPrefix(words[0], "/")
	if !isPattern {
		m.lines = append(m.lines, mapLine{exact: words[0], user: words[1]})
		return nil
	}
	pattern, err := regexp.Compile(expression)
	if err != nil {
		return fmt.Errorf("reading a pattern: %w", err)
	}
	if strings.Contains(words[1], `\1`) && pattern.NumSubexp() == 0 {
		return fmt.Errorf(`user %q: \1 needs a pair of parentheses in the pattern`, words[1])
	}
	// Checked by itself before: here it cannot end the group that holds it.
	whole, err := regexp.Compile(`^(?:` + expression + `)$`)
	if err != nil {
		return fmt.Errorf("reading a pattern: %w", err)
	}
	m.lines = append(m.lines, mapLine{pattern: whole, user: words[1]})
	return nil
}

// mapWords splits a line at white space outside double quotes, up to a comment.
func mapWords(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\r\n\v\f")
		switch {
		case line == "" || line[0] == '#':
			return words, nil
		case line[0] == '"':
			word, rest, closed := strings.Cut(line[1:], `"`)
			if !closed || strings.TrimLeft(rest, " \t\r\n\v\f#") == rest && rest != "" {
				return nil, fmt.Errorf("a quote is not closed, or goes on after its end")
			}
			words, line = append(words, word), rest
		default:
			end := strings.IndexAny(line, " \t\r\n\v\f#\"")
			if end < 0 {
				end = len(line)
			}
			if end < len(line) && line[end] == '"' {
				return nil, fmt.Errorf("a quote in the middle of a word")
			}
			words, line = append(words, line[:end]), line[end:]
		}
	}
}

// owns says whether a certificate is a user's.
func (m *CertificateMap) owns(c *x509.Certificate, user string) bool {
	name, ok := m.nameOf(c)
	if !ok || user == "" {
		return false
	}
	for _, line := range m.lines {
		if line.gives(name) == user {
			return true
		}
	}
	return false
}

func (m *CertificateMap) nameOf(c *x509.Certificate) (string, bool) {
	switch m.name {
	case CommonName:
		return commonName(c)
	case DistinguishedName:
		name := distinguishedName(c)
		return name, name != ""
	default:
		return "", false
	}
}

// gives is the user that a line maps a name to; empty for none.
func (l *mapLine) gives(name string) string {
	if l.pattern == nil {
		if name == l.exact {
			return l.user
		}
		return ""
	}
	found := l.pattern.FindStringSubmatch(name)
	switch {
	case found == nil:
		return ""
	case len(found) > 1:
		return strings.ReplaceAll(l.user, `\1`, found[1])
	default:
		return l.user
	}
}
