package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker in released builds.
var version = "dev"

// versionCmd prints which build this is.
type versionCmd struct{}

// Run prints one line: the version, the commit it was built from, and the compiler.
func (versionCmd) Run(std *streams) error {
	fmt.Fprintf(std.out, "wherewall %s%s %s %s/%s\n", version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// commit is the revision that the go command recorded, in parentheses; empty where it did not.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = ", modified"
		}
	}
	if revision == "" {
		return ""
	}
	return " (" + revision + dirty + ")"
}
