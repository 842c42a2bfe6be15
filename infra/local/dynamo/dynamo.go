// Package dynamo runs DynamoDB Local, Amazon's own, as a child process: for the local stack and for every test that needs a
// table. It is the real thing rather than a stand-in of ours, because conditions, transactions and streams are what the
// store rests on.
//
// It never runs with -sharedDb: each access key id is a database of its own, which keeps tests apart and a second stream
// table from slowing the first.
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

// startLimit only bounds a hang: a JVM needs two seconds, on a machine that does ten other things it needs twenty, and on
// one that does a hundred it needed more than two minutes.
const startLimit = 10 * time.Minute

// Config says where a server keeps its data. The zero value keeps it in memory.
type Config struct {
	Dir  string       // the folder of the data; empty keeps it in memory
	Port int          // empty takes a free one
	Long bool         // it will have some 100,000 requests to answer: code compiled well for that costs its first seconds
	Log  *slog.Logger // gets what the process prints, at level debug; may be nil
}

// Server is one DynamoDB Local process.
type Server struct {
	Endpoint string        // as in http://127.0.0.1:8000
	Port     int           // to start again on the same one
	Took     time.Duration // from the first step to the first request that can be answered

	process *os.Process
	done    chan struct{}
}

// errBind says that somebody else has the port.
var errBind = errors.New("the port is taken")

// Start runs a server and returns when it answers. The context bounds the start alone: the server lives until Stop, Kill or
// the end of this process, however that comes.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	begin := time.Now()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	emulator, err := install(ctx)
	if err != nil {
		return nil, fmt.Errorf("dynamodb local: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		s, err := start(ctx, emulator, cfg)
		if errors.Is(err, errBind) && cfg.Port == 0 {
			continue // lost the race for a free port
		}
		if err != nil {
			return nil, fmt.Errorf("dynamodb local: %w", err)
		}
		s.Took = time.Since(begin)
		cfg.Log.LogAttrs(ctx, slog.LevelDebug, "dynamodb local started", slog.Int("port", s.Port), slog.Duration("took", s.Took))
		return s, nil
	}
}

// Stop asks the process to end, and returns when it has.
func (s *Server) Stop() {
	_ = s.process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		s.Kill()
	}
}

// Kill ends the process as a power cut would, and returns when it has ended.
func (s *Server) Kill() {
	_ = s.process.Kill()
	<-s.done
}

// Done is closed when the process has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.done }

func start(ctx context.Context, emulator string, cfg Config) (*Server, error) {
	port := cfg.Port
	if port == 0 {
		var err error
		if port, err = freePort(); err != nil {
			return nil, err
		}
	}
	args, err := arguments(emulator, port, cfg)
	if err != nil {
		return nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("java", args...) //nolint:gosec // the arguments are ours
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = emulator, in, in, dieWithParent()
	s := &Server{Endpoint: "http://127.0.0.1:" + strconv.Itoa(port), Port: port, done: make(chan struct{})}
	err = s.run(cmd)
	_ = in.Close()
	if err != nil {
		_ = out.Close()
		return nil, err
	}

	ready := make(chan error, 1)
	go watch(out, cfg.Log, ready)
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.Kill() // a process that could not have its port hangs instead of ending
		return nil, err
	}
	return s, nil
}

// run starts the process and keeps the thread that started it: the kernel ends the child when that thread ends, not when the
// process does, and Go ends threads as it likes.
func (s *Server) run(cmd *exec.Cmd) error {
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

// arguments are those of the JVM: small, one collector thread, and quick to start unless it is to live long. Jetty's line "Started ServerConnector" is
// asked for because it is the one proof that this process, and no other, has the port.
func arguments(emulator string, port int, cfg Config) ([]string, error) {
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

// watch reads what the process prints until it ends, and says once whether it came up.
func watch(out io.ReadCloser, log *slog.Logger, ready chan<- error) {
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
		ready <- fmt.Errorf("ended before it was up: %s", strings.Join(last, " | "))
	}
	_, _ = io.Copy(io.Discard, out) // a line too long for the scanner must not block the process
}

func freePort() (int, error) {
	l, err := where.Listen() // whoever kills the server starts it again there
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
