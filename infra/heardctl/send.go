package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/smtp"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/webhook"
)

// send sends files to the stack, as the channel's platform would.
func (t *tool) send(ctx context.Context, args []string) error {
	f := t.flags("send")
	to := f.String("to", "", "email: the `mailbox`, by default klantenservice@ the stack's domain")
	account := f.String("account", "", "webchat: be signed in with this customer `number`")
	keep := f.Bool("keep-id", false, "webchat: keep the id in the file, instead of a new one")
	if err := t.parse(f, args, 2, -1); err != nil {
		return err
	}
	g, err := t.open(ctx)
	if err != nil {
		return err
	}
	channel := contact.Channel(f.Arg(0))
	for _, file := range f.Args()[1:] {
		raw, err := os.ReadFile(file) //nolint:gosec // the operator names the file
		if err != nil {
			return err
		}
		switch channel {
		case contact.WhatsApp, contact.Messenger, contact.Instagram:
			err = g.sendWebhook(ctx, channel, raw)
		case contact.Email:
			err = g.sendMail(*to, raw)
		case contact.WebChat:
			err = g.sendChat(ctx, *account, raw, *keep)
		default:
			_, err = normalizer(channel, "", "")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		fmt.Fprintf(t.out, "%s taken\n", filepath.Base(file))
	}
	return nil
}

// sendWebhook signs a webhook with the app secret, and posts it.
func (g *target) sendWebhook(ctx context.Context, channel contact.Channel, body []byte) error {
	name := "messenger" // which takes Instagram too
	if channel == contact.WhatsApp {
		name = "whatsapp"
	}
	secret, err := g.Secret(ctx, g.aws, name)
	if err != nil {
		return err
	}
	if secret["appSecret"] == "" {
		return fmt.Errorf("appSecret of the secret %s-%s is not set", g.Name, name)
	}
	header := http.Header{
		"Content-Type":          {"application/json"},
		webhook.SignatureHeader: {webhook.Sign(body, secret["appSecret"])},
	}
	_, err = g.request(ctx, http.MethodPost, "/webhooks/"+name, canonical(header), body)
	return err
}

func canonical(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		out.Set(name, values[0])
	}
	return out
}

// sendMail sends a mail by SMTP, from whom it says it is.
func (g *target) sendMail(to string, raw []byte) error {
	if !g.Local() {
		return errors.New("on AWS, send a mail to the stack's domain with any mail program")
	}
	from := "unknown@example.com"
	if m, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil {
		if list, err := m.Header.AddressList("From"); err == nil && len(list) > 0 {
			from = list[0].Address
		}
	}
	if to == "" {
		to = "klantenservice@" + g.MailDomain
	}
	return smtp.SendMail(g.SMTP, nil, from, []string{to}, raw)
}

// sendChat opens a session, signed in if there is an account, and posts a
// message in it.
func (g *target) sendChat(ctx context.Context, account string, raw []byte, keepID bool) error {
	session, err := g.chatSession(ctx, account)
	if err != nil {
		return err
	}
	var post map[string]any
	if err := json.Unmarshal(raw, &post); err != nil {
		return err
	}
	if !keepID {
		post["id"] = newID()
	}
	return g.ask(ctx, http.MethodPost, "/chat/messages", session, post, nil)
}

// chatSession is the token of a new visitor.
func (g *target) chatSession(ctx context.Context, account string) (string, error) {
	open := map[string]string{}
	if account != "" {
		secret, err := g.Secret(ctx, g.aws, "webchat")
		if err != nil {
			return "", err
		}
		open["hostToken"], err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"sub": account, "aud": g.ChatSite, "exp": time.Now().Add(5 * time.Minute).Unix(),
		}).SignedString([]byte(secret["hostKey"]))
		if err != nil {
			return "", err
		}
	}
	var session struct{ Token string }
	err := g.ask(ctx, http.MethodPost, "/chat/sessions", "", open, &session)
	return session.Token, err
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// timeOf is the time in a UUIDv7, or now.
func timeOf(id string) time.Time {
	if u, err := uuid.Parse(id); err == nil && u.Version() == 7 {
		sec, nsec := u.Time().UnixTime()
		return time.Unix(sec, nsec)
	}
	return time.Now()
}
