package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// cli is the command line. Every flag is also the environment variable WHEREWALL_<FLAG> and, with underscores, a key of the
// file that --config names; the command line wins over the environment, and the environment over the file.
type cli struct {
	Config configFlag `help:"A YAML file with flags' names as keys." placeholder:"FILE"`

	Demo    demoCmd    `cmd:"" help:"Start a throwaway PostgreSQL with a sample, the proxy in front of it, and show what it does."`
	Serve   serveCmd   `cmd:"" help:"Serve PostgreSQL clients."`
	Check   checkCmd   `cmd:"" help:"Validate a policy, against a database where --upstream is given."`
	Rewrite rewriteCmd `cmd:"" help:"Print what would be sent to PostgreSQL for a statement, or the refusal."`
	Plan    planCmd    `cmd:"" help:"Print what a user may see and do, as JSON."`
	Explain explainCmd `cmd:"" help:"Say why a statement reads what it reads, or why a row is hidden."`
	Test    testCmd    `cmd:"" help:"Run policy tests: who sees and may do what, judged by PostgreSQL."`
	Export  exportCmd  `cmd:"" help:"Print the policy as SQL for the database itself (row-level security, or the service login's rights), or as YAML from a store."`
	Migrate migrateCmd `cmd:"" help:"Make and change the tables that hold a policy, or the people of one."`
	Diff    diffCmd    `cmd:"" help:"Compare a policy in files with a store."`
	Apply   applyCmd   `cmd:"" help:"Make a store hold what files say, or show what that would change."`
	Schema  schemaCmd  `cmd:"" help:"Print the JSON schema of policies, with which editors complete and check them."`
	Passwd  passwdCmd  `cmd:"" help:"Print a SCRAM-SHA-256 verifier for a password, for a user of the policy."`
	Audit   auditCmd   `cmd:"" help:"Look after an audit trail."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// policyFlags name the policy.
type policyFlags struct {
	Policy string `required:"" placeholder:"PATH" help:"The policy: a YAML file, or a folder of them, merged."`
}

// subjectFlags name who a question is about.
type subjectFlags struct {
	User   string `required:"" help:"The user of the policy."`
	Tenant string `help:"The tenant the user acts in; may be left out where the user has one membership."`
}

// logFlags say what is logged on standard error.
type logFlags struct {
	LogLevel  string `enum:"debug,info,warn,error" default:"info" reload:"" help:"What to log: debug, info, warn or error."`
	LogFormat string `enum:"auto,json,console" default:"auto" help:"auto is console on a terminal and json elsewhere."`
}

// streams are the standard ones.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func standardStreams() *streams { return &streams{in: os.Stdin, out: os.Stdout, err: os.Stderr} }

// isTerminal says whether somebody looks at a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
