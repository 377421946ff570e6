package rewrite

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

//go:embed export_functions.txt
var closedFunctionsText string

// closedFunctions are the overloads of pg_catalog's functions that the server at hand has and that nobody behind the proxy needs, as
// REVOKE names them. Those that are allowed in statements are never among them. needed are names that the service login needs itself.
func closedFunctions(s *catalog.Schema, needed map[string]bool) []string {
	gate, patterns := newFunctions(s), closedPatterns(closedFunctionsText)
	var closed []string
	for _, name := range slices.Sorted(maps.Keys(s.Functions)) {
		if needed[name] || name == unlockAll || !closes(patterns, name) || gate.resolve(pgCatalog, name).outcome != denied {
			continue
		}
		for _, f := range s.Functions[name] {
			if f.Schema == pgCatalog && !machinery(f) {
				closed = append(closed, fmt.Sprintf("%s.%s(%s)", pgCatalog, identifier(name), strings.Join(f.Args, ", ")))
			}
		}
	}
	return closed
}

// machinery says that only the server can call a function.
func machinery(f catalog.Function) bool {
	return slices.ContainsFunc(append(slices.Clone(f.Args), f.Returns), func(t string) bool { return serverType(t) || textualType(t) })
}

// closedPatterns reads a name or a pattern a line.
func closedPatterns(text string) []string {
	var patterns []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, line)
		}
	}
	return patterns
}

func closes(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		before, after, open := strings.Cut(p, "*")
		return !open && p == name || open && len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
	})
}

// closedViews are those of pg_catalog's views that show statistics, other sessions, or how things are defined and configured. What filtered
// sessions see in part stays: the service login reads it for them.
func closedViews(views []string) []string {
	patterns := []string{
		"pg_stat_*", "pg_statio_*", "pg_stats*", "pg_aios", "pg_available_*", "pg_backend_memory_contexts", "pg_config", "pg_cursors",
		"pg_file_settings", "pg_hba_file_rules", "pg_ident_file_mappings", "pg_locks", "pg_matviews", "pg_policies", "pg_prepared_*",
		"pg_publication_tables", "pg_replication_*", "pg_rules", "pg_seclabels", "pg_sequences", "pg_settings", "pg_shmem_*", "pg_views", "pg_wait_events",
	}
	listed := parseCatalogs(catalogsText)
	var closed []string
	for _, v := range views {
		t := listed[catalog.RelationName{Schema: pgCatalog, Name: v}]
		if closes(patterns, v) && (t == nil || t.class != openCatalog) {
			closed = append(closed, v)
		}
	}
	return closed
}
