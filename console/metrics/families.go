package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// family is a metric of ours.
type family struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
}

func (f family) desc() *prometheus.Desc { return prometheus.NewDesc(f.name, f.help, f.labels, nil) }

// of is a value. Labels that are not UTF-8 would end the process: what collects runs in a goroutine of the registry's.
func (f family) of(value float64, labels ...string) prometheus.Metric {
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "?")
	}
	return prometheus.MustNewConstMetric(f.desc(), f.kind, value, labels...)
}

func counter(name, help string, labels ...string) family {
	return family{name, help, prometheus.CounterValue, labels}
}

func gauge(name, help string, labels ...string) family {
	return family{name, help, prometheus.GaugeValue, labels}
}

func buildInfo() family {
	return gauge("wherewall_build_info", "1, with the version of the running binary.", "version", "go_version")
}

// Sessions and logins.

func sessions() family {
	return gauge("wherewall_sessions", "Sessions that there are, by what they are about.", "state")
}

func loggingIn() family {
	return gauge("wherewall_connections_logging_in", "Connections that have not finished their login.")
}

func started() family {
	return counter("wherewall_sessions_started_total", "Sessions that were opened, filtered or unfiltered.", "lane")
}

func logins() family {
	return counter("wherewall_logins_total", "Logins that were decided, by how they were proven and the SQLSTATE they ended with (00000: they succeeded).", "method", "sqlstate")
}

func failures() family {
	return counter("wherewall_connection_failures_total", "Sessions that ended otherwise than by a goodbye, by the side and what it was about.", "side", "op")
}

func draining() family {
	return gauge("wherewall_draining", "1 while sessions are ended because the process is.")
}

// Statements.

func statements() family {
	return counter("wherewall_statements_total", "Statements that have come to their end, by how.", "outcome")
}

func byTenant() family {
	return counter("wherewall_tenant_statements_total", "The same by the tenant of the login; tenants beyond those that are told apart are in tenant=\"\".", "tenant")
}

func refusals() family {
	return counter("wherewall_refusals_total", "Statements that were refused, by the code of the reason.", "code")
}

func fromServer() family {
	return counter("wherewall_server_bytes_total", "Bytes that servers have sent to filtered sessions.")
}

func waits() family {
	return gauge("wherewall_statement_seconds", "Time from sending a statement to its end, of one statement in 16.")
}

func prepared() family {
	return gauge("wherewall_prepared_statements_bytes", "Memory that prepared statements and portals of all sessions take, roughly.")
}

// Server connections that serve one session after another.

func serverIdle() family {
	return gauge("wherewall_server_connections_idle", "Connections to PostgreSQL that wait for a session, or are being made ready for one.")
}

func serverOpened() family {
	return counter("wherewall_server_connections_opened_total", "Connections to PostgreSQL that were made for sessions.")
}

func serverReused() family {
	return counter("wherewall_server_connections_reused_total", "Sessions that began with a connection to PostgreSQL that had served another one.")
}

func serverParked() family {
	return counter("wherewall_server_connections_parked_total", "Connections to PostgreSQL that were made ready for another session.")
}

func serverDropped() family {
	return counter("wherewall_server_connections_dropped_total", "Connections to PostgreSQL that were not kept for another session, by the reason.", "reason")
}

// What is remembered of statements.

func cacheLookups() family {
	return counter("wherewall_statement_cache_lookups_total", "Statements that were looked for among those seen before, by what was found.", "result")
}

func cacheEvictions() family {
	return counter("wherewall_statement_cache_evictions_total", "Statements that were forgotten to make room for others.")
}

func cacheEntries() family {
	return gauge("wherewall_statement_cache_entries", "Texts and shapes of statements that are remembered.")
}

func cacheBytes() family {
	return gauge("wherewall_statement_cache_bytes", "Memory that remembered statements take, roughly.")
}

func cacheLimit() family {
	return gauge("wherewall_statement_cache_limit_bytes", "Memory that remembered statements may take.")
}

// The policy.

func policyInfo() family {
	return gauge("wherewall_policy_info", "1, with digests of the policy in force and of the schema that it is bound to.", "policy", "schema")
}

func policySince() family {
	return gauge("wherewall_policy_loaded_timestamp_seconds", "When the policy in force was taken over.")
}

func policyChecked() family {
	return gauge("wherewall_policy_checked_timestamp_seconds", "When the policy in force was last found to be the newest.")
}

func policyReloads() family {
	return counter("wherewall_policy_reloads_total", "Changes of policy or schema, by what came of them.", "result")
}

// The audit trail.

func auditRecords() family {
	return counter("wherewall_audit_records_total", "Audit records that were written.")
}

func auditBytes() family {
	return counter("wherewall_audit_written_bytes_total", "Bytes of audit records that were written.")
}

func auditDropped() family {
	return counter("wherewall_audit_dropped_total", "Audit records that were lost for want of room.")
}

func auditRefused() family {
	return counter("wherewall_audit_refused_total", "Statements and logins that were refused because they could not be recorded.")
}

func auditFailures() family {
	return counter("wherewall_audit_write_failures_total", "Attempts to write audit records that failed.")
}

func auditRotations() family {
	return counter("wherewall_audit_rotations_total", "Audit files that were rotated.")
}

func auditQueue() family {
	return gauge("wherewall_audit_queue_records", "Audit records that wait to be written, those of running statements included.")
}

func auditCapacity() family {
	return gauge("wherewall_audit_queue_capacity_records", "How many audit records may wait.")
}

func auditFailing() family {
	return gauge("wherewall_audit_failing", "1 while audit records cannot be written.")
}

func auditSequence() family {
	return gauge("wherewall_audit_sequence", "Number of the last audit record that was written.")
}

// families are all of them.
func families() []family {
	return []family{
		buildInfo(), sessions(), loggingIn(), started(), logins(), failures(), draining(), statements(), byTenant(), refusals(), fromServer(), waits(),
		prepared(), serverIdle(), serverOpened(), serverReused(), serverParked(), serverDropped(), cacheLookups(), cacheEvictions(), cacheEntries(),
		cacheBytes(), cacheLimit(), policyInfo(), policySince(), policyChecked(), policyReloads(), auditRecords(), auditBytes(), auditDropped(), auditRefused(),
		auditFailures(), auditRotations(), auditQueue(), auditCapacity(), auditFailing(), auditSequence(),
	}
}
