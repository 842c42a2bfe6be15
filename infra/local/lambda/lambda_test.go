package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heard-intake/heard/infra/local/lambda"
)

// binary builds the function in testdata once and returns the path of its
// binary.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "heard-lambda")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "behave"), lambda.Build(context.Background(), "testdata", dir, []string{"behave"})
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func newManager(t *testing.T, cfg lambda.Config, f lambda.Function) *lambda.Manager {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	m, err := lambda.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	f.Name, f.Bootstrap = "behave", path
	if f.Timeout == 0 {
		f.Timeout = 30 * time.Second
	}
	if err := m.Add(f); err != nil {
		t.Fatal(err)
	}
	return m
}

func event(do, text string) []byte {
	return fmt.Appendf(nil, `{"do":%q,"text":%q}`, do, text)
}

type answer struct {
	Text, Env, RequestID, ARN, TraceID string
	PID, Count                         int
	Left                               int64
}

func invoke(t *testing.T, m *lambda.Manager, payload []byte) (lambda.Result, answer) {
	t.Helper()
	r, err := m.Invoke(t.Context(), "behave", payload)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if r.FunctionError == "" && json.Valid(r.Payload) {
		_ = json.Unmarshal(r.Payload, &a)
	}
	return r, a
}

func TestInvoke_ContextAndEnvironment(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{}, lambda.Function{
		Timeout: 20 * time.Second, MemoryMB: 256, Env: []string{"TABLE=t", "AWS_REGION=elsewhere"},
	})
	r, a := invoke(t, m, event("", "TABLE"))
	if a.RequestID != r.RequestID || a.RequestID == "" {
		t.Errorf("request id %q in the function, want %q as in the result", a.RequestID, r.RequestID)
	}
	if want := "arn:aws:lambda:eu-west-1:000000000000:function:behave"; a.ARN != want {
		t.Errorf("ARN %q, want %q", a.ARN, want)
	}
	if !strings.HasPrefix(a.TraceID, "Root=1-") {
		t.Errorf("trace id %q, want prefix Root=1-", a.TraceID)
	}
	if a.Left <= 0 || a.Left > 20_000 {
		t.Errorf("%d ms left, want 1 to 20000", a.Left)
	}
	for name, want := range map[string]string{
		"TABLE": "t", "AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_NAME": "behave", "_HANDLER": "bootstrap",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "HOME": "",
	} {
		if _, a := invoke(t, m, event("", name)); a.Env != want {
			t.Errorf("%s = %q, want %q", name, a.Env, want)
		}
	}
}

func TestInvoke_ReusesIdleProcess(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{}, lambda.Function{})
	_, first := invoke(t, m, event("", ""))
	for range 20 {
		if _, a := invoke(t, m, event("", "")); a.PID != first.PID {
			t.Fatalf("process %d, want %d again", a.PID, first.PID)
		}
	}
}

func TestInvoke_FunctionErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, payload, typ, msg string
		stays                   bool // the process continues after the failure
	}{
		{"returned error", `{"do":"error","text":"no luck"}`, "errorString", "no luck", true},
		{"panic", `{"do":"panic","text":"oh no"}`, "string", "oh no", false},
		{"exit", `{"do":"exit"}`, "Runtime.ExitError", "Runtime exited with error: exit status 3", false},
		{"timeout", `{"do":"hang"}`, "Sandbox.Timedout", "Task timed out after 1.00 seconds", false},
		{"response over 6 MB", `{"do":"big","size":7000000}`, "Function.ResponseSizeTooLarge", "6291556 bytes", false},
		{"broken stream", `{"do":"stream"}`, "errorString", "broken off", true},
		{"event of wrong type", `[]`, "UnmarshalTypeError", "cannot unmarshal", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			timeout := 30 * time.Second
			if tc.typ == "Sandbox.Timedout" {
				timeout = time.Second
			}
			m := newManager(t, lambda.Config{}, lambda.Function{Timeout: timeout})
			_, before := invoke(t, m, event("", ""))
			r, _ := invoke(t, m, []byte(tc.payload))
			var e struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal(r.Payload, &e); err != nil {
				t.Fatalf("%v in %q", err, r.Payload)
			}
			if r.FunctionError != "Unhandled" || e.ErrorType != tc.typ || !strings.Contains(e.ErrorMessage, tc.msg) {
				t.Errorf("got %s %q %q, want %q %q", r.FunctionError, e.ErrorType, e.ErrorMessage, tc.typ, tc.msg)
			}
			_, after := invoke(t, m, event("", "again"))
			if after.Text != "again" || (after.PID == before.PID) != tc.stays {
				t.Errorf("text %q of process %d after process %d, want text again, same process %v", after.Text, after.PID, before.PID, tc.stays)
			}
		})
	}
}

func TestInvoke_InitFailure(t *testing.T) {
	t.Parallel()
	logs := make(chan lambda.Line, 10)
	m := newManager(t, lambda.Config{Logs: func(l lambda.Line) { logs <- l }}, lambda.Function{Env: []string{"FAIL_INIT=1"}})
	r, _ := invoke(t, m, event("", ""))
	if r.FunctionError == "" || !bytes.Contains(r.Payload, []byte("Runtime.ExitError")) {
		t.Errorf("function error %q, payload %q, want Runtime.ExitError", r.FunctionError, r.Payload)
	}
	if l := <-logs; l.Text != "cannot start" || l.Function != "behave" {
		t.Errorf("line %+v, want \"cannot start\" of behave", l)
	}
}

func TestInvoke_Refused(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{}, lambda.Function{})
	if _, err := m.Invoke(t.Context(), "missing", nil); !errors.Is(err, lambda.ErrNotFound) {
		t.Errorf("unknown function: error %v, want ErrNotFound", err)
	}
	if _, err := m.Invoke(t.Context(), "behave", make([]byte, lambda.MaxRequest+1)); !errors.Is(err, lambda.ErrTooLarge) {
		t.Errorf("large event: error %v, want ErrTooLarge", err)
	}
	largest := append([]byte(`{"text":"`), bytes.Repeat([]byte("x"), lambda.MaxRequest-11)...)
	if r, _ := invoke(t, m, append(largest, `"}`...)); r.FunctionError == "" {
		t.Error("function error is empty for a response over the limit, want Unhandled")
	}
}

func TestInvoke_ReservedConcurrency(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{}, lambda.Function{Concurrency: 3})
	gate := filepath.Join(t.TempDir(), "gate")
	pids := make(chan int, 3)
	for range 3 {
		go func() {
			r, err := m.Invoke(context.Background(), "behave", event("wait", gate))
			var a answer
			if err == nil {
				_ = json.Unmarshal(r.Payload, &a)
			}
			pids <- a.PID
		}()
	}
	for len(m.Instances()) < 3 { // each invocation waits for the gate file in its own process
		runtime.Gosched()
	}
	if _, err := m.Invoke(t.Context(), "behave", event("", "")); !errors.Is(err, lambda.ErrThrottled) {
		t.Errorf("fourth invocation: error %v, want ErrThrottled", err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for range 3 {
		seen[<-pids] = true
	}
	if len(seen) != 3 || seen[0] {
		t.Errorf("processes %v, want 3 different ones", seen)
	}
}

func TestInvoke_WaitsForProcess(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{Processes: 2}, lambda.Function{})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if r, err := m.Invoke(context.Background(), "behave", event("", "")); err != nil || r.FunctionError != "" {
				t.Error(err, r.FunctionError)
			}
		})
	}
	wg.Wait()
	if n := len(m.Instances()); n == 0 || n > 2 {
		t.Errorf("%d processes, want 1 or 2", n)
	}
}

func TestInvoke_CallerCancels(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{}, lambda.Function{})
	_, before := invoke(t, m, event("", ""))
	gate := filepath.Join(t.TempDir(), "gate")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Invoke(ctx, "behave", event("wait", gate)); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want context.Canceled", err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for m.Instances()[0].Invocations < 2 {
		runtime.Gosched()
	}
	for _, i := range m.Instances() {
		if i.PID == before.PID {
			return
		}
	}
	t.Errorf("process %d has ended, want it to run", before.PID)
}

func TestKill(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{}, lambda.Function{})
	_, before := invoke(t, m, event("", ""))
	if name := m.KillAny(); name != "behave" {
		t.Errorf("KillAny = %q, want behave", name)
	}
	_, after := invoke(t, m, event("", ""))
	if after.PID == before.PID || after.PID == 0 {
		t.Errorf("process %d after the kill of %d, want another one", after.PID, before.PID)
	}

	done := make(chan lambda.Result)
	go func() {
		r, _ := m.Invoke(context.Background(), "behave", event("hang", ""))
		done <- r
	}()
	for m.Instances()[0].Invocations < 2 {
		runtime.Gosched()
	}
	if n := m.Kill("behave"); n != 1 {
		t.Errorf("Kill = %d, want 1", n)
	}
	if r := <-done; !bytes.Contains(r.Payload, []byte("signal: killed")) {
		t.Errorf("payload %q, want signal: killed", r.Payload)
	}
	if name := m.KillAny(); name != "" {
		t.Errorf("KillAny = %q without processes, want an empty name", name)
	}
}

func TestFreeze_StopsIdleProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the state of a process is read from /proc")
	}
	m := newManager(t, lambda.Config{Freeze: true}, lambda.Function{})
	for range 3 {
		_, a := invoke(t, m, event("tick", filepath.Join(t.TempDir(), "ticks")))
		for {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.PID))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Fields(string(stat))[2] == "T" {
				break // stopped
			}
			runtime.Gosched()
		}
	}
}

func TestLogs_Lines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	lines := make(chan string, 10)
	m := newManager(t, lambda.Config{Output: &out, Logs: func(l lambda.Line) { lines <- l.Text }}, lambda.Function{})
	invoke(t, m, event("log", "one"))
	if got := []string{<-lines, <-lines}; got[0] != "one" || got[1] != "no newline, then exit" {
		t.Errorf("lines %q, want \"one\" and \"no newline, then exit\"", got)
	}
	if !strings.HasPrefix(out.String(), "behave | one\n") {
		t.Errorf("output %q, want prefix \"behave | one\"", out.String())
	}
}

func TestInvokeAsync_RetriesThenFails(t *testing.T) {
	t.Parallel()
	failures := make(chan lambda.Failure, 1)
	m := newManager(t, lambda.Config{
		Backoff:   time.Millisecond,
		OnFailure: func(f lambda.Failure) { failures <- f },
	}, lambda.Function{Retries: 2})
	id, err := m.InvokeAsync("behave", event("error", "no luck"))
	if err != nil {
		t.Fatal(err)
	}
	f := <-failures
	if f.RequestID != id || f.Attempts != 3 || f.Function != "behave" {
		t.Errorf("failure %+v, want request %s of behave after 3 attempts", f, id)
	}
	var record struct {
		RequestContext  struct{ Condition string }
		RequestPayload  struct{ Text string }
		ResponsePayload struct{ ErrorMessage string }
	}
	if err := json.Unmarshal(f.Record(), &record); err != nil {
		t.Fatal(err)
	}
	if record.RequestContext.Condition != "RetriesExhausted" || record.RequestPayload.Text != "no luck" ||
		record.ResponsePayload.ErrorMessage != "no luck" {
		t.Errorf("record %s, want condition RetriesExhausted and text \"no luck\" in both payloads", f.Record())
	}
}

func TestInstances(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("figures come from /proc")
	}
	m := newManager(t, lambda.Config{}, lambda.Function{})
	_, a := invoke(t, m, event("", ""))
	all := m.Instances()
	if len(all) != 1 {
		t.Fatalf("%d processes, want 1", len(all))
	}
	if i := all[0]; i.PID != a.PID || i.Init <= 0 || i.CPU <= 0 || i.MaxRSS < 1<<20 || i.Invocations != 1 {
		t.Errorf("instance %+v, want process %d with one invocation and all values set", i, a.PID)
	}
}

func TestClose_EndsProcesses(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{Freeze: true}, lambda.Function{})
	_, a := invoke(t, m, event("", ""))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(a.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal to the process: error %v, want ESRCH", err)
	}
	if _, err := m.Invoke(t.Context(), "behave", nil); !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

func TestServeHTTP_Invoke(t *testing.T) {
	t.Parallel()
	m := newManager(t, lambda.Config{}, lambda.Function{})
	for _, tc := range []struct {
		name, function, typ, body string
		status                    int
		header, value             string
		contains                  string
	}{
		{"response", "behave", "", `{"text":"hello"}`, 200, "X-Amz-Executed-Version", "$LATEST", `"text":"hello"`},
		{"ARN with qualifier", "arn:aws:lambda:eu-west-1:000000000000:function:behave:live", "", `{"text":"hello"}`,
			200, "", "", `"text":"hello"`},
		{"empty event", "behave", "RequestResponse", "", 200, "", "", `"text":""`},
		{"function error", "behave", "", `{"do":"error","text":"x"}`, 200, "X-Amz-Function-Error", "Unhandled", `"x"`},
		{"asynchronous", "behave", "Event", `{}`, 202, "", "", ""},
		{"unknown function", "missing", "", `{}`, 404, "X-Amzn-Errortype", "ResourceNotFoundException", "missing"},
		{"unknown invocation type", "behave", "DryRun", `{}`, 400, "X-Amzn-Errortype", "InvalidParameterValueException", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest(http.MethodPost, "/2015-03-31/functions/"+tc.function+"/invocations", strings.NewReader(tc.body))
			req.Header.Set("X-Amz-Invocation-Type", tc.typ)
			rec := httptest.NewRecorder()
			m.ServeHTTP(rec, req)
			if rec.Code != tc.status || (tc.header != "" && rec.Header().Get(tc.header) != tc.value) ||
				!strings.Contains(rec.Body.String(), tc.contains) {
				t.Errorf("got %d %v %s, want %d %s: %s and body with %s", rec.Code, rec.Header(), rec.Body, tc.status, tc.header, tc.value, tc.contains)
			}
		})
	}
}

func TestBuild_MissingFunction(t *testing.T) {
	t.Parallel()
	err := lambda.Build(t.Context(), "testdata", t.TempDir(), []string{"missing"})
	if err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("error %v, want one that names the function", err)
	}
}

func TestServeHTTP_AWSCLI(t *testing.T) {
	t.Parallel()
	cli, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	m := newManager(t, lambda.Config{}, lambda.Function{})
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	out, in := filepath.Join(t.TempDir(), "out.json"), filepath.Join(t.TempDir(), "in.json")
	if err := os.WriteFile(in, event("", "hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), cli, "lambda", "invoke", "--endpoint-url", server.URL, "--region", "eu-west-1",
		"--function-name", "behave", "--payload", "fileb://"+in, out)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(got, []byte(`"text":"hello"`)) {
		t.Errorf("response %s, want text hello", got)
	}
}

// TestManager_ParentKilled starts this test binary again as a runner of a
// function, and kills the runner with SIGKILL, which it cannot handle.
func TestManager_ParentKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux kills the processes of a dead parent")
	}
	if os.Getenv("LAMBDA_TEST_RUNNER") != "" {
		m := newManager(t, lambda.Config{}, lambda.Function{})
		_, a := invoke(t, m, event("", ""))
		fmt.Println("process", a.PID)
		select {}
	}
	if _, err := binary(); err != nil { // fills the build cache for the runner
		t.Fatal(err)
	}
	dir := t.TempDir() // the killed runner cannot remove its temporary folder
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestManager_ParentKilled$")
	cmd.Env = append(os.Environ(), "LAMBDA_TEST_RUNNER=1", "TMPDIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanf(out, "process %d\n", &pid); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for syscall.Kill(pid, 0) == nil && !isZombie(pid) {
		runtime.Gosched()
	}
}

// isZombie reports whether a process has ended and waits to be collected, or does not exist.
func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func BenchmarkInvoke(b *testing.B) {
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	m, err := lambda.New(lambda.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = m.Close() })
	if err := m.Add(lambda.Function{Name: "behave", Bootstrap: path, Env: []string{"GOMAXPROCS=1"}}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := m.Invoke(b.Context(), "behave", event("", "")); err != nil {
			b.Fatal(err)
		}
	}
	all := m.Instances()
	b.ReportMetric(float64(all[0].Init.Microseconds()), "init-µs")
	b.ReportMetric(float64(all[0].CPU.Microseconds())/float64(all[0].Invocations), "cpu-µs/op")
}
