package lambda

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A process is one operating system process of a function. An invocation owns
// it from takeProcess to releaseProcess.
type process struct {
	manager     *Manager
	function    *function
	id          string
	command     *exec.Cmd
	started     time.Time
	invocations chan *invocation // delivers an event to the process's "next" request
	polled      chan struct{}    // signals that the process asked for its next event
	initErrors  chan []byte
	exited      chan struct{} // closed after the process has ended
	exitError   error         // result of Wait; set before exited is closed
	ended       atomic.Bool   // true after a kill or the end of the process

	mu              sync.Mutex
	current         *invocation
	initTime        time.Duration
	invocationCount int
	logTail         []byte
}

// An invocation is one event and its result.
type invocation struct {
	id       string
	traceID  string
	payload  []byte
	deadline time.Time
	reply    chan Result
}

func newInvocation(id string, payload []byte) *invocation {
	var b [20]byte
	_, _ = rand.Read(b[:])
	trace := fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0",
		time.Now().Unix(), hex.EncodeToString(b[:12]), hex.EncodeToString(b[12:]))
	return &invocation{id: id, traceID: trace, payload: payload, reply: make(chan Result, 1)}
}

// runSpawner starts all processes from one operating system thread that lives
// as long as the manager. The kernel kills a child (Pdeathsig) when the thread
// that started it ends, not only when the parent process ends.
func (m *Manager) runSpawner() {
	runtime.LockOSThread()
	for {
		select {
		case f := <-m.spawn:
			f()
		case <-m.ctx.Done():
			m.procs.Wait()
			return
		}
	}
}

func (m *Manager) startProcess(fn *function) (*process, error) {
	inst := &process{
		manager:     m,
		function:    fn,
		id:          rand.Text()[:12],
		invocations: make(chan *invocation),
		polled:      make(chan struct{}, 1),
		initErrors:  make(chan []byte, 1),
		exited:      make(chan struct{}),
	}
	out := &lineWriter{write: inst.writeLogLine}
	inst.command = inst.newCommand(out)
	result := make(chan error, 1)
	select {
	case m.spawn <- func() { result <- m.registerProcess(inst) }:
	case <-m.ctx.Done():
		return nil, ErrClosed
	}
	if err := <-result; err != nil {
		return nil, err
	}
	go func() {
		err := inst.command.Wait()
		out.flushLine()
		inst.markExited(err)
	}()
	return inst, nil
}

// registerProcess starts the process and adds it to the running ones in one
// step under the lock. The process is therefore known before its first request,
// and Close either kills it or prevents its start.
func (m *Manager) registerProcess(inst *process) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	inst.started = time.Now()
	if err := inst.command.Start(); err != nil {
		return err
	}
	m.processes[inst.id] = inst
	m.procs.Add(1)
	return nil
}

func (i *process) markExited(err error) {
	i.ended.Store(true)
	i.exitError = err
	close(i.exited)
	i.manager.mu.Lock()
	delete(i.manager.processes, i.id)
	i.manager.mu.Unlock()
	i.manager.procs.Done()
}

func (i *process) newCommand(out io.Writer) *exec.Cmd {
	f := i.function.Function
	root := filepath.Dir(f.Bootstrap)
	cmd := exec.Command(f.Bootstrap) //nolint:gosec // running the functions is what this is for
	cmd.Dir = root
	cmd.SysProcAttr = processAttributes()
	cmd.WaitDelay = time.Second
	cmd.Stdout = out
	cmd.Stderr = out
	cmd.Env = append([]string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=en_US.UTF-8", "TZ=:UTC"}, f.Env...)
	cmd.Env = append(cmd.Env, // last, so that they override the function's own
		"AWS_LAMBDA_RUNTIME_API="+i.manager.listener.Addr().String()+"/"+f.Name+"/"+i.id,
		"AWS_LAMBDA_FUNCTION_NAME="+f.Name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/"+f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=local/"+i.id,
		"AWS_REGION="+i.manager.cfg.Region,
		"AWS_DEFAULT_REGION="+i.manager.cfg.Region,
		"LAMBDA_TASK_ROOT="+root,
		"_HANDLER="+f.Handler,
	)
	return cmd
}

// awaitInit waits until the process asks for its first event. If the process
// fails, ends or takes too long, awaitInit returns the error payload.
func (i *process) awaitInit(requestID string) (failure []byte) {
	limit := initTimeout + i.function.Timeout
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-i.polled:
		i.mu.Lock()
		i.initTime = time.Since(i.started)
		i.mu.Unlock()
		return nil
	case failure = <-i.initErrors:
		i.killProcess()
		return failure
	case <-i.exited:
		select {
		case failure = <-i.initErrors:
			return failure
		default:
			return i.exitPayload(requestID)
		}
	case <-timeout.C:
		i.killProcess()
		return errorPayload("Sandbox.Timedout", requestID,
			fmt.Sprintf("Function initialization timed out after %.2f seconds", limit.Seconds()))
	}
}

// deliverInvocation gives the process an event. It returns false if the process
// ended before it took the event.
func (i *process) deliverInvocation(inv *invocation) bool {
	inv.deadline = time.Now().Add(i.function.Timeout)
	i.mu.Lock()
	i.current = inv
	i.logTail = nil
	i.invocationCount++
	i.mu.Unlock()
	select {
	case <-i.polled: // discard a repeated request for the next event
	default:
	}
	if i.manager.cfg.Freeze {
		i.thawProcess()
	}
	select {
	case i.invocations <- inv:
		return true
	case <-i.exited:
		return false
	}
}

// awaitResult waits for the answer, and then until the process asks for its
// next event, because only then is it idle. The process is killed at the
// deadline.
func (i *process) awaitResult(inv *invocation) Result {
	deadline := time.NewTimer(time.Until(inv.deadline))
	defer deadline.Stop()
	var r Result
	select {
	case r = <-inv.reply:
	case <-i.exited:
		select {
		case r = <-inv.reply: // the process answered before it ended
		default:
			r = Result{Payload: i.exitPayload(inv.id), FunctionError: "Unhandled"}
		}
	case <-deadline.C:
		i.killProcess()
		r = Result{FunctionError: "Unhandled", Payload: errorPayload("Sandbox.Timedout", inv.id,
			fmt.Sprintf("Task timed out after %.2f seconds", i.function.Timeout.Seconds()))}
	}
	select {
	case <-i.polled:
	case <-i.exited:
	case <-deadline.C:
		i.killProcess()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current = nil
	r.LogTail = i.logTail
	return r
}

// pendingInvocation returns the current invocation of the process if its id is
// id, otherwise nil.
func (i *process) pendingInvocation(id string) *invocation {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil || i.current.id != id {
		return nil
	}
	return i.current
}

func (i *process) exitPayload(requestID string) []byte {
	msg := "Runtime exited without providing a reason"
	if i.exitError != nil {
		msg = "Runtime exited with error: " + i.exitError.Error()
	}
	return errorPayload("Runtime.ExitError", requestID, msg)
}

func (i *process) killProcess() {
	if !i.ended.Swap(true) {
		i.sendSignal(syscall.SIGKILL)
	}
}

func (i *process) freezeProcess() { i.sendSignal(syscall.SIGSTOP) }
func (i *process) thawProcess()   { i.sendSignal(syscall.SIGCONT) }

// sendSignal sends a signal to the process and the processes it started.
func (i *process) sendSignal(s syscall.Signal) {
	select {
	case <-i.exited: // another process may have this process id by now
	default:
		_ = syscall.Kill(-i.command.Process.Pid, s)
	}
}
