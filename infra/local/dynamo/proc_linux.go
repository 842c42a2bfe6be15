package dynamo

import "syscall"

// dieWithParent makes the kernel kill the child when this process ends, even by SIGKILL. The child gets its own process group,
// so that Ctrl-C does not reach it.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
