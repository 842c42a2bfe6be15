// Package stack runs the stack of infra/template.yaml on this machine. It runs
// the real function binaries as processes, Amazon's DynamoDB Local, and our
// replacements for the other AWS services.
//
// The template is its only description of the stack. If the stack cannot run a
// resource of the template, Start does not ignore it but fails with its name. All
// servers listen on 127.0.0.1 only.
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

// The names and ids of a local stack.
const (
	Name      = "heard"
	region    = "eu-west-1"
	accountID = "000000000000"
	accessKey = "heardlocal"

	// MailDomain is the default domain of the SMTP server.
	MailDomain = "support.example.com"

	// MailStaff is the domain of the example's own people and forms.
	MailStaff = "shop.example.com"
)

// Config configures a stack. The zero value runs the repository in the working
// directory on free ports and deletes the data at Close.
type Config struct {
	Root       string            // the repository; empty means the working directory
	Template   string            // the template file; empty means infra/template.yaml in Root
	Parameters map[string]string // override the defaults of the template and of the local stack
	Dir        string            // stores the data and stack.json; empty means a folder that Close removes
	Memory     bool              // keep table and queues in memory and start empty
	Port       int               // of the API; the other servers use the next nine ports; 0 picks free ports
	Processes  int               // limit of processes per function; 0 means 10
	Still      bool              // run schedules only in Tick and RunSchedules
	Idle       []string          // functions whose schedules run only there
	Freeze     bool              // stop a process between invocations, as Lambda does
	Chaos      eventsource.Chaos // how event sources misbehave
	KillEvery  time.Duration     // interval of killing a random process; 0 kills none
	Output     io.Writer         // receives the log lines of the functions, each after its function's name
	Lines      func(lambda.Line) // called for every log line of a function
	Log        *slog.Logger      // receives the log of the stack itself; may be nil
}

// A Stack is a running stack. Call Close to stop it.
type Stack struct {
	where.Stack
	Issuer   string        // URL of the token issuer
	Graph    *graph.Server // replaces Meta's Graph API
	GraphURL string
	SES      *ses.Server              // replaces the sending side of SES
	Model    *template.Model          // the parsed template
	Took     map[string]time.Duration // start time of each part

	clients where.Clients
	cfg     Config
	data    string // the data folder
	remove  bool   // delete the data folder at Close
	at      addresses
	issuer  *issuer.Issuer
	lambda  *lambda.Manager
	s3      *s3.Server
	secrets *secrets.Server

	parts   sync.Mutex // guards the three fields below, which kills and restarts change
	dynamo  *dynamo.Server
	sqs     *sqs.Server
	sqsHTTP *http.Server

	servers    []*http.Server
	mail       *mail.Server
	mappings   []mapping
	invoked    atomic.Int64
	run        context.Context
	stop       context.CancelFunc
	background sync.WaitGroup
	tookMu     sync.Mutex
}

// Start builds the functions, starts the stack and returns when every part
// accepts requests. The context bounds the start only.
func Start(ctx context.Context, cfg Config) (*Stack, error) {
	s, err := prepareStack(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.startParts(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepareStack fills in the defaults of cfg and creates the data folder.
func prepareStack(cfg Config) (*Stack, error) {
	var err error
	if cfg.Root, err = filepath.Abs(cmp.Or(cfg.Root, ".")); err != nil {
		return nil, fmt.Errorf("path of the repository: %w", err)
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
			return nil, fmt.Errorf("create a data folder: %w", err)
		}
	}
	if s.data, err = filepath.Abs(s.data); err != nil {
		return nil, fmt.Errorf("path of the data folder: %w", err)
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	return s, nil
}

func (s *Stack) startParts(ctx context.Context) error {
	if err := s.openListeners(); err != nil {
		return err
	}
	if err := s.parseTemplate(); err != nil {
		return err
	}
	if err := s.serveStandIns(ctx); err != nil {
		return fmt.Errorf("start the local services: %w", err)
	}
	err := runConcurrently(ctx,
		s.timeStep("build", s.buildFunctions),
		s.timeStep("dynamodb", s.startTables),
		s.timeStep("queues", s.createQueues),
		s.timeStep("secrets", s.createSecrets),
		s.timeStep("buckets", s.createBuckets))
	if err != nil {
		return err
	}
	if err := s.addFunctions(); err != nil {
		return err
	}
	if err := s.setUpNotifications(); err != nil {
		return fmt.Errorf("set up the notifications: %w", err)
	}
	if err := s.startMappings(ctx); err != nil {
		return fmt.Errorf("start the event sources: %w", err)
	}
	s.startSchedules()
	s.serveHandler(s.at.api, httpapi.New(httpapi.Config{
		API: s.Model.HTTPAPIs[0], Functions: lambda.Sync{Manager: s.lambda}, AccountID: accountID,
	}))
	s.background.Go(s.killPeriodically)
	if s.cfg.Dir == "" {
		return nil
	}
	return s.Write(s.cfg.Dir)
}

// parseTemplate reads the template. Its parameters get the addresses of the
// local servers.
func (s *Stack) parseTemplate() error {
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
	if err := checkModel(m); err != nil {
		return fmt.Errorf("%s: %w", s.cfg.Template, err)
	}
	s.Model = m
	s.fillDescription()
	return nil
}

// checkModel returns an error that names every resource of the template that the
// local stack cannot run.
func checkModel(m *template.Model) error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(format+" is not run locally", args...))
	}
	if len(m.HTTPAPIs) != 1 || len(m.Tables) != 1 {
		errs = append(errs, errors.New("the template must have exactly one HTTP API and one table to run locally"))
	}
	for _, a := range m.WebSocketAPIs {
		refuse("the WebSocket API %s", a.ID)
	}
	for _, t := range m.Topics {
		for _, sub := range t.Subscriptions {
			if sub.Protocol != "sqs" || queueName(m, sub.Endpoint) == "" {
				refuse("a subscription to topic %s by something other than a queue", t.ID)
			}
		}
	}
	for _, f := range m.Functions {
		if len(f.Topics) > 0 {
			refuse("the topic event of function %s", f.ID)
		}
		for _, sc := range f.Schedules {
			if _, err := scheduleInterval(sc); err != nil {
				errs = append(errs, err)
			}
		}
	}
	for _, b := range m.Buckets {
		for _, n := range b.Notifications {
			if queueName(m, n.Target) == "" {
				refuse("a notification of bucket %s to something other than a queue", b.ID)
			}
		}
	}
	for _, r := range m.MailRules {
		if len(r.Actions) != 1 || r.Actions[0].Bucket == "" {
			refuse("an action of mail rule %s other than storing in a bucket", r.ID)
		}
	}
	if len(m.MailRules) > 1 {
		refuse("a second mail rule")
	}
	return errors.Join(errs...)
}

// fillDescription fills in the names of the stack, for heardctl and tests.
func (s *Stack) fillDescription() {
	s.Name = Name
	s.Region = region
	s.AccountID = accountID
	s.AccessKey = accessKey
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

// Secret returns the current values of a secret. See [where.Stack.Secret].
func (s *Stack) Secret(ctx context.Context, name string) (map[string]string, error) {
	return s.Stack.Secret(ctx, s.clients, name)
}

// InMemory reports whether Close deletes the data.
func (s *Stack) InMemory() bool { return s.remove }

// Token signs a token for the API. One with a department reaches the problems
// of that department. One without it reaches those of all departments by the
// scope problems:all, or else none.
func (s *Stack) Token(department string, scopes ...string) (string, error) {
	return s.issuer.Token(issuer.Claims{Subject: "local", Audience: s.Audience, Department: department, Scopes: scopes})
}

// Close stops the SMTP server, then the HTTP servers and event sources, then the
// functions, and last the queues and the table. It then deletes temporary data.
func (s *Stack) Close() error {
	var errs []error
	if s.cfg.Dir != "" {
		errs = append(errs, where.Remove(s.cfg.Dir))
	}
	if s.mail != nil {
		errs = append(errs, s.mail.Close())
	}
	s.stop()
	s.background.Wait()
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
	s.at.closeListeners()
	if s.remove {
		errs = append(errs, os.RemoveAll(s.data))
	}
	return errors.Join(errs...)
}

// timeStep wraps a step so that its duration is stored in Took.
func (s *Stack) timeStep(name string, step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		began := time.Now()
		err := step(ctx)
		s.tookMu.Lock()
		defer s.tookMu.Unlock()
		s.Took[name] = time.Since(began)
		return err
	}
}

// runConcurrently runs steps concurrently. The first that fails cancels the
// others, and its error is returned.
func runConcurrently(ctx context.Context, steps ...func(context.Context) error) error {
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
