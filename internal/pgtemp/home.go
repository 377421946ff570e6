package pgtemp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// homePrefix begins the names of the servers' directories; the id of the process that made one follows.
const homePrefix = "wherewall-pg-"

// newHome makes a directory for one server, readable by the server's user alone.
func newHome(temp string, as account) (string, error) {
	dir, err := os.MkdirTemp(temp, fmt.Sprintf("%s%d-", homePrefix, os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("making a directory for the server: %w", err)
	}
	if err := as.own(dir); err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return dir, nil
}

// sweep deletes what servers of dead processes left: where a process was killed, its server has ended with it, but
// nobody was there to delete the files. It is a courtesy, so what cannot be deleted stays.
func sweep(temp string) {
	homes, err := filepath.Glob(filepath.Join(temp, homePrefix+"*"))
	if err != nil {
		return
	}
	for _, home := range homes {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(home), homePrefix), "-")
		if abandoned(pid) && !inUse(home) {
			_ = os.RemoveAll(home)
		}
	}
}

// abandoned says whether a process id, in decimal, is surely nobody's.
func abandoned(pid string) bool {
	n, err := strconv.Atoi(pid)
	return err == nil && n > 0 && errors.Is(syscall.Kill(n, 0), syscall.ESRCH)
}

// inUse says whether the server on a directory may still be running.
func inUse(home string) bool {
	pidFile, err := os.ReadFile(filepath.Join(home, "data", "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	pid, _, _ := strings.Cut(string(pidFile), "\n")
	return err != nil || !abandoned(pid)
}
