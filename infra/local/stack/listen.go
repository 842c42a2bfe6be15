package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/smtp"
	"slices"
	"time"

	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/infra/local/secrets"
	"github.com/heard-intake/heard/infra/local/ses"
	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/infra/local/where"
)

// DefaultPort is the port of the API. The others follow it, in the order of
// addresses; DynamoDB Local is the last.
const DefaultPort = 8080

// maxObject is the largest object in a bucket: a document of WhatsApp's.
const maxObject = 100 << 20

// addresses are the ports, taken before anything starts: the functions and
// the template must know them.
type addresses struct {
	api, issuer, sqs, s3, secrets, lambda, smtp, graph, ses net.Listener
	dynamo                                                  int // 0 is a free one
}

func (a *addresses) all() []*net.Listener {
	return []*net.Listener{&a.api, &a.issuer, &a.sqs, &a.s3, &a.secrets, &a.lambda, &a.smtp, &a.graph, &a.ses}
}

func (a *addresses) close() {
	for _, l := range a.all() {
		if *l != nil {
			_ = (*l).Close()
		}
	}
}

func (s *Stack) listen() error {
	for i, l := range s.at.all() {
		listen := where.Listen
		if s.cfg.Port != 0 {
			port := s.cfg.Port + i
			listen = func() (net.Listener, error) { return net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)) }
			s.at.dynamo = port + 1
		}
		var err error
		if *l, err = listen(); err != nil {
			return fmt.Errorf("%w: does a stack run already? Take other ports with -port", err)
		}
	}
	s.API, s.Issuer = url(s.at.api), url(s.at.issuer)
	s.SMTP = s.at.smtp.Addr().String()
	s.Endpoints = where.Endpoints{
		"SQS": url(s.at.sqs), "S3": url(s.at.s3), "Secrets Manager": url(s.at.secrets), "Lambda": url(s.at.lambda),
		"SESv2":           url(s.at.ses),
		"SocialMessaging": url(s.at.graph),
	}
	s.GraphURL, s.Sent = url(s.at.graph), s.path("sent")
	return nil
}

// mailDomains are those that SES sends for.
func (s *Stack) mailDomains() []string { return []string{s.MailDomain} }

// mailSets are the configuration sets that somebody is told of.
func (s *Stack) mailSets() []string {
	var all []string
	for _, e := range s.Model.SendingEvents {
		all = append(all, e.Set)
	}
	return all
}

// tellSent publishes what became of a mail that was sent to the topics that
// asked for it.
func (s *Stack) tellSent(set, kind string, event []byte) error {
	for _, e := range s.Model.SendingEvents {
		if e.Set != set || !slices.Contains(e.Types, kind) {
			continue
		}
		if err := s.publish(e.Topic, "Amazon SES Email Event Notification", string(event)); err != nil {
			return err
		}
	}
	return nil
}

// deliver brings a mail back to us by SMTP.
func (s *Stack) deliver(from, to string, raw []byte) error {
	return smtp.SendMail(s.SMTP, nil, from, []string{to}, raw)
}

// relisten listens again where l did.
func relisten(l net.Listener) (net.Listener, error) {
	_ = l.Close()
	return net.Listen("tcp4", l.Addr().String())
}

func url(l net.Listener) string { return "http://" + l.Addr().String() }

func (s *Stack) queueURL(name string) string {
	return s.Endpoints["SQS"] + "/" + accountID + "/" + name
}

// serve serves h until Close.
func (s *Stack) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	s.serveOn(l, server)
}

func (s *Stack) serveOn(l net.Listener, server *http.Server) {
	s.running.Go(func() {
		go func() {
			<-s.run.Done()
			_ = server.Close()
		}()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log.Error("server ended", "addr", l.Addr().String(), "err", err)
		}
	})
}

// serveStandIns starts everything that needs no process of its own.
func (s *Stack) serveStandIns(ctx context.Context) (err error) {
	s.IssuerDir = s.path("issuer")
	if s.issuer, err = issuer.Open(s.IssuerDir, s.Issuer); err != nil {
		return err
	}
	if s.secrets, err = secrets.New(secrets.Config{File: s.path("secrets.json"), Region: region, AccountID: accountID}); err != nil {
		return err
	}
	if s.s3, err = s3.New(s3.Config{Dir: s.path("s3"), Notify: s.notify, MaxObject: maxObject}); err != nil {
		return err
	}
	s.lambda, err = lambda.New(lambda.Config{
		Region: region, AccountID: accountID, Processes: s.cfg.Processes, Freeze: s.cfg.Freeze,
		Output: s.cfg.Output, Logs: s.cfg.Lines, OnFailure: s.asyncFailed,
	})
	if err != nil {
		return err
	}
	s.serve(s.at.issuer, s.issuer)
	s.serve(s.at.secrets, s.secrets)
	s.serve(s.at.s3, s.s3)
	s.serve(s.at.lambda, s.lambda)
	s.Graph = graph.New(graph.Config{Put: s.s3.Put})
	s.serve(s.at.graph, s.Graph)
	if s.SES, err = ses.New(ses.Config{Dir: s.path("sent"), Region: region, Domains: s.mailDomains, Deliver: s.deliver, Sets: s.mailSets, Tell: s.tellSent}); err != nil {
		return err
	}
	s.serve(s.at.ses, s.SES)
	if err := s.serveSQS(); err != nil {
		return err
	}
	s.clients, err = s.Stack.Clients(ctx)
	return err
}

func (s *Stack) serveSQS() error {
	dir := ""
	if !s.cfg.Memory {
		dir = s.path("sqs")
	}
	var err error
	if s.sqs, err = sqs.New(sqs.Config{Dir: dir, Region: region, AccountID: accountID, Log: s.cfg.Log}); err != nil {
		return err
	}
	s.sqsHTTP = &http.Server{Handler: s.sqs, ReadHeaderTimeout: 10 * time.Second}
	s.serveOn(s.at.sqs, s.sqsHTTP)
	return nil
}
