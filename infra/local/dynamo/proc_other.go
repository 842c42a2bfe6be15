//go:build !linux

package dynamo

import "syscall"

// dieWithParent can promise nothing here: the child gets our Ctrl-C, but survives a SIGKILL of ours.
func dieWithParent() *syscall.SysProcAttr { return nil }
