// Package lambda runs Lambda functions on this machine: it starts the very
// binaries that go to AWS as processes and drives them over the Lambda
// Runtime API, one process for each invocation at a time.
//
// It keeps what a function can feel: the deadline and the kill at it, the
// caps on payloads, a process that lives on between invocations (frozen, if
// asked), and failures in the shape AWS reports them. It does not limit
// memory or processor time.
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

// What Lambda accepts and gives back, in bytes.
const (
	MaxRequest  = 6 << 20
	MaxResponse = 6<<20 + 100
)

// initTimeout is what Lambda gives a function to ask for its first event. One
// that took longer is begun again by Lambda, with the time of an invocation;
// here it goes on for as long instead.
const initTimeout = 10 * time.Second

// Errors of an invocation that never reached the function.
var (
	ErrNotFound  = errors.New("function not found")
	ErrThrottled = errors.New("rate exceeded: all of the function's reserved concurrency is in use")
	ErrTooLarge  = fmt.Errorf("the event is larger than %d bytes", MaxRequest)
	ErrClosed    = errors.New("the local Lambda is shutting down")
)

// A Function is one function to run.
type Function struct {
	Name      string
	ARN       string // absent, made of region, account and name
	Bootstrap string // the path of the binary
	Handler   string // only passed on, as _HANDLER
	Env       []string
	Timeout   time.Duration
	MemoryMB  int // only passed on
	// Concurrency is the reserved concurrency: beyond it an invocation is
	// throttled. Without it, invocations beyond Config.Processes wait.
	Concurrency int
	Retries     int // of an asynchronous invocation
}

// Config is how functions run.
type Config struct {
	Region    string
	AccountID string
	Processes int        // most processes of a function, default 10
	Output    io.Writer  // gets the functions' lines, each behind its function's name
	Logs      func(Line) // is called for every line, by many goroutines
	Freeze    bool       // stop a process between its invocations, as Lambda does
	// Backoff is the wait before the first asynchronous retry, and half of the
	// wait before the second. On AWS it is a minute; the default is a second.
	Backoff   time.Duration
	OnFailure func(Failure) // told of an asynchronous invocation given up on
}

// A Line is one line that a function wrote.
type Line struct {
	Function string
	Instance string
	Text     string
}

// A Result is the outcome of an invocation that reached the function.
type Result struct {
	RequestID     string
	Payload       []byte // of the response or, with FunctionError, the error
	FunctionError string // "Unhandled", or empty
	LogTail       []byte // the last 4 KB that the function wrote meanwhile
}

// A Manager runs functions. Its Close ends every process.
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
	slots chan struct{} // one for each invocation that may run
	idle  []*process
}

// New starts a manager without functions.
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

// Add makes a function known. It starts with its first invocation.
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
		return fmt.Errorf("add function %s: it is there already", f.Name)
	}
	m.functions[f.Name] = &function{
		Function: f,
		slots:    make(chan struct{}, cmp.Or(f.Concurrency, m.cfg.Processes)),
	}
	return nil
}

// Invoke calls a function and waits for its answer. An error means that the
// function was not reached; that the function failed is in the result. When
// ctx ends first the function still runs to its end, as on AWS.
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

// run gives an event to an idle process, or to a new one.
func (m *Manager) runInvocation(fn *function, requestID string, payload []byte) (Result, error) {
	for {
		inst, failure, err := m.takeProcess(fn, requestID)
		if err != nil || failure != nil {
			return Result{RequestID: requestID, Payload: failure, FunctionError: functionErrorOf(failure)}, err
		}
		inv := newInvocation(requestID, payload)
		if !inst.deliverInvocation(inv) {
			continue // it died while idle, which is no fault of this event
		}
		r := inst.awaitResult(inv)
		r.RequestID = requestID
		m.releaseProcess(inst)
		return r, nil
	}
}

// take gives an idle process, or starts one; failure is what a function that
// cannot start reports.
func (m *Manager) takeProcess(fn *function, requestID string) (inst *process, failure []byte, err error) {
	m.mu.Lock()
	for len(fn.idle) > 0 {
		inst, fn.idle = fn.idle[len(fn.idle)-1], fn.idle[:len(fn.idle)-1]
		if !inst.ended.Load() {
			m.mu.Unlock()
			return inst, nil, nil
		}
	}
	m.mu.Unlock()
	inst, err = m.startProcess(fn)
	if errors.Is(err, ErrClosed) {
		return nil, nil, err
	}
	if err != nil {
		return nil, errorPayload("Runtime.InvalidEntrypoint", requestID, err.Error()), nil
	}
	return inst, inst.awaitInit(requestID), nil
}

func (m *Manager) releaseProcess(inst *process) {
	if inst.ended.Load() {
		return
	}
	if m.cfg.Freeze {
		inst.freezeProcess()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	inst.function.idle = append(inst.function.idle, inst)
}

// Kill kills every process of a function, and says how many there were.
func (m *Manager) Kill(name string) int {
	n := 0
	for _, inst := range m.runningProcesses() {
		if inst.function.Name == name {
			inst.killProcess()
			n++
		}
	}
	return n
}

// KillAny kills one process at random, and names its function; it is empty
// when nothing runs.
func (m *Manager) KillAny() (name string) {
	all := m.runningProcesses()
	if len(all) == 0 {
		return ""
	}
	inst := all[rand.IntN(len(all))] //nolint:gosec // chaos needs no secret
	inst.killProcess()
	return inst.function.Name
}

func (m *Manager) runningProcesses() []*process {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*process
	for _, inst := range m.processes {
		if !inst.ended.Load() {
			out = append(out, inst)
		}
	}
	slices.SortFunc(out, func(a, b *process) int { return cmp.Compare(a.id, b.id) })
	return out
}

// Close ends every process and waits until all is quiet. What runs is cut
// off, as by a kill.
func (m *Manager) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.cancel()
	for _, inst := range m.runningProcesses() {
		inst.killProcess()
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

// errorPayload is what AWS gives as the payload of a failure that the
// function did not report itself.
func errorPayload(typ, requestID, msg string) []byte {
	out, err := json.Marshal(map[string]string{
		"errorType":    typ,
		"errorMessage": fmt.Sprintf("RequestId: %s Error: %s", requestID, msg),
	})
	if err != nil {
		panic(err) // texts only
	}
	return out
}
