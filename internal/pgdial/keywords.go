package pgdial

import (
	"maps"
	"slices"
	"strings"
)

// takeKeywords goes through the keywords of libpq that pgx does not know and would send to the server as its settings.
func (s *settings) takeKeywords() error {
	parameters := s.config.RuntimeParams
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value := parameters[name]
		switch name {
		case "load_balance_hosts":
			if value != "disable" && value != "random" {
				return fault("disable or random", "load_balance_hosts is %q", value)
			}
			s.random = value == "random"
		case "fallback_application_name":
			if parameters["application_name"] == "" {
				parameters["application_name"] = value
			}
		case "ssl_min_protocol_version", "ssl_max_protocol_version":
			if err := s.boundTLS(name, value); err != nil {
				return err
			}
		case "gssencmode":
			if value != "disable" && value != "prefer" {
				return fault("use TLS: sslmode=verify-full", "gssencmode is %q: there is no GSSAPI here", value)
			}
		case "sslcompression":
			if value != "0" && value != "" {
				return fault("leave it out", "sslcompression is %q: TLS is not compressed here", value)
			}
		default:
			if hint, known := notHere(name); known {
				return fault(hint, "%s is a keyword of connection strings that Wherewall does not act on", name)
			}
			continue
		}
		delete(parameters, name)
	}
	return nil
}

// notHere are the other keywords of libpq that a string may not have: what it asks for would not happen.
func notHere(name string) (hint string, known bool) {
	switch name {
	case "replication":
		return "it is for the client to ask for, and for unfiltered users alone", true
	case "hostaddr":
		return "give the address as host; sslmode=verify-full then looks for it in the server's certificate", true
	case "sslcrl", "sslcrldir":
		return "revoked certificates are not looked for: let the server's certificates be short-lived, or name the authority that signs them alone in sslrootcert", true
	case "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count":
		return "use --keepalive-idle, --keepalive-interval and --keepalive-count", true
	case "tcp_user_timeout":
		return "use --server-tcp-user-timeout", true
	case "requirepeer":
		return "use TLS with sslmode=verify-full, or a socket in a folder where nobody else can make one", true
	case "requiressl":
		return "use sslmode=require, or better sslmode=verify-full", true
	case "gsslib", "gssdelegation":
		return "use a password or a certificate: there is no GSSAPI here", true
	case "sslkeylogfile":
		return "leave it out: it would give away what is encrypted", true
	case "scram_client_key", "scram_server_key":
		return "use a password", true
	case "authtype", "tty":
		return "leave it out: it has had no meaning since PostgreSQL 14", true
	default:
		return "", strings.HasPrefix(name, "oauth_")
	}
}
