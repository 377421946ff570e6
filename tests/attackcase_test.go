package tests

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// An attack file is blocks between blank lines, one attack each:
//
//	# a claim, which is the case's name
//	@as kim@acme lee@globex        who tries it; without it, the file's @default
//	@leaks                         the superuser's answer shows rows that the subject may not see
//	@truth SELECT ...              what the superuser answers to this must come out, and no other rows
//	@writes                        run by the superuser, it changes rows of other tenants
//	@keeps SELECT ...              the superuser's answer to this is the same afterwards; run by the superuser, it is not
//	@refused 42501                 the last statement fails so; the superuser's does not, unless there is a @fails
//	@may 42501                     the last statement may fail so
//	@fails 42601                   the superuser's last statement fails so: an error is all that could come out. The subject's fails so or as @refused says
//	@says duplicate key            the error's message has this in it
//	@times 12                      tries, where chance decides
//	@simple                        by the simple protocol only: the text has several statements, or bytes that only it takes
//	@declares 2205 @binds text     parameter types and values of the last statement, for the extended protocol only
//	SELECT ...;                    one or more statements, each ended by ; at the end of a line
//
// Every case has at least one of @leaks, @truth, @writes, @keeps, @refused and @fails. The superuser's own run, which is
// rolled back, shows that there was something to win.
type attack struct {
	file, name    string
	subjects      []string
	statements    []string
	leaks, writes bool
	simpleOnly    bool
	truth, keeps  string
	refused, may  string
	fails, says   string
	declares      []uint32
	binds         []string
	times         int
}

func readAttackFile(path string) ([]*attack, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading attacks: %w", err)
	}
	var attacks []*attack
	var standard []string
	for _, block := range regexp.MustCompile(`\n\s*\n`).Split(strings.TrimSpace(string(text)), -1) {
		if subjects, ok := strings.CutPrefix(block, "@default "); ok {
			standard = strings.Fields(subjects)
			continue
		}
		a := &attack{file: path, subjects: standard, times: 1}
		if err := a.parse(block); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, a.name, err)
		}
		attacks = append(attacks, a)
	}
	return attacks, nil
}

func (a *attack) parse(block string) error {
	var sql []string
	for _, line := range strings.Split(block, "\n") {
		switch {
		case a.name == "" && strings.HasPrefix(line, "# "):
			a.name = line[2:]
		case strings.HasPrefix(line, "@"):
			word, rest, _ := strings.Cut(line[1:], " ")
			if err := a.directive(word, rest); err != nil {
				return err
			}
		default:
			sql = append(sql, line)
			if strings.HasSuffix(line, ";") {
				a.statements, sql = append(a.statements, strings.TrimSuffix(strings.Join(sql, "\n"), ";")), nil
			}
		}
	}
	won := a.leaks || a.writes || a.truth != "" || a.keeps != "" || a.refused != "" || a.fails != ""
	if len(sql) > 0 || len(a.statements) == 0 || a.name == "" || len(a.subjects) == 0 || !won {
		return fmt.Errorf("an attack needs a name, subjects, something to win and statements that end in a semicolon: %s", block)
	}
	return nil
}

func (a *attack) directive(word, rest string) error {
	switch word {
	case "as":
		a.subjects = strings.Fields(rest)
	case "leaks":
		a.leaks = true
	case "writes":
		a.writes = true
	case "simple":
		a.simpleOnly = true
	case "truth":
		a.truth = rest
	case "keeps":
		a.keeps = rest
	case "refused":
		a.refused = rest
	case "may":
		a.may = rest
	case "fails":
		a.fails = rest
	case "says":
		a.says = rest
	case "binds":
		a.binds = strings.Fields(rest)
	case "times":
		n, err := strconv.Atoi(rest)
		a.times = n
		return err
	case "declares":
		types, binds, _ := strings.Cut(rest, " @binds ")
		for _, w := range strings.Fields(types) {
			oid, err := strconv.ParseUint(w, 10, 32)
			if err != nil {
				return fmt.Errorf("reading a parameter type: %w", err)
			}
			a.declares = append(a.declares, uint32(oid))
		}
		a.binds = strings.Fields(binds)
	default:
		return fmt.Errorf("not a directive: %s", word)
	}
	return nil
}

// mayView says whether a subject may be shown a row's marker, bait.TENANT.TABLE.OWNER.
func mayView(subject string, marker []string) bool {
	user, tenant, _ := strings.Cut(subject, "@")
	whose, table, owner := marker[1], marker[2], marker[3]
	visible := map[string]string{
		"kim@acme": "org member project task comment", "lee@globex": "org member project task comment",
		"lee@acme": "org member invoice", "bea@acme": "org member invoice",
		"pat@initech": "org member project task comment invoice", "ida@acme": "org member project task comment invoice",
		"ida@globex": "org member project task comment invoice", `d'arcy\@globex`: "org member project task comment invoice",
		"max@acme": "org member project task comment order_line note", "max@globex": "order_line note",
		"sam": "org member project task comment invoice",
	}
	if !strings.Contains(" "+visible[subject]+" ", " "+table+" ") {
		return false
	}
	if subject == "bea@acme" && table == "invoice" && owner != user {
		return false
	}
	return tenant == "" || whose == tenant
}

var markers = regexp.MustCompile(`bait\.(\w+)\.(\w+)\.(\w+)`)

// overheard are the markers in a text that a subject may not be shown.
func overheard(subject, text string) []string {
	var found []string
	for _, m := range markers.FindAllStringSubmatch(text, -1) {
		if !mayView(subject, m) {
			found = append(found, m[0])
		}
	}
	return found
}
