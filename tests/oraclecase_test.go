package tests

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// An oracle file is blocks between blank lines:
//
//	# a claim, which is the case's name
//	@as kim@acme lee@globex        who runs it; without it, the file's @default
//	@fails 42501                   both sides fail so, at the last statement
//	@refused 42501                 Wherewall fails so at the last statement, which native is not asked
//	@open why                      not true yet: the case is skipped and says why
//	@fresh                         on new connections, closed afterwards
//	@from 17 or @before 17         only on servers of that version or later, or of an earlier one
//	SELECT ...;                    one or more statements, each ended by ; at the end of a line
//
// A block that has only an @default line sets the subjects of the blocks after it.
type oracleCase struct {
	file, name string
	subjects   []string
	statements []string
	fails      string
	refused    string
	open       string
	fresh      bool
	span
}

// readOnly says that no statement of the case can change a table, so that nobody needs to look. It errs on the side of looking.
func (c *oracleCase) readOnly() bool {
	return c.refused == "" && !mayWrite.MatchString(strings.Join(c.statements, "\n"))
}

var mayWrite = regexp.MustCompile(`(?i)\b(insert|update|delete|merge|copy|truncate|create|drop|alter|do|call|execute|nextval)\b`)

func readOracleFile(path string) ([]*oracleCase, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading oracle cases: %w", err)
	}
	var cases []*oracleCase
	var standard []string
	for _, block := range regexp.MustCompile(`\n\s*\n`).Split(string(text), -1) {
		c := &oracleCase{file: path, subjects: standard}
		subjects, err := c.parse(strings.TrimSpace(block))
		if err != nil {
			return nil, fmt.Errorf("%s: case %q: %w", path, c.name, err)
		}
		switch {
		case subjects != nil:
			standard = subjects
		case len(c.statements) > 0:
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// parse reads a block; where it is an @default block, it returns the subjects.
func (c *oracleCase) parse(block string) ([]string, error) {
	var sql []string
	for _, line := range strings.Split(block, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case c.name == "" && strings.HasPrefix(line, "# "):
			c.name = line[2:]
		case words[0] == "@default":
			return words[1:], nil
		case strings.HasPrefix(line, "@"):
			if err := c.directive(words); err != nil {
				return nil, err
			}
		default:
			sql = append(sql, line)
			if strings.HasSuffix(line, ";") {
				c.statements, sql = append(c.statements, strings.TrimSuffix(strings.Join(sql, "\n"), ";")), nil
			}
		}
	}
	if len(sql) > 0 {
		return nil, fmt.Errorf("a statement without its semicolon: %s", strings.Join(sql, "\n"))
	}
	if len(c.statements) > 0 && (c.name == "" || len(c.subjects) == 0) {
		return nil, fmt.Errorf("a case needs a name and subjects: %s", block)
	}
	return nil, nil
}

func (c *oracleCase) directive(words []string) error {
	switch {
	case words[0] == "@as" && len(words) > 1:
		c.subjects = words[1:]
	case words[0] == "@fails" && len(words) == 2:
		c.fails = words[1]
	case words[0] == "@refused" && len(words) == 2:
		c.refused = words[1]
	case words[0] == "@open" && len(words) > 1:
		c.open = strings.Join(words[1:], " ")
	case (words[0] == "@from" || words[0] == "@before") && len(words) == 2:
		return c.span.directive(words[0][1:], words[1])
	case words[0] == "@fresh":
		c.fresh = true
	default:
		return fmt.Errorf("not a directive: %v", words)
	}
	return nil
}
