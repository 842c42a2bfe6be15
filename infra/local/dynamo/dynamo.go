// Package dynamo runs Amazon's DynamoDB Local as a child process, for the local stack and for every test that needs a
// table. The store depends on conditions, transactions and streams, so we test it against Amazon's own implementation.
//
// The server never runs with -sharedDb: each access key id has its own database. That isolates tests from each other, and a
// second table with a stream does not slow down the first.
package dynamo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/heard-intake/heard/infra/local/where"
)

// startLimit only bounds a hang. The JVM starts in two seconds on an idle machine; on a heavily loaded one it took more than
// two minutes.
const startLimit = 10 * time.Minute

// Config configures a server. The zero value keeps the data in memory and picks a free port.
type Config struct {
	Dir  string       // the data folder; empty keeps the data in memory
	Port int          // 0 picks a free port
	Long bool         // use the optimizing JIT compiler: slower to start, faster for some 100,000 requests
	Log  *slog.Logger // receives the output of the process at level debug; may be nil
}

// Server is one DynamoDB Local process.
type Server struct {
	Endpoint string        // for example http://127.0.0.1:8000
	Port     int           // pass it in Config to restart on the same port
	Took     time.Duration // from the call of Start until the server accepted requests

	process *os.Process
	done    chan struct{}
}

// errBind reports that another process uses the port.
var errBind = errors.New("the port is in use: choose another")

// Start starts a server and returns when it accepts requests. The context bounds the start only. The server runs until Stop
// or Kill; on Linux it also ends when this process ends, even by SIGKILL.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	begin := time.Now()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	emulator, err := installEmulator(ctx)
	if err != nil {
		return nil, fmt.Errorf("dynamodb local: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		s, err := startOnPort(ctx, emulator, cfg)
		if errors.Is(err, errBind) && cfg.Port == 0 {
			continue // another process took the free port first
		}
		if err != nil {
			return nil, fmt.Errorf("dynamodb local: %w", err)
		}
		s.Took = time.Since(begin)
		cfg.Log.LogAttrs(ctx, slog.LevelDebug, "dynamodb local started", slog.Int("port", s.Port), slog.Duration("took", s.Took))
		return s, nil
	}
}

// Stop sends SIGTERM and returns when the process has ended. After 10 seconds it kills the process.
func (s *Server) Stop() {
	_ = s.process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		s.Kill()
	}
}

// Kill sends SIGKILL and returns when the process has ended.
func (s *Server) Kill() {
	_ = s.process.Kill()
	<-s.done
}

// Done returns a channel that is closed when the process has ended, for any reason.
func (s *Server) Done() <-chan struct{} { return s.done }

// startOnPort starts a server on the configured port, or on one free port. It returns errBind if the port is in use.
func startOnPort(ctx context.Context, emulator string, cfg Config) (*Server, error) {
	port := cfg.Port
	if port == 0 {
		var err error
		if port, err = findFreePort(); err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
	}
	args, err := jvmArguments(emulator, port, cfg)
	if err != nil {
		return nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe for its output: %w", err)
	}
	cmd := exec.Command("java", args...) //nolint:gosec // the arguments are ours
	cmd.Dir = emulator
	cmd.Stdout = in
	cmd.Stderr = in
	cmd.SysProcAttr = dieWithParent()
	s := &Server{Endpoint: "http://127.0.0.1:" + strconv.Itoa(port), Port: port, done: make(chan struct{})}
	err = s.startProcess(cmd)
	_ = in.Close()
	if err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("start java: %w", err)
	}

	ready := make(chan error, 1)
	go watchOutput(out, cfg.Log, ready)
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = fmt.Errorf("wait until it accepts requests: %w", ctx.Err())
	}
	if err != nil {
		s.Kill() // a process that cannot bind its port hangs instead of ending
		return nil, err
	}
	return s, nil
}

// startProcess starts the process from a locked OS thread. The kernel kills the child (Pdeathsig) when the thread that started
// it ends, and Go may end an unlocked thread at any time.
func (s *Server) startProcess(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		s.process = cmd.Process
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait()
		close(s.done)
	}()
	return <-started
}

// jvmArguments returns the command line of the JVM: a small heap, one collector thread, and a quick start unless cfg.Long is
// set. Jetty logs at INFO because its line "Started ServerConnector" proves that this process bound the port.
func jvmArguments(emulator string, port int, cfg Config) ([]string, error) {
	compile := "-XX:TieredStopAtLevel=1"
	if cfg.Long {
		compile = "-XX:+TieredCompilation"
	}
	args := []string{
		"-Xmx512m", "-XX:+UseSerialGC", compile, "-XX:-UsePerfData",
		"-Dorg.eclipse.jetty.server.LEVEL=INFO",
		"-Djava.library.path=" + filepath.Join(emulator, "DynamoDBLocal_lib"),
		"-jar", filepath.Join(emulator, "DynamoDBLocal.jar"),
		"-disableTelemetry", "-port", strconv.Itoa(port),
	}
	if cfg.Dir == "" {
		return append(args, "-inMemory"), nil
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return append(args, "-dbPath", dir), nil
}

// watchOutput logs the output of the process until it ends. It sends once on ready: nil when the server accepts requests, or
// the reason why it does not.
func watchOutput(out io.ReadCloser, log *slog.Logger, ready chan<- error) {
	defer func() { _ = out.Close() }()
	var last []string
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		log.LogAttrs(context.Background(), slog.LevelDebug, "dynamodb local", slog.String("line", line))
		switch {
		case ready == nil:
		case strings.Contains(line, "Started ServerConnector"):
			ready <- nil
			ready = nil
		case strings.Contains(line, "Failed to bind"):
			ready <- errBind
			ready = nil
		default:
			last = append(last, line)
		}
	}
	if ready != nil {
		ready <- fmt.Errorf("process ended before it accepted requests: %s", strings.Join(last, " | "))
	}
	_, _ = io.Copy(io.Discard, out) // the scanner stops at a line that is too long, and a full pipe would block the process
}

func findFreePort() (int, error) {
	l, err := where.Listen() // a port that stays free, so that a test can restart the server on it
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
