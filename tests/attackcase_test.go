package tests

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An attack file is blocks between blank lines, one attack each:
//
//	# a claim, which is the case's name
//	@as kim@acme lee@globex        who tries it; without it, the file's @default
//	@against 6.cte 13.superset     the claims of threats.list that it tries to break, beside the file's own
//	@fresh                         on new connections, closed afterwards
//	@by lee@globex                 who says the statements that follow, instead of the subject: a second user who helps
//	@leaks                         the superuser's answer shows rows that the subject may not see
//	@truth SELECT ...              what the superuser answers to this must come out, and no other rows
//	@writes                        run by the superuser, it changes rows of other tenants
//	@keeps SELECT ...              the superuser's answer to this is the same afterwards; run by the superuser, it is not
//	@refused 42501                 the last statement fails so; the superuser's does not, unless there is a @fails
//	@may 42501                     the last statement may fail so
//	@fails 42601                   the superuser's last statement fails so: an error is all that could come out. The subject's fails so or as @refused says
//	@trap 22012                    the superuser's last statement fails so, at a row that the subject may not see; any stands for whatever
//	                               code. The subject's does not fail
//	@says duplicate key            the error's message has this in it
//	@each WORD A B C               the case once for each of these in the place of {WORD}
//	@times 12                      tries, where chance decides
//	@from 18 or @before 18         only on servers of that version or later, or of an earlier one
//	@rows 1\tone\n                 what every COPY from the client is given, bytes as in a Go string; by the simple protocol only
//	@simple                        by the simple protocol only: the text has several statements, or bytes that only it takes
//	@declares 2205 @binds text     parameter types and values of the last statement, for the extended protocol only
//	SELECT ...;                    one or more statements, each ended by ; at the end of a line
//
// A block that has only directives before any case sets what the cases after it start from: @default SUBJECTS and @against CLAIMS.
//
// Every case has at least one of @leaks, @truth, @writes, @keeps, @refused, @fails and @trap. The superuser's own run, which is
// rolled back, shows that there was something to win.
type attack struct {
	file, name    string
	against       []string
	subjects      []string
	statements    []string
	speakers      []string // for each statement who says it; empty for the subject
	speaker       string
	fresh         bool
	leaks, writes bool
	simpleOnly    bool
	truth, keeps  string
	refused, may  string
	fails, says   string
	trap          string
	declares      []uint32
	binds         []string
	rows          []byte
	times         int
	each          [][]string // a placeholder and what it stands for
	span
}

func readAttackFile(path string) ([]*attack, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading attacks: %w", err)
	}
	var attacks []*attack
	var standard, against []string
	for _, block := range regexp.MustCompile(`\n\s*\n`).Split(strings.TrimSpace(string(text)), -1) {
		if strings.HasPrefix(block, "@default ") {
			subjects, claims, _ := strings.Cut(strings.TrimPrefix(block, "@default "), "\n@against ")
			standard, against = strings.Fields(subjects), strings.Fields(claims)
			continue
		}
		a := &attack{file: path, subjects: standard, against: slices.Clone(against), times: 1}
		if err := a.parse(block); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, a.name, err)
		}
		attacks = append(attacks, a.expand()...)
	}
	return attacks, nil
}

// expand makes one attack for each combination of what its placeholders stand for.
func (a *attack) expand() []*attack {
	if len(a.each) == 0 {
		return []*attack{a}
	}
	var all []*attack
	word := a.each[0][0]
	for _, value := range a.each[0][1:] {
		with := strings.NewReplacer("{"+word+"}", value)
		one := *a
		one.name, one.each, one.statements = a.name+" "+value, a.each[1:], nil
		one.truth, one.keeps = with.Replace(a.truth), with.Replace(a.keeps)
		for _, sql := range a.statements {
			one.statements = append(one.statements, with.Replace(sql))
		}
		all = append(all, one.expand()...)
	}
	return all
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
				a.speakers = append(a.speakers, a.speaker)
			}
		}
	}
	won := a.leaks || a.writes || a.truth != "" || a.keeps != "" || a.refused != "" || a.fails != "" || a.trap != ""
	if len(sql) > 0 || len(a.statements) == 0 || a.name == "" || len(a.subjects) == 0 || !won {
		return fmt.Errorf("an attack needs a name, subjects, something to win and statements that end in a semicolon: %s", block)
	}
	return nil
}

func (a *attack) directive(word, rest string) error {
	switch word {
	case "as":
		a.subjects = strings.Fields(rest)
	case "against":
		a.against = append(a.against, strings.Fields(rest)...)
	case "by":
		a.speaker = rest
	case "fresh":
		a.fresh = true
	case "trap":
		a.trap = rest
	case "leaks":
		a.leaks = true
	case "writes":
		a.writes = true
	case "simple":
		a.simpleOnly = true
	case "rows":
		rows, err := dataOf(rest)
		a.rows, a.simpleOnly = rows, true
		return err
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
	case "from", "before":
		return a.span.directive(word, rest)
	case "each":
		a.each = append(a.each, strings.Fields(rest))
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
		"kim@acme": "org member project task comment", "vic@acme": "org member project task comment vault crate", "lee@globex": "org member project task comment",
		"lee@acme": "org member invoice", "bea@acme": "org member invoice",
		"pat@initech": "org member project task comment invoice", "ida@acme": "org member project task comment invoice",
		"ida@globex": "org member project task comment invoice", `d'arcy\@globex`: "org member project task comment invoice",
		"max@acme": "org member project task comment order_line note", "max@globex": "order_line note",
		"may@acme":  "project task comment vault ledger parcel ticket trap order_line note",
		"eve@acme":  "crate",
		"sam":       "org member project task comment invoice",
		"tess@acme": "project task comment vault ledger parcel ticket trap", "tess@globex": "project task comment vault ledger parcel ticket trap",
		"tom@globex": "project task comment vault ledger parcel ticket trap",
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
