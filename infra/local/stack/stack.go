// Package stack runs the stack that infra/template.yaml describes on this
// machine: the real function binaries as processes, DynamoDB Local, and
// stand-ins for the rest of AWS around them.
//
// The template is all it is told. What the template says and the stack cannot
// run is refused by name, so that nothing works here that AWS would not do.
// Everything listens on 127.0.0.1 only.
package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heard-intake/heard/infra/local/dynamo"
	"github.com/heard-intake/heard/infra/local/eventsource"
	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/infra/local/httpapi"
	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/mail"
	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/infra/local/secrets"
	"github.com/heard-intake/heard/infra/local/ses"
	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/infra/local/where"
)

// What the stack runs as, unless the template's parameters say otherwise.
const (
	Name      = "heard"
	region    = "eu-west-1"
	accountID = "000000000000"
	accessKey = "heardlocal"

	// MailDomain is where the SMTP port takes mail for.
	MailDomain = "support.example.com"

	// MailStaff is the domain of the example's own people and forms.
	MailStaff = "shop.example.com"
)

// Config says what to run, and where.
type Config struct {
	Root       string            // the repository; empty is the working directory
	Template   string            // the template; empty is infra/template.yaml of Root
	Parameters map[string]string // over the template's own defaults and the local ones
	Dir        string            // keeps the data and stack.json; empty is a folder that Close removes
	Memory     bool              // keep table and queues in memory, and start empty
	Port       int               // of the API, and the first of ten in a row; 0 takes free ones
	Processes  int               // most processes of a function, default 10
	Still      bool              // run no schedule by itself, only by Tick
	Freeze     bool              // stop a process between its invocations, as Lambda does
	Chaos      eventsource.Chaos // how event sources misbehave
	KillEvery  time.Duration     // kill a random process that often; 0 never does
	Output     io.Writer         // gets the lines of the functions, each behind its function's name
	Lines      func(lambda.Line) // is called for every line of a function
	Log        *slog.Logger      // gets what the stack itself has to say
}

// A Stack runs until Close.
type Stack struct {
	where.Stack
	Issuer   string        // its URL
	Graph    *graph.Server // in place of Meta's Graph API
	GraphURL string
	SES      *ses.Server // in place of SES, as far as it sends
	Model    *template.Model
	Took     map[string]time.Duration // how long each part took to start

	clients where.Clients
	cfg     Config
	data    string // the folder of the data
	remove  bool   // data at Close
	at      addresses
	issuer  *issuer.Issuer
	lambda  *lambda.Manager
	s3      *s3.Server
	secrets *secrets.Server

	parts   sync.Mutex // what Kill and Start change
	dynamo  *dynamo.Server
	sqs     *sqs.Server
	sqsHTTP *http.Server

	servers  []*http.Server
	mail     *mail.Server
	mappings []mapping
	invoked  atomic.Int64
	run      context.Context
	stop     context.CancelFunc
	running  sync.WaitGroup
	took     sync.Mutex
}

// Start runs the stack, and returns when everything in it answers. The context
// bounds the start alone.
func Start(ctx context.Context, cfg Config) (*Stack, error) {
	s, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func prepare(cfg Config) (*Stack, error) {
	var err error
	if cfg.Root, err = filepath.Abs(cmp.Or(cfg.Root, ".")); err != nil {
		return nil, err
	}
	cfg.Template = cmp.Or(cfg.Template, filepath.Join(cfg.Root, "infra", "template.yaml"))
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stack{cfg: cfg, data: cfg.Dir, Took: map[string]time.Duration{}}
	s.run, s.stop = context.WithCancel(context.Background())
	if cfg.Memory || cfg.Dir == "" {
		s.remove = true
		if s.data, err = os.MkdirTemp("", "heard-"); err != nil {
			return nil, err
		}
	}
	if s.data, err = filepath.Abs(s.data); err != nil {
		return nil, err
	}
	return s, os.MkdirAll(s.data, 0o700)
}

func (s *Stack) start(ctx context.Context) error {
	if err := s.listen(); err != nil {
		return err
	}
	if err := s.parse(); err != nil {
		return err
	}
	if err := s.serveStandIns(ctx); err != nil {
		return err
	}
	err := together(ctx,
		s.timed("build", s.build),
		s.timed("dynamodb", s.startTables),
		s.timed("queues", s.makeQueues),
		s.timed("secrets", s.makeSecrets),
		s.timed("buckets", s.makeBuckets))
	if err != nil {
		return err
	}
	if err := s.addFunctions(); err != nil {
		return err
	}
	if err := s.setUpNotifications(); err != nil {
		return err
	}
	if err := s.startMappings(ctx); err != nil {
		return err
	}
	s.startSchedules()
	s.serve(s.at.api, httpapi.New(httpapi.Config{
		API: s.Model.HTTPAPIs[0], Functions: lambda.Sync{Manager: s.lambda}, AccountID: accountID,
	}))
	s.running.Go(s.killNowAndThen)
	if s.cfg.Dir == "" {
		return nil
	}
	return s.Write(s.cfg.Dir)
}

// parse reads the template, with the addresses that this machine has given.
func (s *Stack) parse() error {
	src, err := os.ReadFile(s.cfg.Template)
	if err != nil {
		return err
	}
	parameters := map[string]string{
		"IssuerUrl": s.Issuer, "MailDomain": MailDomain, "MailStaff": MailStaff, "GraphUrl": s.GraphURL, "MediaHosts": s.GraphURL,
	}
	maps.Copy(parameters, s.cfg.Parameters)
	m, err := template.Parse(src, template.Options{
		Parameters: parameters, Region: region, AccountID: accountID, StackName: Name,
		QueueURL:   s.queueURL,
		Attributes: map[string]string{"Api.ApiEndpoint": s.API},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.cfg.Template, err)
	}
	if err := check(m); err != nil {
		return fmt.Errorf("%s: %w", s.cfg.Template, err)
	}
	s.Model = m
	s.describe()
	return nil
}

// check refuses what the template may say and this stack does not run.
func check(m *template.Model) error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(format+" is not run locally", args...))
	}
	if len(m.HTTPAPIs) != 1 || len(m.Tables) != 1 {
		errs = append(errs, errors.New("the local stack runs one HTTP API and one table"))
	}
	for _, a := range m.WebSocketAPIs {
		refuse("the WebSocket API %s", a.ID)
	}
	for _, t := range m.Topics {
		for _, sub := range t.Subscriptions {
			if sub.Protocol != "sqs" || queueName(m, sub.Endpoint) == "" {
				refuse("a subscription of what is no queue to the topic %s", t.ID)
			}
		}
	}
	for _, f := range m.Functions {
		if len(f.Topics) > 0 {
			refuse("a topic of %s", f.ID)
		}
		for _, sc := range f.Schedules {
			if _, err := rate(sc); err != nil {
				errs = append(errs, err)
			}
		}
	}
	for _, b := range m.Buckets {
		for _, n := range b.Notifications {
			if queueName(m, n.Target) == "" {
				refuse("a notification of %s to what is no queue", b.ID)
			}
		}
	}
	for _, r := range m.MailRules {
		if len(r.Actions) != 1 || r.Actions[0].Bucket == "" {
			refuse("an action of %s that is not to store in a bucket", r.ID)
		}
	}
	if len(m.MailRules) > 1 {
		refuse("a second mail rule")
	}
	return errors.Join(errs...)
}

// describe fills in where the stack is, for heardctl and tests.
func (s *Stack) describe() {
	s.Name, s.Region, s.AccountID, s.AccessKey = Name, region, accountID, accessKey
	s.Table = s.Model.Tables[0].Name
	for _, p := range s.Model.Parameters {
		switch p.Name {
		case "Audience":
			s.Audience = p.Value
		case "MailDomain":
			s.MailDomain = p.Value
		case "ChatSite":
			s.ChatSite = p.Value
		}
	}
	for _, b := range s.Model.Buckets {
		switch b.ID {
		case "Blobs":
			s.Blobs = b.Name
		case "Mail":
			s.Mail = b.Name
		}
	}
}

// Clients returns SDK clients that reach the stack.
func (s *Stack) Clients() where.Clients { return s.clients }

// Secret returns the current values of a secret, as [where.Stack.Secret].
func (s *Stack) Secret(ctx context.Context, name string) (map[string]string, error) {
	return s.Stack.Secret(ctx, s.clients, name)
}

// InMemory reports whether the data is gone after Close.
func (s *Stack) InMemory() bool { return s.remove }

// Token signs a token for the API. One with a department reaches the problems
// of that department. One without it reaches those of all departments by the
// scope problems:all, or else none.
func (s *Stack) Token(department string, scopes ...string) (string, error) {
	return s.issuer.Token(issuer.Claims{Subject: "local", Audience: s.Audience, Department: department, Scopes: scopes})
}

// Close ends everything: the front first, then what reads, then the
// functions, then what keeps the data.
func (s *Stack) Close() error {
	var errs []error
	if s.cfg.Dir != "" {
		errs = append(errs, where.Remove(s.cfg.Dir))
	}
	if s.mail != nil {
		errs = append(errs, s.mail.Close())
	}
	s.stop()
	s.running.Wait()
	if s.lambda != nil {
		errs = append(errs, s.lambda.Close())
	}
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	errs = append(errs, s.KillSQS())
	s.parts.Lock()
	if s.dynamo != nil {
		s.dynamo.Stop()
	}
	s.parts.Unlock()
	s.at.close()
	if s.remove {
		errs = append(errs, os.RemoveAll(s.data))
	}
	return errors.Join(errs...)
}

// timed notes how long a step took.
func (s *Stack) timed(name string, step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		began := time.Now()
		err := step(ctx)
		s.took.Lock()
		defer s.took.Unlock()
		s.Took[name] = time.Since(began)
		return err
	}
}

// together runs steps at once. The first that fails cancels the others.
func together(ctx context.Context, steps ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, step := range steps {
		wg.Go(func() {
			if err := step(ctx); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
