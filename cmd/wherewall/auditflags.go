package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/console/audit"
	"github.com/wherewall/wherewall/internal/ledger"
)

// auditFlags say what becomes of the audit trail.
type auditFlags struct {
	Audit            auditTarget `default:"off" placeholder:"TARGET" help:"Where a record of each statement, login and change of policy goes: file:PATH, stdout or off."`
	AuditMode        string      `enum:"required,best_effort" default:"required" help:"required: what cannot be recorded is refused. best_effort: it is let through, counted and logged."`
	AuditKey         string      `placeholder:"FILE" help:"A file with a secret that the records' hashes are made with, so that nobody without it can make a chain anew."`
	AuditSync        string      `enum:"always,second,never" default:"second" help:"When records are put on the disk (fsync): with each batch of them, once a second, or when the system likes."`
	AuditRotateSize  size        `default:"256MB" help:"Begin a new file when one is that long."`
	AuditRotateEvery span        `default:"24h" help:"Begin a new file when one is that old; 0 for never."`
	AuditQueue       number      `default:"65536" help:"How many records may wait to be written, those of running statements included."`
	AuditPatience    span        `default:"5s" help:"How long a statement waits for room in a required trail before it is refused."`
}

// auditTarget is where records go: the path of a file, or - for standard output, or nothing.
type auditTarget struct{ path string }

const auditStdout = "-"

func (t *auditTarget) UnmarshalText(text []byte) error {
	path, isFile := strings.CutPrefix(string(text), "file:")
	switch {
	case string(text) == "off":
		*t = auditTarget{}
	case string(text) == "stdout":
		*t = auditTarget{path: auditStdout}
	case isFile && path != "" && path != auditStdout:
		*t = auditTarget{path: path}
	default:
		return fmt.Errorf("%q: file:PATH, stdout or off is expected", text)
	}
	return nil
}

// auditing is a trail that is being written.
type auditing struct {
	*audit.Trail
	stop    context.CancelFunc
	running sync.WaitGroup
}

// start opens the trail and writes its first record, so that one that cannot be written is told before anybody is served. nil is for no trail.
func (f auditFlags) start(std *streams, log zerolog.Logger) (*auditing, error) {
	if f.Audit.path == "" {
		return nil, nil
	}
	key, err := auditKey(f.AuditKey)
	if err != nil {
		return nil, err
	}
	stamp := audit.NewStamp(proxyName())
	options := ledger.Options{Key: key, Stamp: stamp.Append}
	if f.Audit.path == auditStdout {
		options.Stream = std.out
	} else {
		options.Path, options.MaxBytes, options.MaxAge = f.Audit.path, int64(f.AuditRotateSize), f.AuditRotateEvery.duration()
	}
	kept, err := ledger.Open(options)
	if err == nil {
		err = kept.Flush()
	}
	if err != nil {
		return nil, fmt.Errorf("opening the audit trail: %w", err)
	}
	log.Info().Str("target", f.Audit.path).Str("mode", f.AuditMode).Stringer("head", kept.Head()).Msg("audit trail opened")
	a := &auditing{Trail: audit.NewTrail(audit.Options{
		Ledger: kept, Stamp: stamp, BestEffort: f.AuditMode == "best_effort", Queue: int(f.AuditQueue),
		Patience: max(f.AuditPatience.duration(), time.Millisecond), Sync: f.sync(), Log: log,
	})}
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.running.Go(func() { a.Run(ctx) })
	return a, nil
}

func (f auditFlags) sync() audit.Sync {
	switch f.AuditSync {
	case "never":
		return audit.SyncNever
	case "second":
		return audit.SyncSecond
	default:
		return audit.SyncAlways
	}
}

// close writes what is left. It is called after the last session.
func (a *auditing) close() {
	if a == nil {
		return
	}
	a.stop()
	a.running.Wait()
}

// load is what SIGHUP does to a trail: a file that was moved away is begun anew.
func (a *auditing) load(context.Context) error {
	a.Reopen()
	return nil
}

// proxyName tells proxies that write to one place apart.
func proxyName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}
