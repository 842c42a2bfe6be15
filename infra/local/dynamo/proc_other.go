//go:build !linux

package dynamo

import "syscall"

// dieWithParent does nothing on this system: Ctrl-C reaches the child too, but the child survives a SIGKILL of this process.
func dieWithParent() *syscall.SysProcAttr { return nil }
