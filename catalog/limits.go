package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Limits are session defaults of the service login that bound what a client may ask for: the operator has set them for the login, the
// database or the server, and a client may ask for less.
type Limits struct {
	// Timeouts are the time limits that the server has, by the setting's name, in milliseconds; 0 is no limit.
	Timeouts map[string]int64
	// ReadOnly says that transactions write nothing unless they ask for it, which then nobody may.
	ReadOnly bool
}

// timeouts are the settings that bound a session's time. Older servers lack some of them.
func timeouts() []string {
	return []string{
		"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout",
	}
}

func loadLimits(ctx context.Context, tx pgx.Tx, s *Schema) error {
	// The transaction's own mode says nothing of the session's.
	const readOnly = `SELECT pg_catalog.current_setting('default_transaction_read_only') = 'on'`
	if err := tx.QueryRow(ctx, readOnly).Scan(&s.Limits.ReadOnly); err != nil {
		return fmt.Errorf("reading the session's defaults: %w", err)
	}
	s.Limits.Timeouts = map[string]int64{}
	for _, name := range timeouts() {
		var shown *string
		if err := tx.QueryRow(ctx, `SELECT pg_catalog.current_setting($1, true)`, name).Scan(&shown); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if shown == nil {
			continue
		}
		limit, err := milliseconds(*shown)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		s.Limits.Timeouts[name] = limit
	}
	return nil
}

// milliseconds reads a time as the server shows it: a whole number and its largest unit that fits.
func milliseconds(shown string) (int64, error) {
	digits := strings.TrimRight(shown, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no time: %w", shown, err)
	}
	switch shown[len(digits):] {
	case "", "ms":
		return n, nil
	case "s":
		return n * 1000, nil
	case "min":
		return n * 60 * 1000, nil
	case "h":
		return n * 60 * 60 * 1000, nil
	case "d":
		return n * 24 * 60 * 60 * 1000, nil
	default:
		return 0, fmt.Errorf("%q has an unknown unit of time", shown)
	}
}

// Within returns the limits with an operator's over them, by the setting's name and in milliseconds: of two, the lower one counts. It fails for a
// limit that the server does not know, which nobody would keep. It does not change l, nor the digest of a schema that it stands in.
func (l Limits) Within(operator map[string]int64) (Limits, error) {
	timeouts := maps.Clone(l.Timeouts)
	for _, name := range slices.Sorted(maps.Keys(operator)) {
		own, known := timeouts[name]
		switch limit := operator[name]; {
		case !known:
			return l, fmt.Errorf("the server has no %s: its version is too old for this limit", name)
		case limit > 0 && (own == 0 || limit < own):
			timeouts[name] = limit
		}
	}
	l.Timeouts = timeouts
	return l, nil
}
