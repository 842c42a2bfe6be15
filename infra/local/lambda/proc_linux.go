package lambda

import "syscall"

// processAttributes puts a function in its own process group, so that Ctrl-C in
// the terminal does not reach it. The kernel kills it when the parent ends.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
