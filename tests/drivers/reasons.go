package main

import (
	"regexp"
	"strings"
)

// cause is what a test says when it fails for a reason. docs/protocol.md has the reasons by their names.
type cause struct{ reason, says string }

// causes are tried in their order.
func causes() []cause {
	return []cause{
		{"functions", `permission denied for function (pg_sleep|pg_terminate_backend|pg_cancel_backend)`},
		{"large objects", `permission denied for function (lo_|loread|lowrite)`},
		{"definitions", `permission denied: (CREATE|DROP|ALTER|DO|COMMENT|GRANT|TRUNCATE)\b[A-Z ]* is not allowed`},
		{"settings", `permission denied (to set parameter|to examine|for function (current_setting|set_config))`},
		{"settings", `invalid value for parameter "(client_encoding|standard_conforming_strings|client_min_messages)"`},
		{"types", `type "\w+" does not exist|permission denied for type \w+`},
		{"limits", `statement has too many tokens`},
		{"catalogs", `relation "pg_\w+" does not exist`},
		{"protocol 3.2", `should have 4 item\(s\), but has 32`},
		{"details", `want:(?s:.*)DETAIL:  Key`},
		{"users", `unknown_user: there is no user`},
	}
}

// reasonOf is why a test failed, by what it said, or a part of it, or, where it did not come so far, what it is a part of.
func reasonOf(test string, outcomes map[string]outcome) string {
	for _, c := range causes() {
		says := regexp.MustCompile(c.says)
		for name, o := range outcomes {
			if (name == test || strings.HasPrefix(name, test+"/")) && says.MatchString(o.said) {
				return c.reason
			}
		}
	}
	if whole := strings.LastIndexByte(test, '/'); whole > 0 && outcomes[test].is == "" {
		return reasonOf(test[:whole], outcomes)
	}
	return unexplained
}
