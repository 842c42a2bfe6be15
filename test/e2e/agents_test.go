package e2e_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

func TestBrief_HandOver(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	entry := map[string]any{"name": jan.Name, "phones": []string{"+" + jan.Phone}, "mails": []string{jan.Mail}}
	if err := b.Call(t.Context(), http.MethodPut, "/v1/customers/account/K-"+jan.Phone, entry, nil); err != nil {
		t.Fatal(err)
	}
	b.say(jan, message.WhatsApp, "Hallo, mijn stofzuiger is kapot.")
	b.say(jan, message.Email, "Weten jullie al wanneer er iemand komt?")
	b.settle()
	p, err := b.FindCustomer(t.Context(), "phone:"+jan.Phone)
	if err != nil {
		t.Fatal(err)
	}
	bot := &contact.Party{Kind: contact.Bot, ID: "bot-1"}
	if _, err := b.Claim(t.Context(), p.ID, stackclient.ClaimAction{Holder: bot}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.AddNote(t.Context(), p.ID, stackclient.Note{Kind: message.Promised, Text: "Een monteur belt morgen.", Due: time.Now().Add(24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	_, err = b.HandOver(t.Context(), p.ID, stackclient.ClaimAction{Holder: bot, To: &contact.Party{Kind: contact.Team, ID: "repairs"}, Reason: "asks for a person", Note: "Al herstart."})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Brief(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	var wants []string
	for _, w := range got.Wants {
		wants = append(wants, w.Text)
	}
	slices.Sort(wants) // both may have the same second
	switch {
	case !slices.Equal(wants, []string{"Weten jullie al wanneer er iemand komt?", "mijn stofzuiger is kapot."}):
		t.Errorf("got wants %q, want the two questions", wants)
	case len(got.Promised) != 1 || got.Holder == nil || got.Holder.Note != "Al herstart." || got.Holder.ID != "repairs":
		t.Errorf("promised %+v, holder %+v", got.Promised, got.Holder)
	case got.Language == nil || got.Language.Is != "nl" || got.Channel == nil:
		t.Errorf("language %+v, channel %+v", got.Language, got.Channel)
	}
	history, err := b.Messages(t.Context(), p.ID, 50)
	if err != nil {
		t.Fatal(err)
	}
	there := map[message.ID]bool{}
	for _, m := range history {
		there[m.ID] = true
	}
	for _, id := range got.Messages {
		if !there[id] {
			t.Errorf("the brief cites %s, which is not in the history", id)
		}
	}
	if len(got.Messages) != 4 || len(history) != 4 {
		t.Errorf("got %d cited messages and %d in the history, want 4 and 4", len(got.Messages), len(history))
	}
}

func TestClaim_Concurrent(t *testing.T) {
	t.Parallel()
	b := open(t)
	who := someone()
	b.say(who, message.WhatsApp, "Ik snap mijn factuur niet")
	b.settle()
	p, err := b.FindCustomer(t.Context(), "phone:"+who.Phone)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = b.Claim(t.Context(), p.ID, stackclient.ClaimAction{Holder: &contact.Party{Kind: contact.Agent, ID: fmt.Sprint("agent-", i)}})
		})
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		refusal, refused := errors.AsType[*stackclient.StatusError](err)
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("agents %d and %d both hold the claim, want one", winner, i)
		case !refused || refusal.Status != http.StatusConflict:
			t.Error(err)
		}
	}
	for i := range errs {
		answer := map[string]any{"delivery": "recorded", "channel": "whatsapp", "id": id(), "text": "Ik leg het uit.", "author": fmt.Sprint("agent-", i)}
		err := b.Call(t.Context(), http.MethodPost, "/v1/customers/"+string(p.ID)+"/messages", answer, nil)
		if (err == nil) != (i == winner) {
			t.Errorf("answer of agent-%d while agent-%d holds the claim: got error %v", i, winner, err)
		}
	}
}

// A consumer stores the latest event of each contact.
type consumer map[string]contact.Event

func (c consumer) take(n contact.Event) {
	if n.Contact == "" || n.Kind == contact.CustomerAssigned {
		return
	}
	thing := string(n.Customer) + n.Contact
	have, ok := c[thing]
	closes := n.Order == have.Order && n.Kind == contact.ContactClosed
	if !ok || n.Order > have.Order || closes {
		c[thing] = n
	}
}

func TestContactEvents_Mirror(t *testing.T) {
	t.Parallel()
	b := own(t, stack.Config{Memory: true})
	told := map[string]contact.Event{}
	// The mirror gets every event twice and in random order, as a queue may deliver.
	mirror := func() (consumer, map[contact.EventKind]int) {
		t.Helper()
		all, err := b.ContactEvents(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[contact.EventKind]int{}
		for _, n := range all {
			told[n.ID] = n
		}
		var list []contact.Event
		for _, n := range told {
			counts[n.Kind]++
			list = append(list, n, n)
		}
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		c := consumer{}
		for _, n := range list {
			c.take(n)
		}
		return c, counts
	}
	states := func(c consumer) map[contact.EventKind]int {
		out := map[contact.EventKind]int{}
		for _, n := range c {
			out[n.Kind]++
		}
		return out
	}
	people := []traffic.Person{someone(), someone(), someone()}
	for _, who := range people {
		b.say(who, message.WhatsApp, "Waar blijft mijn bestelling?")
	}
	b.settle()
	c, counts := mirror()
	if counts[contact.MessageStored] != 3 || states(c)[contact.WaitStarted] != 3 {
		t.Errorf("got events %v and contacts %v, want 3 messages and 3 waiting contacts", counts, states(c))
	}
	for _, who := range people[:2] {
		p, err := b.FindCustomer(t.Context(), "phone:"+who.Phone)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Claim(t.Context(), p.ID, stackclient.ClaimAction{}); err != nil {
			t.Fatal(err)
		}
		answer := map[string]any{"delivery": "recorded", "channel": "whatsapp", "id": id(), "text": "Morgen."}
		if err := b.Call(t.Context(), http.MethodPost, "/v1/customers/"+string(p.ID)+"/messages", answer, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Release(t.Context(), p.ID, stackclient.ClaimAction{}); err != nil {
			t.Fatal(err)
		}
	}
	b.settle()
	b.say(people[1], message.WhatsApp, "Hoe laat ongeveer?")
	b.settle()
	c, counts = mirror()
	if got := states(c); got[contact.WaitStarted] != 2 || got[contact.ContactAnswered] != 1 {
		t.Errorf("got events %v and contacts %v, want 2 waiting and 1 answered", counts, got)
	}
	if counts[contact.CustomerAssigned] != 2 || counts[contact.CustomerReleased] != 2 {
		t.Errorf("got events %v, want 2 assigned and 2 released", counts)
	}
	if err := b.stack.Tick(t.Context(), time.Now().Add(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.settle()
	c, counts = mirror()
	if got := states(c); got[contact.WaitStarted] != 2 || got[contact.ContactClosed] != 1 || counts[contact.ContactClosed] != 1 {
		t.Errorf("a day later: got events %v and contacts %v, want 2 waiting and 1 closed", counts, got)
	}
}
