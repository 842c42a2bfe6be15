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

// DefaultPort is the default port of the API. The other servers use the ports
// after it, in the order of addresses, with DynamoDB Local last.
const DefaultPort = 8080

// maxObject is the size limit of an object: WhatsApp documents have up to 100 MB.
const maxObject = 100 << 20

// addresses are the listeners of the servers. They are opened first, because the
// template and the functions need the addresses.
type addresses struct {
	api, issuer, sqs, s3, secrets, lambda, smtp, graph, ses net.Listener
	dynamo                                                  int // 0 picks a free port
}

// listeners returns all listeners, in the order of their ports.
func (a *addresses) listeners() []*net.Listener {
	return []*net.Listener{&a.api, &a.issuer, &a.sqs, &a.s3, &a.secrets, &a.lambda, &a.smtp, &a.graph, &a.ses}
}

func (a *addresses) closeListeners() {
	for _, l := range a.listeners() {
		if *l != nil {
			_ = (*l).Close()
		}
	}
}

func (s *Stack) openListeners() error {
	for i, l := range s.at.listeners() {
		listen := where.Listen
		if s.cfg.Port != 0 {
			port := s.cfg.Port + i
			listen = func() (net.Listener, error) { return net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)) }
			s.at.dynamo = port + 1
		}
		var err error
		if *l, err = listen(); err != nil {
			return fmt.Errorf("%w: if another stack is running, choose other ports with -port", err)
		}
	}
	s.API = listenerURL(s.at.api)
	s.Issuer = listenerURL(s.at.issuer)
	s.SMTP = s.at.smtp.Addr().String()
	s.Endpoints = where.Endpoints{
		"SQS": listenerURL(s.at.sqs), "S3": listenerURL(s.at.s3), "Secrets Manager": listenerURL(s.at.secrets), "Lambda": listenerURL(s.at.lambda),
		"SESv2":           listenerURL(s.at.ses),
		"SocialMessaging": listenerURL(s.at.graph),
	}
	s.GraphURL = listenerURL(s.at.graph)
	s.Sent = s.dataPath("sent")
	return nil
}

// mailDomains returns the verified sender domains of SES.
func (s *Stack) mailDomains() []string { return []string{s.MailDomain} }

// configurationSets returns the SES configuration sets that publish events.
func (s *Stack) configurationSets() []string {
	var all []string
	for _, e := range s.Model.SendingEvents {
		all = append(all, e.Set)
	}
	return all
}

// publishSendingEvent publishes an event about a sent mail to the topics that
// subscribe to that kind of event.
func (s *Stack) publishSendingEvent(set, kind string, event []byte) error {
	for _, e := range s.Model.SendingEvents {
		if e.Set != set || !slices.Contains(e.Types, kind) {
			continue
		}
		if err := s.publishToTopic(e.Topic, "Amazon SES Email Event Notification", string(event)); err != nil {
			return fmt.Errorf("publish the event %s: %w", kind, err)
		}
	}
	return nil
}

// deliverMail sends a mail to our own SMTP server.
func (s *Stack) deliverMail(from, to string, raw []byte) error {
	return smtp.SendMail(s.SMTP, nil, from, []string{to}, raw)
}

// listenAgain closes l and listens on its address again.
func listenAgain(l net.Listener) (net.Listener, error) {
	_ = l.Close()
	return net.Listen("tcp4", l.Addr().String())
}

func listenerURL(l net.Listener) string { return "http://" + l.Addr().String() }

func (s *Stack) queueURL(name string) string {
	return s.Endpoints["SQS"] + "/" + accountID + "/" + name
}

// serveHandler serves h on l until Close.
func (s *Stack) serveHandler(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	s.runServer(l, server)
}

func (s *Stack) runServer(l net.Listener, server *http.Server) {
	s.background.Go(func() {
		go func() {
			<-s.run.Done()
			_ = server.Close()
		}()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log.Error("server ended", "addr", l.Addr().String(), "err", err)
		}
	})
}

// serveStandIns starts the replacements of AWS services and of the Graph API that
// run in this process.
func (s *Stack) serveStandIns(ctx context.Context) (err error) {
	s.IssuerDir = s.dataPath("issuer")
	if s.issuer, err = issuer.Open(s.IssuerDir, s.Issuer); err != nil {
		return err
	}
	if s.secrets, err = secrets.New(secrets.Config{File: s.dataPath("secrets.json"), Region: region, AccountID: accountID}); err != nil {
		return err
	}
	if s.s3, err = s3.New(s3.Config{Dir: s.dataPath("s3"), Notify: s.notifyQueues, MaxObject: maxObject}); err != nil {
		return err
	}
	s.lambda, err = lambda.New(lambda.Config{
		Region: region, AccountID: accountID, Processes: s.cfg.Processes, Freeze: s.cfg.Freeze,
		Output: s.cfg.Output, Logs: s.cfg.Lines, OnFailure: s.sendFailure,
	})
	if err != nil {
		return fmt.Errorf("local lambda: %w", err)
	}
	s.serveHandler(s.at.issuer, s.issuer)
	s.serveHandler(s.at.secrets, s.secrets)
	s.serveHandler(s.at.s3, s.s3)
	s.serveHandler(s.at.lambda, s.lambda)
	s.Graph = graph.New(graph.Config{Put: s.s3.Put})
	s.serveHandler(s.at.graph, s.Graph)
	if s.SES, err = ses.New(ses.Config{Dir: s.dataPath("sent"), Region: region, Domains: s.mailDomains, Deliver: s.deliverMail, Sets: s.configurationSets, Publish: s.publishSendingEvent}); err != nil {
		return err
	}
	s.serveHandler(s.at.ses, s.SES)
	if err := s.startQueueServer(); err != nil {
		return err
	}
	s.clients, err = s.Stack.Clients(ctx)
	return err
}

func (s *Stack) startQueueServer() error {
	dir := ""
	if !s.cfg.Memory {
		dir = s.dataPath("sqs")
	}
	var err error
	if s.sqs, err = sqs.New(sqs.Config{Dir: dir, Region: region, AccountID: accountID, Log: s.cfg.Log}); err != nil {
		return err
	}
	s.sqsHTTP = &http.Server{Handler: s.sqs, ReadHeaderTimeout: 10 * time.Second}
	s.runServer(s.at.sqs, s.sqsHTTP)
	return nil
}
