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
	proc := &process{
		manager:     m,
		function:    fn,
		id:          rand.Text()[:12],
		invocations: make(chan *invocation),
		polled:      make(chan struct{}, 1),
		initErrors:  make(chan []byte, 1),
		exited:      make(chan struct{}),
	}
	out := &lineWriter{write: proc.writeLogLine}
	proc.command = proc.newCommand(out)
	result := make(chan error, 1)
	select {
	case m.spawn <- func() { result <- m.registerProcess(proc) }:
	case <-m.ctx.Done():
		return nil, ErrClosed
	}
	if err := <-result; err != nil {
		return nil, err
	}
	go func() {
		err := proc.command.Wait()
		out.flushLine()
		proc.markExited(err)
	}()
	return proc, nil
}

// registerProcess starts the process and adds it to the running ones in one
// step under the lock. The process is therefore known before its first request,
// and Close either kills it or prevents its start.
func (m *Manager) registerProcess(proc *process) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	proc.started = time.Now()
	if err := proc.command.Start(); err != nil {
		return err
	}
	m.processes[proc.id] = proc
	m.procs.Add(1)
	return nil
}

func (p *process) markExited(err error) {
	p.ended.Store(true)
	p.exitError = err
	close(p.exited)
	p.manager.mu.Lock()
	delete(p.manager.processes, p.id)
	p.manager.mu.Unlock()
	p.manager.procs.Done()
}

func (p *process) newCommand(out io.Writer) *exec.Cmd {
	f := p.function.Function
	root := filepath.Dir(f.Bootstrap)
	cmd := exec.Command(f.Bootstrap) //nolint:gosec // running the functions is what this is for
	cmd.Dir = root
	cmd.SysProcAttr = processAttributes()
	cmd.WaitDelay = time.Second
	cmd.Stdout = out
	cmd.Stderr = out
	cmd.Env = append([]string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=en_US.UTF-8", "TZ=:UTC"}, f.Env...)
	cmd.Env = append(cmd.Env, // last, so that they override the function's own
		"AWS_LAMBDA_RUNTIME_API="+p.manager.listener.Addr().String()+"/"+f.Name+"/"+p.id,
		"AWS_LAMBDA_FUNCTION_NAME="+f.Name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/"+f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=local/"+p.id,
		"AWS_REGION="+p.manager.cfg.Region,
		"AWS_DEFAULT_REGION="+p.manager.cfg.Region,
		"LAMBDA_TASK_ROOT="+root,
		"_HANDLER="+f.Handler,
	)
	return cmd
}

// awaitInit waits until the process asks for its first event. If the process
// fails, ends or takes too long, awaitInit returns the error payload.
func (p *process) awaitInit(requestID string) (failure []byte) {
	limit := initTimeout + p.function.Timeout
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-p.polled:
		p.mu.Lock()
		p.initTime = time.Since(p.started)
		p.mu.Unlock()
		return nil
	case failure = <-p.initErrors:
		p.killProcess()
		return failure
	case <-p.exited:
		select {
		case failure = <-p.initErrors:
			return failure
		default:
			return p.exitPayload(requestID)
		}
	case <-timeout.C:
		p.killProcess()
		return errorPayload("Sandbox.Timedout", requestID,
			fmt.Sprintf("Function initialization timed out after %.2f seconds", limit.Seconds()))
	}
}

// deliverInvocation gives the process an event. It returns false if the process
// ended before it took the event.
func (p *process) deliverInvocation(inv *invocation) bool {
	inv.deadline = time.Now().Add(p.function.Timeout)
	p.mu.Lock()
	p.current = inv
	p.logTail = nil
	p.invocationCount++
	p.mu.Unlock()
	select {
	case <-p.polled: // discard a repeated request for the next event
	default:
	}
	if p.manager.cfg.Freeze {
		p.thawProcess()
	}
	select {
	case p.invocations <- inv:
		return true
	case <-p.exited:
		return false
	}
}

// awaitResult waits for the answer, and then until the process asks for its
// next event, because only then is it idle. The process is killed at the
// deadline.
func (p *process) awaitResult(inv *invocation) Result {
	deadline := time.NewTimer(time.Until(inv.deadline))
	defer deadline.Stop()
	var r Result
	select {
	case r = <-inv.reply:
	case <-p.exited:
		select {
		case r = <-inv.reply: // the process answered before it ended
		default:
			r = Result{Payload: p.exitPayload(inv.id), FunctionError: "Unhandled"}
		}
	case <-deadline.C:
		p.killProcess()
		r = Result{FunctionError: "Unhandled", Payload: errorPayload("Sandbox.Timedout", inv.id,
			fmt.Sprintf("Task timed out after %.2f seconds", p.function.Timeout.Seconds()))}
	}
	select {
	case <-p.polled:
	case <-p.exited:
	case <-deadline.C:
		p.killProcess()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = nil
	r.LogTail = p.logTail
	return r
}

// pendingInvocation returns the current invocation of the process if its id is
// id, otherwise nil.
func (p *process) pendingInvocation(id string) *invocation {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.id != id {
		return nil
	}
	return p.current
}

func (p *process) exitPayload(requestID string) []byte {
	msg := "Runtime exited without providing a reason"
	if p.exitError != nil {
		msg = "Runtime exited with error: " + p.exitError.Error()
	}
	return errorPayload("Runtime.ExitError", requestID, msg)
}

func (p *process) killProcess() {
	if !p.ended.Swap(true) {
		p.sendSignal(syscall.SIGKILL)
	}
}

func (p *process) freezeProcess() { p.sendSignal(syscall.SIGSTOP) }
func (p *process) thawProcess()   { p.sendSignal(syscall.SIGCONT) }

// sendSignal sends a signal to the process and the processes it started.
func (p *process) sendSignal(s syscall.Signal) {
	select {
	case <-p.exited: // another process may have this process id by now
	default:
		_ = syscall.Kill(-p.command.Process.Pid, s)
	}
}
