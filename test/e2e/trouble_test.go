package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

func TestWebhook_Signatures(t *testing.T) {
	t.Parallel()
	b := open(t)
	secret, err := b.stack.Secret(t.Context(), "whatsapp")
	if err != nil {
		t.Fatal(err)
	}
	who := someone()
	body := traffic.WhatsApp(traffic.Said{From: who, ID: traffic.Wamid(who, id()), At: time.Now(), Text: "Hallo"})
	signature := meta.Sign(body, secret["appSecret"])
	huge := append(bytes.Repeat([]byte(" "), 4<<20), body...)
	tests := map[string]struct {
		body      []byte
		signature string
		status    int
	}{
		"signed":              {body, signature, http.StatusOK},
		"repeated":            {body, signature, http.StatusOK},
		"no signature":        {body, "", http.StatusUnauthorized},
		"other key":           {body, meta.Sign(body, "x"), http.StatusUnauthorized},
		"truncated signature": {body, signature[:40], http.StatusUnauthorized},
		"changed body":        {append(slices.Clone(body), ' '), signature, http.StatusUnauthorized},
		"no body":             {nil, meta.Sign(nil, secret["appSecret"]), http.StatusOK},
		"too large":           {huge, meta.Sign(huge, secret["appSecret"]), http.StatusRequestEntityTooLarge},
		"invalid JSON":        {[]byte("x"), meta.Sign([]byte("x"), secret["appSecret"]), http.StatusOK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.API+"/webhooks/whatsapp", bytes.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if tt.signature != "" {
				req.Header.Set(meta.SignatureHeader, tt.signature)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
		})
	}
	b.settle()
	if got := b.texts("phone:" + who.Phone); !slices.Equal(got, []string{"Hallo"}) {
		t.Errorf("history %q", got)
	}
}

func TestQuarantine_Replay(t *testing.T) {
	t.Parallel()
	b := open(t)
	who := someone()
	began := time.Now().Truncate(time.Millisecond)
	good := string(traffic.WhatsApp(traffic.Said{From: who, ID: traffic.Wamid(who, id()), At: time.Now(), Text: "Hallo"}))
	broken := strings.Replace(good, `"messages":[`, `"messages":["`+id()+`",`, 1)
	if err := b.SendWebhook(t.Context(), message.WhatsApp, []byte(broken)); err != nil {
		t.Fatal(err)
	}
	deep := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 5000)
	mail := fmt.Sprintf("From: %s\r\nTo: x@%s\r\nMIME-Version: 1.0\r\n%s", who.Mail, b.MailDomain, deep)
	if err := b.SendMail("", []byte(mail)); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if got := b.texts("phone:" + who.Phone); !slices.Equal(got, []string{"Hallo"}) {
		t.Errorf("valid message beside an invalid one: got history %q, want [Hallo]", got)
	}
	mine := func() map[message.Channel]message.QuarantinedDelivery {
		all, err := b.QuarantineCases(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := map[message.Channel]message.QuarantinedDelivery{}
		for _, c := range all {
			if !c.At.Before(began) && (c.Channel == message.Email || strings.Contains(strings.Join(c.Reasons, ""), "messages[0]")) {
				found[c.Channel] = c
			}
		}
		return found
	}
	before := mine()
	if len(before) != 2 {
		t.Fatalf("quarantine %+v", before)
	}
	for _, c := range before {
		if err := b.ReplayCase(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	b.settle()
	for ch, c := range mine() { // the deliveries are still invalid
		if c.Hash != before[ch].Hash || !c.At.After(before[ch].At) {
			t.Errorf("%s: %+v after the replay", ch, c)
		}
	}
	if got := b.texts("phone:" + who.Phone); !slices.Equal(got, []string{"Hallo"}) {
		t.Errorf("after the replay: got history %q, want [Hallo]", got)
	}
}

func TestStack_KilledFunction(t *testing.T) {
	t.Parallel()
	b := open(t)
	const customers, each = 8, 10
	ctx, stop := context.WithCancel(t.Context())
	var killers, senders sync.WaitGroup
	sent := make(chan struct{}, customers*each)
	killers.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-sent:
				if n%8 == 0 {
					b.stack.Kill("whatsapp")
					b.stack.Kill("triage")
				}
			}
		}
	})
	var whos []traffic.Person
	for range customers {
		who := someone()
		whos = append(whos, who)
		senders.Go(func() {
			for i := range each {
				name := id()
				at := time.Now()
				for b.try(t.Context(), who, message.WhatsApp, name, fmt.Sprint("Vraag ", i), at) != nil { // WhatsApp retries too
					if t.Context().Err() != nil {
						return
					}
				}
				sent <- struct{}{}
			}
		})
	}
	senders.Wait()
	stop()
	killers.Wait()
	b.settle()
	for n, who := range whos {
		alias := "phone:" + who.Phone
		got := b.texts(alias)
		slices.Sort(got)
		if len(got) != each || len(slices.Compact(got)) != each {
			t.Errorf("customer %d: history %q", n, got)
		}
		p, err := b.FindCustomer(t.Context(), alias)
		if err != nil {
			t.Fatal(err)
		}
		contacts, err := b.Contacts(t.Context(), p.ID)
		if err != nil || len(contacts) != 1 || contacts[0].State != "waiting" {
			t.Errorf("customer %d: contacts %+v, %v", n, contacts, err)
		}
	}
}

func TestStack_Restart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := stack.Start(t.Context(), stack.Config{Root: root, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b := with(t, s)
	first := someone()
	for _, who := range []traffic.Person{first, someone(), someone()} {
		b.say(who, message.WhatsApp, "Ik begrijp de handleiding van mijn airfryer niet")
	}
	b.settle()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	b = own(t, stack.Config{Dir: dir})
	if got := b.texts("phone:" + first.Phone); len(got) != 1 {
		t.Errorf("history %q", got)
	}
	b.say(someone(), message.WhatsApp, "De handleiding van de airfryer is onduidelijk")
	b.settle()
	b.stack.KillDynamoDB()
	who := someone()
	name := id()
	at := time.Now()
	last := func() error {
		return b.try(t.Context(), who, message.WhatsApp, name, "De handleiding van de airfryer klopt niet", at)
	}
	if err := last(); err == nil {
		t.Error("a delivery succeeded without a table, want an error")
	}
	if err := b.stack.StartDynamoDB(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.taken(last)
	b.settle()
	if items := b.items("documentation", "manual-unclear", "air-fryer"); len(items) != 1 || items[0].Customers != 5 {
		t.Errorf("items %+v", items)
	}
}
