package sqltree

import pg "github.com/pganalyze/pg_query_go/v6"

// maxFingerprinted is the longest text, in bytes, of which a fingerprint is made: it takes about as long as parsing.
const maxFingerprinted = 1 << 20

// StatementFingerprint is pg_query's fingerprint of a text, which is the same for texts that differ in literals, spaces and aliases alone: 16
// hexadecimal digits. It is empty for a text that is too long. Only texts that Parse has taken may be given to it: it does not look at limits.
func StatementFingerprint(sql string) string {
	if len(sql) > maxFingerprinted {
		return ""
	}
	fingerprint, err := pg.Fingerprint(sql)
	if err != nil {
		return ""
	}
	return fingerprint
}
