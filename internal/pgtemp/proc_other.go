//go:build !linux

package pgtemp

import "syscall"

// attributes puts the server into a process group of its own, so that a Ctrl-C meant for us does not reach it before we
// stop it in order. A signal at the parent's death is Linux's alone.
func (a account) attributes(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: a.credential, Setpgid: true}
}
