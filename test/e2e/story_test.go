package e2e_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

func TestHistory_EveryChannel(t *testing.T) {
	t.Parallel()
	for _, ch := range []message.Channel{message.WhatsApp, message.Messenger, message.Instagram, message.Email} {
		t.Run(string(ch), func(t *testing.T) {
			t.Parallel()
			b := open(t)
			who := someone()
			b.say(who, ch, "Waar blijft mijn bestelling?")
			b.say(who, ch, "Ik hoor het graag.")
			b.settle()
			alias := map[message.Channel]string{
				message.WhatsApp: "phone:" + who.Phone, message.Messenger: "psid:" + traffic.Page + ":" + who.PSID,
				message.Instagram: "igsid:" + traffic.Page + ":" + who.PSID, message.Email: "email:" + who.Mail,
			}[ch]
			got := b.texts(alias)
			slices.Sort(got) // two mails may have the same second
			if want := []string{"Ik hoor het graag.", "Waar blijft mijn bestelling?"}; !slices.Equal(got, want) {
				t.Errorf("got history %q, want %q", got, want)
			}
		})
	}
}

func TestChat_ReadConversation(t *testing.T) {
	t.Parallel()
	b := open(t)
	session, err := b.OpenChat(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	message := map[string]string{"id": id(), "text": "Is er iemand?"}
	for range 2 { // a client that got no response repeats the post
		if err := b.PostChatMessage(t.Context(), session, message); err != nil {
			t.Fatal(err)
		}
	}
	var page struct{ Messages []struct{ ID, Text string } }
	if err := b.CallWithToken(t.Context(), http.MethodGet, "/chat/messages", session, nil, &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Messages) != 1 || page.Messages[0].ID != message["id"] || page.Messages[0].Text != message["text"] {
		t.Errorf("conversation %+v", page.Messages)
	}
}

func TestChat_SignInStaysApart(t *testing.T) {
	t.Parallel()
	b := open(t)
	k, l := someone(), someone()
	accounts := []string{"K-" + k.Phone, "K-" + l.Phone}
	for i, who := range []traffic.Person{k, l} {
		if _, err := b.RegisterCustomer(t.Context(), stackclient.Entry{Number: accounts[i], Name: who.Name, Phones: []string{"+" + who.Phone}}, false); err != nil {
			t.Fatal(err)
		}
		b.say(who, message.WhatsApp, "Waar blijft mijn bestelling?")
	}
	b.settle()
	session, err := b.OpenChat(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	sessions := []string{session}
	for _, account := range accounts { // on one device
		if session, err = b.SignInToChat(t.Context(), session, account); err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, session)
	}
	texts := []string{"Nog onbekend", "Van de eerste", "Van de tweede"}
	for i, s := range sessions {
		if err := b.PostChatMessage(t.Context(), s, map[string]string{"id": id(), "text": texts[i]}); err != nil {
			t.Fatal(err)
		}
	}
	b.settle()
	for i, s := range sessions {
		var page struct{ Messages []struct{ Text string } }
		if err := b.CallWithToken(t.Context(), http.MethodGet, "/chat/messages", s, nil, &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Messages) != 1 || page.Messages[0].Text != texts[i] {
			t.Errorf("session %d shows %+v, want %q alone", i, page.Messages, texts[i])
		}
	}
	for i, account := range accounts {
		got := b.texts("account:" + account)
		slices.Sort(got)
		if want := []string{texts[i+1], "Waar blijft mijn bestelling?"}; !slices.Equal(got, want) {
			t.Errorf("the history of account %d is %q, want %q", i, got, want)
		}
	}
}

func TestHistory_OneCustomerAllChannels(t *testing.T) {
	t.Parallel()
	b := open(t)
	jan := someone()
	account := "K-" + jan.Phone
	plan, err := b.RegisterCustomer(t.Context(), stackclient.Entry{
		Number: account, Name: jan.Name, Locale: "nl-NL", Phones: []string{"+" + jan.Phone}, Mails: []string{jan.Mail},
	}, false)
	if err != nil || len(plan.Unjoined) > 0 {
		t.Fatal(plan, err)
	}
	b.say(jan, message.WhatsApp, "Waar blijft mijn bestelling?")
	b.say(jan, message.Email, "Weten jullie al wanneer mijn bestelling komt?")
	b.settle() // a mail is stored some time after SMTP accepted it
	session, err := b.OpenChat(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.PostChatMessage(t.Context(), session, map[string]string{"id": id(), "text": "Is er al nieuws?"}); err != nil {
		t.Fatal(err)
	}
	b.settle()

	p, err := b.FindCustomer(t.Context(), "account:"+account)
	if err != nil {
		t.Fatal(err)
	}
	for _, alias := range []string{"phone:" + jan.Phone, "email:" + jan.Mail} {
		if q, err := b.FindCustomer(t.Context(), alias); err != nil || q.ID != p.ID {
			t.Errorf("%s: got customer %s, want %s (%v)", alias, q.ID, p.ID, err)
		}
	}
	if got := b.texts("account:" + account); len(got) != 3 {
		t.Errorf("history %q", got)
	}
	contacts, err := b.Contacts(t.Context(), p.ID)
	if err != nil || len(contacts) != 1 || len(contacts[0].Channels) != 3 || contacts[0].State != "waiting" {
		t.Errorf("contacts %+v, %v", contacts, err)
	}
}

func TestWaiting_EndsAfterAnswer(t *testing.T) {
	t.Parallel()
	b := open(t)
	who := someone()
	b.say(who, message.WhatsApp, "Ik snap mijn factuur niet")
	b.settle()
	p, err := b.FindCustomer(t.Context(), "phone:"+who.Phone)
	if err != nil {
		t.Fatal(err)
	}
	waits := func() bool {
		waiters, _, err := b.Waiting(t.Context(), map[string]string{"department": "billing"})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(waiters, func(w stackclient.WaitingRow) bool { return w.Customer == p.ID })
	}
	if !waits() {
		t.Error("the customer is not on the waiting list of billing before the answer")
	}
	answer := map[string]string{"delivery": "recorded", "channel": "whatsapp", "text": "Dat zit zo.", "id": id(), "author": "agent-7"}
	if err := b.Call(t.Context(), http.MethodPost, "/v1/customers/"+string(p.ID)+"/messages", answer, nil); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if waits() {
		t.Error("the customer is still on the waiting list after the answer")
	}
}

func TestProblem_FiveCustomersOneItem(t *testing.T) {
	t.Parallel()
	b := own(t, stack.Config{Memory: true})
	says := []struct {
		ch   message.Channel
		text string
	}{
		{message.WhatsApp, "Ik begrijp de handleiding van mijn koptelefoon niet"},
		{message.Messenger, "De handleiding van de koptelefoon is onduidelijk"},
		{message.Email, "De handleiding van de koptelefoon klopt niet"},
		{message.WebChat, "Hoi, ik snap de handleiding van de koptelefoon niet"},
		{message.Instagram, "De handleiding van mijn koptelefoon is onbegrijpelijk"},
	}
	for n, line := range says {
		if n == 4 {
			b.settle()
			if items := b.items("documentation", "manual-unclear", "headphones"); len(items) > 0 {
				t.Errorf("got %d items after four customers, want 0", len(items))
			}
		}
		who := someone()
		b.say(who, line.ch, line.text)
		if line.ch != message.WebChat { // every visit creates a new customer
			b.say(who, line.ch, line.text)
		}
	}
	b.settle()
	items := b.items("documentation", "manual-unclear", "headphones")
	if len(items) != 1 || items[0].Version != 1 || items[0].Customers != 5 || items[0].Department != "documentation" {
		t.Fatalf("got items %+v, want one of 5 customers", items)
	}
	b.say(someone(), message.WhatsApp, "Ik begrijp niets van de handleiding van mijn koptelefoon")
	b.settle()
	if again := b.items("documentation", "manual-unclear", "headphones"); len(again) != 1 {
		t.Errorf("got %d items after a sixth customer, want 1", len(again))
	}
	problems, err := b.Problems(t.Context(), "documentation")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if p.ID == items[0].ID && p.Customers == 6 {
			return
		}
	}
	t.Errorf("got problems %+v, want %s with six customers", problems, items[0].ID)
}

func TestAPI_Refusals(t *testing.T) {
	t.Parallel()
	b := open(t)
	token := func(department string, scopes ...string) string {
		token, err := b.Token(department, scopes...)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	nobody := "/v1/customers/01a0c4a5-d580-7abc-8def-0123456789ab"
	tests := map[string]struct {
		path, token string
		status      int
	}{
		"no token":                     {nobody, "", http.StatusUnauthorized},
		"invalid token":                {nobody, "x.y.z", http.StatusUnauthorized},
		"other scope":                  {nobody, token("", "problems:read"), http.StatusForbidden},
		"unknown customer":             {nobody, token("", "customers:read"), http.StatusNotFound},
		"invalid alias":                {"/v1/customers?alias=shoe:44", token("", "customers:read"), http.StatusBadRequest},
		"invalid cursor":               {"/v1/contacts?state=waiting&department=billing&cursor=x", token("", "customers:read"), http.StatusBadRequest},
		"problems of other department": {"/v1/problems?department=billing", token("it", "problems:read"), http.StatusForbidden},
		"problems of no department":    {"/v1/problems", token("", "problems:read"), http.StatusForbidden},
		"all without problems:read":    {"/v1/problems", token("", "problems:all"), http.StatusForbidden},
		"unknown path":                 {"/v1/shoes", token("", "customers:read"), http.StatusNotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := b.CallWithToken(t.Context(), http.MethodGet, tt.path, tt.token, nil, nil)
			refused, ok := errors.AsType[*stackclient.StatusError](err)
			if !ok || refused.Status != tt.status {
				t.Errorf("got %v, want %d", err, tt.status)
			}
		})
	}
}
