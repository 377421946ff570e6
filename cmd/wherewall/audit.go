package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/wherewall/wherewall/internal/ledger"
)

// auditCmd is what can be done with an audit trail.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Hold the files of an audit trail to their hashes: which record is the first that was removed, moved, edited or cut off."`
}

// auditVerifyCmd holds files to their hashes.
type auditVerifyCmd struct {
	Files       []string `arg:"" name:"file" help:"The files, in any order."`
	TrailKey    string   `placeholder:"FILE" help:"The file with the key that they were written with; see --audit-key."`
	TrailOpen   bool     `help:"Let the newest file end without the record of an end: the proxy still writes to it, or was killed."`
	TrailRecord []string `placeholder:"SEQ:HASH" help:"A record that was noted elsewhere, such as in the log; it has to be in the files."`
}

// Run prints a line for each file. Its error names the first broken record as FILE:LINE.
func (c auditVerifyCmd) Run(std *streams) error {
	check := ledger.Check{Open: c.TrailOpen}
	var err error
	if check.Key, err = auditKey(c.TrailKey); err != nil {
		return err
	}
	for _, text := range c.TrailRecord {
		head, ok := ledger.ParseHead(text)
		if !ok {
			return usage(fmt.Errorf("--trail-record %s: SEQ:HASH is expected, a number and 64 hexadecimal digits", text))
		}
		check.Heads = append(check.Heads, head)
	}
	found, err := check.Verify(c.Files)
	for _, f := range found {
		if f.Last == 0 {
			continue
		}
		end := "ended"
		if !f.Ended {
			end = "open"
		}
		fmt.Fprintf(std.out, "%s: records %d to %d, %s\n", f.Path, f.First, f.Last, end)
	}
	if err != nil {
		return fmt.Errorf("the audit trail is broken: %w", err)
	}
	last := found[len(found)-1]
	fmt.Fprintf(std.out, "the chain holds: %s\n", last.Head)
	return nil
}

// minAuditKey is the shortest key, in bytes, that is worth the name.
const minAuditKey = 32

// auditKey reads the key of a trail; nil for none.
func auditKey(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the audit trail: %w", err)
	}
	key := bytes.TrimSpace(text)
	if len(key) < minAuditKey {
		return nil, errors.New("the key of the audit trail is too short: 32 characters or more are needed, such as `openssl rand -hex 32` prints")
	}
	return key, nil
}
