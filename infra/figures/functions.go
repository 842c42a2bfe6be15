package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/webhook"
	"github.com/heard-intake/heard/test/traffic"
)

// How often is measured: an odd number of cold starts, of which the middle one
// counts.
const (
	coldStarts  = 15
	warmUp      = 100
	warmInvokes = 500
)

// functions measures the functions of the template as processes: their starts
// beside that of a function that does nothing, their memory, and what a warm
// WhatsApp webhook costs beside one that does the least it can.
func functions(ctx context.Context, r run) error {
	s, err := stack.Start(ctx, stack.Config{Root: r.root, Memory: true})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := s.Tick(ctx, time.Now()); err != nil { // as it is from a stack's first minute on: with a taxonomy published
		return err
	}
	bench, err := newBench(ctx, r, s)
	if err != nil {
		return err
	}
	defer bench.close()
	if err := bench.cold(ctx, r); err != nil {
		return err
	}
	if err := bench.warm(ctx, r); err != nil {
		return err
	}
	if err := bench.heavy(ctx, r); err != nil {
		return err
	}
	return bench.largest(ctx, r, s)
}

// A bench runs functions beside a stack, which gives them their table, queues
// and secrets.
type bench struct {
	manager *lambda.Manager
	waits   *waits
	names   []string          // of the functions of the template
	secrets map[string]string // that sign webhooks, by function
	dir     string
}

func newBench(ctx context.Context, r run, s *stack.Stack) (*bench, error) {
	b := &bench{waits: &waits{}, secrets: map[string]string{}}
	var err error
	if b.dir, err = os.MkdirTemp("", "heard-figures-"); err != nil {
		return nil, err
	}
	if b.manager, err = lambda.New(lambda.Config{Processes: 1}); err != nil {
		return nil, err
	}
	for _, name := range []string{"whatsapp", "messenger"} {
		values, err := s.Secret(ctx, name)
		if err != nil {
			return nil, err
		}
		b.secrets[name] = values["appSecret"]
	}
	env, err := b.environment(r, s)
	if err != nil {
		return nil, err
	}
	for _, f := range s.Model.Functions {
		name := path.Base(strings.TrimSuffix(f.CodeURI, "/"))
		own := slices.Clone(env)
		for _, key := range slices.Sorted(maps.Keys(f.Env)) {
			own = append(own, key+"="+f.Env[key])
		}
		if err := b.add(name, filepath.Join(r.root, "build", "local", name), own, f); err != nil {
			return nil, err
		}
		b.names = append(b.names, name)
	}
	if err := buildTools(ctx, r.root, b.dir); err != nil {
		return nil, err
	}
	own := append(slices.Clone(env), "GOMAXPROCS=1", "TABLE="+s.Table, "APP_SECRET="+b.secrets["whatsapp"])
	for _, name := range []string{"hello", "bare"} {
		if err := b.add(name, filepath.Join(b.dir, name), own, template.Function{MemoryMB: 512}); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *bench) add(name, binary string, env []string, f template.Function) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	return b.manager.Add(lambda.Function{Name: name, Bootstrap: binary, Env: env, Timeout: time.Minute, MemoryMB: f.MemoryMB})
}

func (b *bench) close() {
	_ = b.manager.Close()
	b.waits.close()
	_ = os.RemoveAll(b.dir)
}

// buildTools builds hello and bare as the functions are built.
func buildTools(ctx context.Context, root, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-tags=lambda.norpc", //nolint:gosec // our own folders
		"-o", dir+string(filepath.Separator), "./infra/figures/hello", "./infra/figures/bare")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// environment points functions to the stack, by way of what measures how long
// they wait for it.
func (b *bench) environment(r run, s *stack.Stack) ([]string, error) {
	taxonomy, err := filepath.Abs(filepath.Join(r.root, "infra", "taxonomy.yaml"))
	if err != nil {
		return nil, err
	}
	env := []string{
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=local", "AWS_EC2_METADATA_DISABLED=true", "TAXONOMY=" + taxonomy,
	}
	for service, at := range s.Endpoints {
		through, err := b.waits.proxy(at)
		if err != nil {
			return nil, err
		}
		env = append(env, "AWS_ENDPOINT_URL_"+strings.ToUpper(strings.ReplaceAll(service, " ", "_"))+"="+through)
	}
	return env, nil
}

// Waits measures for how long at least one request is under way.
type waits struct {
	servers []*httptest.Server
	mu      sync.Mutex
	open    int
	since   time.Time
	over    []waited
}

// A waited is a time in which something was waited for.
type waited struct{ from, to time.Time }

func (w *waits) proxy(to string) (string, error) {
	target, err := url.Parse(to)
	if err != nil {
		return "", err
	}
	next := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host
	}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		w.change(1)
		defer w.change(-1)
		next.ServeHTTP(rw, req)
	}))
	w.servers = append(w.servers, server)
	return server.URL, nil
}

func (w *waits) change(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == 0 {
		w.since = time.Now()
	}
	if w.open += n; w.open == 0 {
		w.over = append(w.over, waited{w.since, time.Now()})
	}
}

// take returns how long was waited since it was last asked, up to a time.
func (w *waits) take(until time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var total time.Duration
	for _, o := range w.over {
		if o.to.After(until) {
			o.to = until
		}
		total += max(0, o.to.Sub(o.from))
	}
	w.over = nil
	return total
}

func (w *waits) close() {
	for _, s := range w.servers {
		s.Close()
	}
}

// cold measures starts, each function's in turn with the others', so that what
// else the machine does is shared by all.
func (b *bench) cold(ctx context.Context, r run) error {
	names := append([]string{"hello"}, b.names...)
	total, own := map[string][]float64{}, map[string][]float64{}
	memory := map[string]int64{}
	for range coldStarts {
		for _, name := range names {
			b.manager.Kill(name)
			began := time.Now()
			b.waits.take(began)
			init, err := b.start(ctx, name)
			if err != nil {
				return err
			}
			total[name] = append(total[name], ms(init.Init))
			own[name] = append(own[name], ms(init.Init-b.waits.take(began.Add(init.Init))))
			memory[name] = max(memory[name], init.MaxRSS)
		}
	}
	hello := median(own["hello"])
	r.add(figure{"init of a bare hello", hello, "ms", ""})
	for _, name := range b.names {
		r.add(figure{"init of " + name, median(total[name]), "ms", ""})
		r.add(figure{"init of " + name + ", without waiting for secrets and table", median(own[name]), "ms", ""})
		r.add(figure{"init of " + name + ", without waiting, to that of hello", median(own[name]) / hello, "times", atMost(4)})
		r.add(figure{"memory of " + name + " after its first event", float64(memory[name]) / (1 << 20), "MB RSS", atMost(40)})
	}
	return nil
}

// start starts a process with an event that means nothing to it.
func (b *bench) start(ctx context.Context, name string) (lambda.Instance, error) {
	// What comes of it is of no interest here; that it started is.
	if _, err := b.manager.Invoke(ctx, name, []byte(`{"Records":[]}`)); err != nil {
		return lambda.Instance{}, err
	}
	return b.instance(name)
}

func (b *bench) instance(name string) (lambda.Instance, error) {
	for _, i := range b.manager.Instances() {
		if i.Function == name {
			return i, nil
		}
	}
	return lambda.Instance{}, fmt.Errorf("%s does not run", name)
}

// warm measures webhooks of a known sender.
func (b *bench) warm(ctx context.Context, r run) error {
	who := traffic.Someone(7)
	used := map[string]time.Duration{}
	names := []string{"whatsapp", "bare"}
	for i := range warmUp + warmInvokes {
		for _, name := range names {
			if i == warmUp {
				inst, err := b.instance(name)
				if err != nil {
					return err
				}
				used[name] = -inst.CPU
			}
			ev := webhookEvent("whatsapp", b.secrets["whatsapp"], traffic.WhatsApp(traffic.Said{
				From: who, ID: traffic.Wamid(who, fmt.Sprint(i)), At: time.Now(), Text: traffic.Openings[i%len(traffic.Openings)].Text,
			}))
			if err := b.expect200(ctx, name, ev); err != nil {
				return err
			}
		}
	}
	per := map[string]float64{}
	for _, name := range names {
		inst, err := b.instance(name)
		if err != nil {
			return err
		}
		per[name] = ms(used[name]+inst.CPU) / warmInvokes
		if name == "whatsapp" {
			r.add(figure{fmt.Sprintf("memory of whatsapp after %d webhooks", warmUp+warmInvokes), float64(inst.MaxRSS) / (1 << 20), "MB RSS", atMost(40)})
		}
	}
	r.add(figure{"warm webhook of a bare handler that verifies, decodes and puts one item", per["bare"], "ms CPU", ""})
	r.add(figure{"warm WhatsApp webhook of a known sender", per["whatsapp"], "ms CPU", ""})
	r.add(figure{"warm WhatsApp webhook to that of the bare handler", per["whatsapp"] / per["bare"], "times", atMost(1.6)})
	return nil
}

// heavyElements is the most that Meta puts into one webhook, and heavyEnvelope
// about what each takes beside its text, in bytes.
const (
	heavyElements = 1000
	heavyEnvelope = 250
)

// heavy measures the largest webhooks that a platform sends: 3 MB in a thousand
// messages, each of which is stored.
func (b *bench) heavy(ctx context.Context, r run) error {
	const size = 3 << 20
	makers := map[string]func(...traffic.Said) []byte{"whatsapp": traffic.WhatsApp, "messenger": traffic.Messenger}
	for _, name := range slices.Sorted(maps.Keys(makers)) {
		said := make([]traffic.Said, heavyElements)
		for i := range said {
			who := traffic.Someone(i % 50)
			said[i] = traffic.Said{
				From: who, ID: traffic.Wamid(who, fmt.Sprint("heavy", i)), At: time.Now(),
				Text: strings.Repeat("zwaar ", (size/heavyElements-heavyEnvelope)/len("zwaar ")),
			}
		}
		body := makers[name](said...)
		b.manager.Kill(name)
		if _, err := b.start(ctx, name); err != nil {
			return err
		}
		before, err := b.instance(name)
		if err != nil {
			return err
		}
		if err := b.expect200(ctx, name, webhookEvent(name, b.secrets[name], body)); err != nil {
			return err
		}
		after, err := b.instance(name)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s webhook of %d messages in %.1f MB", name, heavyElements, float64(len(body))/(1<<20))
		r.add(figure{what, ms(after.CPU - before.CPU), "ms CPU", atMost(500)})
		r.add(figure{"memory after a " + what, float64(after.MaxRSS) / (1 << 20), "MB RSS", atMost(200)})
	}
	return nil
}

func (b *bench) expect200(ctx context.Context, name string, ev []byte) error {
	res, err := b.manager.Invoke(ctx, name, ev)
	if err != nil {
		return err
	}
	var resp events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(res.Payload, &resp); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", name, res.Payload)
	}
	return nil
}

// webhookEvent is what an HTTP API makes of a signed webhook.
func webhookEvent(channel, secret string, body []byte) []byte {
	route := "POST /webhooks/" + channel
	ev, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: route, RawPath: "/webhooks/" + channel,
		Headers: map[string]string{
			"accept": "*/*", "accept-encoding": "deflate, gzip", "content-length": fmt.Sprint(len(body)), "content-type": "application/json",
			"host": "abcdefghij.execute-api.eu-west-1.amazonaws.com", "user-agent": "facebookexternalua",
			"x-amzn-trace-id": "Root=1-00000000-000000000000000000000000", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443",
			"x-forwarded-proto": "https", "x-hub-signature": "sha1=0000000000000000000000000000000000000000",
			"x-hub-signature-256": webhook.Sign(body, secret),
		},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: route, AccountID: "000000000000", Stage: "$default", RequestID: "JKJaXmPLvHcESHA=", APIID: "abcdefghij",
			DomainName: "abcdefghij.execute-api.eu-west-1.amazonaws.com", DomainPrefix: "abcdefghij", Time: "01/Jan/2026:00:00:00 +0000",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: http.MethodPost, Path: "/webhooks/" + channel, Protocol: "HTTP/1.1", SourceIP: "192.0.2.1", UserAgent: "facebookexternalua",
			},
		},
		Body: string(body),
	})
	if err != nil {
		panic(err) // texts only
	}
	return ev
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
