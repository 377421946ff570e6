//go:build unix

package pgdial

import (
	"io/fs"
	"syscall"
)

// exposed says whether others than the owner can read a file.
func exposed(info fs.FileInfo) bool {
	const others, group = 0o077, 0o037
	owner, ok := info.Sys().(*syscall.Stat_t)
	if ok && owner.Uid == 0 {
		return info.Mode().Perm()&group != 0
	}
	return info.Mode().Perm()&others != 0
}
