package pgtemp

import "syscall"

// attributes puts the server into a process group of its own, so that a Ctrl-C meant for us does not reach it before we
// stop it in order, and has the kernel stop it should this process die without doing so.
func (a account) attributes(death syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: a.credential, Setpgid: true, Pdeathsig: death}
}
