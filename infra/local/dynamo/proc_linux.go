package dynamo

import "syscall"

// dieWithParent makes the kernel kill the child when we are gone, even by SIGKILL, and keeps a Ctrl-C meant for us from it.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
