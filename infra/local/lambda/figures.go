package lambda

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// An Instance is the measurement of one running process. CPU and MaxRSS are 0
// on other systems than Linux.
type Instance struct {
	Function    string
	ID          string
	PID         int
	Init        time.Duration // from the start to the first request for an event
	CPU         time.Duration // used so far
	MaxRSS      int64         // peak resident memory in bytes
	Invocations int
}

// Instances measures all running processes that have finished their
// initialization.
func (m *Manager) Instances() []Instance {
	var out []Instance
	for _, proc := range m.runningProcesses() {
		proc.mu.Lock()
		i := Instance{Function: proc.function.Name, ID: proc.id, Init: proc.initTime, Invocations: proc.invocationCount}
		proc.mu.Unlock()
		if i.Init == 0 {
			continue // still starting
		}
		i.PID = proc.command.Process.Pid
		i.CPU = readCPUTime(i.PID)
		i.MaxRSS = readMaxRSS(i.PID)
		out = append(out, i)
	}
	return out
}

// readCPUTime returns the sum of the CPU time of a process's threads.
func readCPUTime(pid int) time.Duration {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	var sum time.Duration
	for _, name := range files {
		text, err := os.ReadFile(name) //nolint:gosec // a path under /proc
		if err != nil {
			continue
		}
		var ns time.Duration
		if _, err := fmt.Sscan(string(text), &ns); err == nil {
			sum += ns
		}
	}
	return sum
}

// readMaxRSS returns the peak resident memory of a process in bytes.
func readMaxRSS(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, text, _ = bytes.Cut(text, []byte("VmHWM:"))
	var kb int64
	if _, err := fmt.Sscan(string(text), &kb); err != nil {
		return 0
	}
	return kb << 10
}
