//go:build !linux

package lambda

import "syscall"

// processAttributes puts a function in its own process group, so that Ctrl-C in
// the terminal does not reach it. Only Linux can kill it when the parent ends.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
