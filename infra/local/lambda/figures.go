package lambda

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// An Instance is what was measured of one running process. CPU and memory are
// only known on Linux.
type Instance struct {
	Function    string
	ID          string
	PID         int
	Init        time.Duration // from its start to its first question for an event
	CPU         time.Duration // used so far
	MaxRSS      int64         // bytes, the most so far
	Invocations int
}

// Instances measures every process that runs.
func (m *Manager) Instances() []Instance {
	var out []Instance
	for _, inst := range m.runningProcesses() {
		inst.mu.Lock()
		i := Instance{Function: inst.function.Name, ID: inst.id, Init: inst.initTime, Invocations: inst.invocationCount}
		inst.mu.Unlock()
		if i.Init == 0 {
			continue // still starting
		}
		i.PID = inst.command.Process.Pid
		i.CPU, i.MaxRSS = readCPUTime(i.PID), readMaxRSS(i.PID)
		out = append(out, i)
	}
	return out
}

// cpuTime sums the processor time of a process's threads.
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

// maxRSS is the peak of a process's resident memory.
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
