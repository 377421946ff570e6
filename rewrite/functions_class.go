package rewrite

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

//go:embed functions.txt
var functionsText string

// Class is what a function of PostgreSQL's own is for, as far as filtered sessions are concerned. The zero Class is that of functions that
// nobody has looked at: they are refused.
type Class uint8

// The classes. Only functions of the last two may be called.
const (
	UnknownFunction Class = iota
	InternalFunction
	TextFunction
	SQLFunction
	FileFunction
	LargeObjectFunction
	SettingFunction
	SessionFunction
	StatisticsFunction
	SequenceFunction
	LockFunction
	AdministrationFunction
	CatalogFunction
	PureFunction
	SafeFunction
)

// classes is every Class with its section of functions.txt and what it is.
func classes() []struct{ section, title, reason string } {
	return []struct{ section, title, reason string }{
		UnknownFunction:        {"", "unknown", "not on the list of harmless functions"},
		InternalFunction:       {"internal", "internal", "internal to PostgreSQL"},
		TextFunction:           {"", "input and output of types", "internal to PostgreSQL"},
		SQLFunction:            {"sql", "runs SQL text", "a way to run the text of a query, which the proxy could not filter"},
		FileFunction:           {"files", "files and server configuration", "a way to the server's files and configuration"},
		LargeObjectFunction:    {"large", "large objects", "a way to large objects, which belong to nobody"},
		SettingFunction:        {"settings", "settings", "a way to settings; SET and SHOW know those that are harmless"},
		SessionFunction:        {"sessions", "sessions and transactions", "a way to other sessions, or tells of the server's transactions"},
		StatisticsFunction:     {"statistics", "statistics and sizes", "telling of everybody's rows"},
		SequenceFunction:       {"sequences", "sequences", "a way to sequences, which tell what others do"},
		LockFunction:           {"locks", "locks, notify, sleep", "a way to wait, or to reach other sessions"},
		AdministrationFunction: {"administration", "administration, WAL, replication", "for those who run the server"},
		CatalogFunction:        {"catalog", "catalog helpers", "a way to look names and definitions up"},
		PureFunction:           {"pure", "leaky but pure", ""},
		SafeFunction:           {"", "safe", ""},
	}
}

// String is the class in words.
func (c Class) String() string { return classes()[c].title }

// Allowed says whether filtered statements may call functions of the class.
func (c Class) Allowed() bool { return c == PureFunction || c == SafeFunction }

// reason reads after a function's name: why it may not be called.
func (c Class) reason() string { return classes()[c].reason }

// listing is what the list says of a name.
type listing struct {
	class Class
	// volatile says that the function gives a new value each time, and does nothing else. Other harmless functions may not be volatile.
	volatile bool
}

// parseFunctions reads sections of names. What stands before the first section or in one that is not known lists nothing.
func parseFunctions(text string) map[string]listing {
	listed := make(map[string]listing)
	section := listing{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = sectionOf(strings.Trim(line, "[]"))
		case section.class != UnknownFunction:
			for _, name := range strings.Fields(line) {
				listed[name] = section
			}
		}
	}
	return listed
}

func sectionOf(name string) listing {
	if name == "volatile" {
		return listing{class: PureFunction, volatile: true}
	}
	for class, c := range classes() {
		if c.section == name && name != "" {
			return listing{class: Class(class)}
		}
	}
	return listing{}
}

// class is the one class of a function of pg_catalog or information_schema. The list is not enough to be harmless: the server at hand may be
// newer than it, or may have had functions added to pg_catalog.
func (f *functions) class(name string, candidate catalog.Function) Class {
	types := append(slices.Clone(candidate.Args), candidate.Returns)
	switch l := f.listed[name]; {
	case slices.ContainsFunc(types, serverType) || strings.HasPrefix(name, "binary_upgrade_"):
		return InternalFunction
	case slices.ContainsFunc(types, textualType):
		return TextFunction
	case l.class != PureFunction:
		return l.class
	case candidate.Kind != 'f' && candidate.Kind != 'a' && candidate.Kind != 'w', looksUp(candidate):
		return UnknownFunction
	case candidate.Volatility != 'i' && candidate.Volatility != 's' && (candidate.Volatility != 'v' || !l.volatile):
		return UnknownFunction
	case candidate.Leakproof && candidate.Volatility != 'v':
		return SafeFunction
	default:
		return PureFunction
	}
}

// looksUp says whether a function's arguments or result make names of literals. As an argument, the name of a text search configuration is
// harmless.
func looksUp(f catalog.Function) bool {
	return lookupType(f.Returns) || slices.ContainsFunc(f.Args, func(t string) bool { return lookupType(t) && t != "regconfig" })
}

// serverType tells the pseudo-types of functions that only the server itself may call. Trigger and handler functions return theirs.
func serverType(name string) bool {
	switch name = strings.TrimPrefix(name, pgCatalog+"."); name {
	case "internal", "trigger", "event_trigger", "pg_ddl_command":
		return true
	}
	return strings.HasSuffix(name, "_handler")
}

// textualType tells the pseudo-type of what types are read from and written as.
func textualType(name string) bool {
	switch strings.TrimPrefix(name, pgCatalog+".") {
	case "cstring", "cstring[]", "_cstring":
		return true
	}
	return false
}

// ClassCount is how many functions of a server are in a class.
type ClassCount struct {
	Class     Class
	Functions int
	Names     []string // the names of those that are unknown, in order
}

// FunctionClasses counts the functions of pg_catalog and information_schema in each class, in the order of the classes.
func FunctionClasses(s *catalog.Schema) []ClassCount {
	f := newFunctions(s)
	counts := make([]ClassCount, len(classes()))
	for class := range counts {
		counts[class].Class = Class(class)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Functions)) {
		for _, candidate := range s.Functions[name] {
			if candidate.Schema != pgCatalog && candidate.Schema != "information_schema" {
				continue
			}
			c := &counts[f.class(name, candidate)]
			c.Functions++
			if c.Class == UnknownFunction {
				c.Names = append(c.Names, fmt.Sprintf("%s.%s(%s)", candidate.Schema, name, strings.Join(candidate.Args, ", ")))
			}
		}
	}
	return counts
}
