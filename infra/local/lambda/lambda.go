// Package lambda runs Lambda functions on the local machine. It starts the same
// binaries that run on AWS as processes, and serves them the Lambda Runtime
// API. A process handles one invocation at a time.
//
// The package reproduces the behavior that a function can observe: deadlines
// and the kill at the deadline, payload limits, processes that are reused (and
// optionally frozen between invocations), and errors in the form that AWS
// reports. It does not limit memory or CPU time.
//
// An invocation that fails before the function runs returns an error. A
// function that runs and fails returns a [Result] with FunctionError set.
package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Largest request and response of a synchronous invocation, in bytes.
const (
	MaxRequest  = 6 << 20
	MaxResponse = 6<<20 + 100
)

// initTimeout is the time that a function has to ask for its first event. AWS
// restarts a slower function and then gives it the invocation timeout. This
// package does not restart it: the limit here is initTimeout plus the
// invocation timeout.
const initTimeout = 10 * time.Second

// Errors of an invocation that did not reach the function.
var (
	ErrNotFound  = errors.New("function not found")
	ErrThrottled = errors.New("rate exceeded: all of the function's reserved concurrency is in use")
	ErrTooLarge  = fmt.Errorf("the event is larger than %d bytes", MaxRequest)
	ErrClosed    = errors.New("the local Lambda is shutting down")
)

// A Function is the configuration of one function.
type Function struct {
	Name      string
	ARN       string // default: built from region, account and name
	Bootstrap string // path of the binary
	Handler   string // passed to the function as _HANDLER; default bootstrap
	Env       []string
	Timeout   time.Duration // default 3 s
	MemoryMB  int           // passed to the function; not enforced; default 128
	// Concurrency is the reserved concurrency. Invocations above it fail with
	// ErrThrottled. If it is 0, invocations above Config.Processes wait.
	Concurrency int
	Retries     int // retries of a failed asynchronous invocation
}

// Config configures a [Manager].
type Config struct {
	Region    string
	AccountID string
	Processes int        // most processes per function; default 10
	Output    io.Writer  // receives the functions' log lines, as "name | line"
	Logs      func(Line) // called for every log line, from several goroutines
	Freeze    bool       // stop a process between invocations, like AWS
	// Backoff is the wait before the first asynchronous retry. It doubles for
	// each further retry. The default is 1 s; AWS waits 1 minute.
	Backoff   time.Duration
	OnFailure func(Failure) // called after the last attempt of an asynchronous invocation fails
}

// A Line is one log line of a function.
type Line struct {
	Function string
	Instance string
	Text     string
}

// A Result is the outcome of an invocation that reached the function.
type Result struct {
	RequestID     string
	Payload       []byte // the response, or the error if FunctionError is set
	FunctionError string // "Unhandled" if the function failed, otherwise empty
	LogTail       []byte // last 4 KB that the function logged during the invocation
}

// A Manager runs functions. Close ends all their processes. Its methods are
// safe for concurrent use.
type Manager struct {
	cfg      Config
	listener net.Listener
	server   *http.Server
	api      *http.ServeMux
	spawn    chan func()
	ctx      context.Context
	cancel   context.CancelFunc
	async    sync.WaitGroup
	procs    sync.WaitGroup

	mu        sync.Mutex
	functions map[string]*function
	processes map[string]*process // by id
	closed    bool
	output    sync.Mutex
}

type function struct {
	Function
	slots chan struct{} // holds one element per running invocation
	idle  []*process
}

// New returns a manager without functions. The caller must call Close.
func New(cfg Config) (*Manager, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Runtime API: %w", err)
	}
	cfg.Region = cmp.Or(cfg.Region, "eu-west-1")
	cfg.AccountID = cmp.Or(cfg.AccountID, "000000000000")
	cfg.Processes = cmp.Or(cfg.Processes, 10)
	cfg.Backoff = cmp.Or(cfg.Backoff, time.Second)
	m := &Manager{
		cfg:       cfg,
		listener:  l,
		spawn:     make(chan func()),
		functions: map[string]*function{},
		processes: map[string]*process{},
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.server = &http.Server{Handler: m.newRuntimeAPI(), ReadHeaderTimeout: 10 * time.Second}
	m.api = http.NewServeMux()
	m.api.HandleFunc("POST /2015-03-31/functions/{name}/invocations", m.serveInvoke)
	go func() { _ = m.server.Serve(l) }()
	go m.runSpawner()
	return m, nil
}

// Add registers a function. Its first process starts with its first invocation.
// The binary must exist, and the name must be new.
func (m *Manager) Add(f Function) error {
	if _, err := os.Stat(f.Bootstrap); err != nil {
		return fmt.Errorf("add function %s: %w", f.Name, err)
	}
	f.ARN = cmp.Or(f.ARN, fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", m.cfg.Region, m.cfg.AccountID, f.Name))
	f.Handler = cmp.Or(f.Handler, "bootstrap")
	f.Timeout = cmp.Or(f.Timeout, 3*time.Second)
	f.MemoryMB = cmp.Or(f.MemoryMB, 128)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.functions[f.Name] != nil {
		return fmt.Errorf("add function %s: a function with this name exists already", f.Name)
	}
	m.functions[f.Name] = &function{
		Function: f,
		slots:    make(chan struct{}, cmp.Or(f.Concurrency, m.cfg.Processes)),
	}
	return nil
}

// Invoke invokes a function and waits for its answer. An error means that the
// function did not run; a function that ran and failed is reported in the
// result. If ctx ends first, Invoke returns its error and the function runs to
// its end, as on AWS.
func (m *Manager) Invoke(ctx context.Context, name string, payload []byte) (Result, error) {
	return m.invokeWithID(ctx, name, uuid.NewString(), payload)
}

func (m *Manager) invokeWithID(ctx context.Context, name, requestID string, payload []byte) (Result, error) {
	if len(payload) > MaxRequest {
		return Result{}, ErrTooLarge
	}
	m.mu.Lock()
	fn := m.functions[name]
	m.mu.Unlock()
	if fn == nil {
		return Result{}, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	if err := m.acquireSlot(ctx, fn); err != nil {
		return Result{}, err
	}
	type outcome struct {
		Result
		error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-fn.slots }()
		r, err := m.runInvocation(fn, requestID, payload)
		done <- outcome{r, err}
	}()
	select {
	case o := <-done:
		return o.Result, o.error
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

func (m *Manager) acquireSlot(ctx context.Context, fn *function) error {
	select {
	case fn.slots <- struct{}{}:
		return nil
	default:
	}
	if fn.Concurrency > 0 {
		return ErrThrottled
	}
	select {
	case fn.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-m.ctx.Done():
		return ErrClosed
	}
}

// runInvocation delivers an event to an idle process or to a new one, and
// returns the result.
func (m *Manager) runInvocation(fn *function, requestID string, payload []byte) (Result, error) {
	for {
		proc, failure, err := m.takeProcess(fn, requestID)
		if err != nil || failure != nil {
			return Result{RequestID: requestID, Payload: failure, FunctionError: functionErrorOf(failure)}, err
		}
		inv := newInvocation(requestID, payload)
		if !proc.deliverInvocation(inv) {
			continue // the process died while idle; the event was not delivered
		}
		r := proc.awaitResult(inv)
		r.RequestID = requestID
		m.releaseProcess(proc)
		return r, nil
	}
}

// takeProcess returns an idle process or starts one. failure is the error
// payload of a function that cannot start.
func (m *Manager) takeProcess(fn *function, requestID string) (proc *process, failure []byte, err error) {
	m.mu.Lock()
	for len(fn.idle) > 0 {
		last := len(fn.idle) - 1
		proc = fn.idle[last]
		fn.idle = fn.idle[:last]
		if !proc.ended.Load() {
			m.mu.Unlock()
			return proc, nil, nil
		}
	}
	m.mu.Unlock()
	proc, err = m.startProcess(fn)
	if errors.Is(err, ErrClosed) {
		return nil, nil, err
	}
	if err != nil {
		return nil, errorPayload("Runtime.InvalidEntrypoint", requestID, err.Error()), nil
	}
	return proc, proc.awaitInit(requestID), nil
}

func (m *Manager) releaseProcess(proc *process) {
	if proc.ended.Load() {
		return
	}
	if m.cfg.Freeze {
		proc.freezeProcess()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	proc.function.idle = append(proc.function.idle, proc)
}

// Kill kills all processes of a function and returns their number.
func (m *Manager) Kill(name string) int {
	n := 0
	for _, proc := range m.runningProcesses() {
		if proc.function.Name == name {
			proc.killProcess()
			n++
		}
	}
	return n
}

// KillAny kills a random process and returns the name of its function. The name
// is empty if no process runs.
func (m *Manager) KillAny() (name string) {
	all := m.runningProcesses()
	if len(all) == 0 {
		return ""
	}
	proc := all[rand.IntN(len(all))] //nolint:gosec // chaos needs no secret
	proc.killProcess()
	return proc.function.Name
}

// runningProcesses returns the processes that have not ended, sorted by id.
func (m *Manager) runningProcesses() []*process {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*process
	for _, proc := range m.processes {
		if !proc.ended.Load() {
			out = append(out, proc)
		}
	}
	slices.SortFunc(out, func(a, b *process) int { return cmp.Compare(a.id, b.id) })
	return out
}

// Close kills all processes, also during invocations, and waits until they have
// ended.
func (m *Manager) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.cancel()
	for _, proc := range m.runningProcesses() {
		proc.killProcess()
	}
	m.procs.Wait()
	m.async.Wait()
	return m.server.Close()
}

func functionErrorOf(payload []byte) string {
	if payload == nil {
		return ""
	}
	return "Unhandled"
}

// errorPayload returns the payload that AWS gives to a failure that the
// function did not report itself.
func errorPayload(typ, requestID, msg string) []byte {
	out, err := json.Marshal(map[string]string{
		"errorType":    typ,
		"errorMessage": fmt.Sprintf("RequestId: %s Error: %s", requestID, msg),
	})
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return out
}
