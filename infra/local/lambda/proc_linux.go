package lambda

import "syscall"

// processAttributes puts a function in a group of its own, so that a Ctrl-C
// is not for it, and lets it die with us.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
