//go:build !unix

package pgdial

import "io/fs"

// exposed cannot be told from a file's mode here.
func exposed(fs.FileInfo) bool { return false }
