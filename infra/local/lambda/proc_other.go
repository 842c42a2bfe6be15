//go:build !linux

package lambda

import "syscall"

// processAttributes puts a function in a group of its own, so that a Ctrl-C
// is not for it. Only Linux lets it die with us.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
