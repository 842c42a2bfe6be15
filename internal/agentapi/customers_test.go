package agentapi_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/messageview"
)

const (
	findRoute     = "GET /v1/customers"
	profileRoute  = "GET /v1/customers/{id}"
	historyRoute  = "GET /v1/customers/{id}/messages"
	contactsRoute = "GET /v1/customers/{id}/contacts"
	waitingRoute  = "GET /v1/contacts"
	answerRoute   = "POST /v1/customers/{id}/messages"
	recordRoute   = "POST /v1/customers/{id}/contacts"
	registerRoute = "PUT /v1/customers/account/{number}"
)

type profile struct {
	ID          string
	IDs         []string
	Name        string
	Account     string
	Aliases     []identity.Address
	Suggestions []struct{ CustomerID string }
}

func TestFindCustomer_BusinessScopedUserID(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	user := verified(identity.BSUID, "200000000000001", "US.20000000000000000001")
	want := s.Says(user, message.WhatsApp, 5, "hallo").CustomerID
	optOut := identity.Consent{Channel: "whatsapp", Account: "110", Category: "marketing_messages", At: now}
	if err := s.Table.Customers.PutConsent(t.Context(), want, optOut); err != nil {
		t.Fatal(err)
	}
	var p struct {
		profile
		Consents []identity.Consent
	}
	s.Do(call{Route: findRoute, Query: map[string]string{"alias": "bsuid:200000000000001:" + user.Value}}).Into(http.StatusOK, &p)
	if p.ID != string(want) || len(p.Aliases) != 1 || p.Aliases[0] != user {
		t.Errorf("found %+v", p)
	}
	if len(p.Consents) != 1 || p.Consents[0] != optOut {
		t.Errorf("consents %+v", p.Consents)
	}
	if texts := s.Texts(call{Route: historyRoute, Path: id(want)}); !slices.Equal(texts, []string{"hallo"}) {
		t.Errorf("the history has %q", texts)
	}
}

func TestFindCustomer_EveryAlias(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	want := string(s.Says(phone(1), message.WhatsApp, 5, "hallo").CustomerID)
	s.Do(call{Route: registerRoute, Path: map[string]string{"number": "10042"}, Body: map[string]any{
		"name": "Jan Voorbeeld", "phones": []string{"+31 97 0100001"}, "mails": []string{"Jan@Voorbeeld.example"},
	}}).Expect(http.StatusOK)
	for _, alias := range []string{"phone:31970100001", "phone: 31970100001", "phone:+31 (0)97 0100 001", "email:JAN@voorbeeld.example", "account:10042"} {
		var p profile
		s.Do(call{Route: findRoute, Query: map[string]string{"alias": alias}}).Into(http.StatusOK, &p)
		if p.ID != want || p.Name != "Jan Voorbeeld" || p.Account != "10042" || len(p.Aliases) != 3 {
			t.Errorf("%s: %+v", alias, p)
		}
	}
	for name, tt := range map[string]struct {
		alias  string
		status int
		detail string
	}{
		"an unknown alias":             {"phone:31970100999", http.StatusNotFound, "no customer has this alias"},
		"no alias":                     {"", http.StatusBadRequest, "kind:value"},
		"an alias without a kind":      {"31970100001", http.StatusBadRequest, "kind:value"},
		"an unknown kind":              {"fax:31970100001", http.StatusBadRequest, "unknown kind"},
		"a scoped kind without scope":  {"psid:123", http.StatusBadRequest, "psid:scope:value"},
		"a number without its country": {"phone:0970100001", http.StatusBadRequest, "country code"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			s.Do(call{Route: findRoute, Query: map[string]string{"alias": tt.alias}}).ExpectRefusal(tt.status, tt.detail)
		})
	}
}

func TestProfile_ClaimedAlias(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	claimed := identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "els@voorbeeld.example"}, Assurance: identity.Claimed}
	s.Customer(claimed)
	var p profile
	s.Do(call{Route: findRoute, Query: map[string]string{"alias": "email:els@voorbeeld.example"}}).Into(http.StatusOK, &p)
	if !slices.Contains(p.Aliases, claimed) {
		t.Errorf("aliases %v", p.Aliases)
	}
}

func TestProfile_Suggestions(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.Says(phone(1), message.WhatsApp, 5, "een").CustomerID
	b := s.Says(phone(2), message.WhatsApp, 4, "twee").CustomerID
	var r struct {
		CustomerID string
		Unjoined   []struct{ CustomerID string }
	}
	s.Do(call{Route: registerRoute, Path: map[string]string{"number": "7"}, Body: map[string]any{
		"phones": []string{"31970100001", "31970100002"},
	}}).Into(http.StatusOK, &r)
	if len(r.Unjoined) != 1 {
		t.Fatal("unjoined", r.Unjoined)
	}
	var p profile
	s.Do(call{Route: profileRoute, Path: id(a)}).Into(http.StatusOK, &p)
	if len(p.Suggestions) != 1 || p.Suggestions[0].CustomerID != string(b) {
		t.Errorf("suggestions %v", p.Suggestions)
	}
}

func TestUnknownCustomer_NothingIsWritten(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, who := range []string{uuid.NewString(), "01931c2e", "me", "../x", strings.Repeat("9", 2000)} {
		for route, body := range map[string]any{
			profileRoute: nil, historyRoute: nil, contactsRoute: nil,
			answerRoute: map[string]any{"delivery": "recorded", "channel": "note", "text": "x", "id": "1", "sentAt": "2026-03-01T10:00:00Z"},
			recordRoute: map[string]any{"channel": "phone", "reason": "invoice-unclear", "at": "2026-03-01T10:00:00Z", "id": "1"},
		} {
			s.Do(call{Route: route, Path: map[string]string{"id": who}, Body: body}).ExpectRefusal(http.StatusNotFound, "no such customer")
		}
		there, err := s.Table.Customers.Exists(t.Context(), identity.CustomerID(who))
		if err != nil || there {
			t.Error("something was written", err)
		}
	}
}

func TestHistory_MergedCustomer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stands, other := s.Merged(1)
	s.Says(phone(2), message.WhatsApp, 5, "onder het tweede nummer")
	for _, who := range []identity.CustomerID{stands, other} {
		var p profile
		s.Do(call{Route: profileRoute, Path: id(who)}).Into(http.StatusOK, &p)
		if p.ID != string(stands) || !slices.Equal(p.IDs, []string{string(stands), string(other)}) {
			t.Errorf("profile %+v", p)
		}
		var h page
		s.Do(call{Route: historyRoute, Path: id(who)}).Into(http.StatusOK, &h)
		if h.CustomerID != string(stands) || len(h.Messages) != 2 || h.Messages[0].Text != "onder het tweede nummer" {
			t.Errorf("history of %s: %+v", h.CustomerID, h.Messages)
		}
	}
	for _, who := range []identity.CustomerID{stands, other} {
		s.Do(call{Route: recordRoute, Path: id(who), Body: phoned(nil)})
	}
	if got := s.Texts(call{Route: historyRoute, Path: id(stands), Query: map[string]string{"channel": "phone"}}); len(got) != 1 {
		t.Errorf("%d calls, want the one that was registered under either id", len(got))
	}
	upper := map[string]string{"id": strings.ToUpper(string(other))}
	s.Do(call{Route: profileRoute, Path: upper}).Expect(http.StatusOK)
}

func TestHistory_FiltersAndPages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := phone(1)
	for i := range 5 {
		s.Says(who, message.WhatsApp, 100-i, fmt.Sprint("w", i))
		s.Put(message.Message{Channel: message.Phone, Direction: message.Outbound, Customer: who, Text: fmt.Sprint("p", i)}, 50-i)
	}
	path := id(s.Customer(who))
	at := func(minutes int) string { return now.Add(-time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
	for name, tt := range map[string]struct {
		query map[string]string
		want  string
	}{
		"newest first":                  {nil, "p4 p3 p2 p1 p0 w4 w3 w2 w1 w0"},
		"oldest first":                  {map[string]string{"order": "oldest"}, "w0 w1 w2 w3 w4 p0 p1 p2 p3 p4"},
		"one channel":                   {map[string]string{"channel": "phone"}, "p4 p3 p2 p1 p0"},
		"one direction":                 {map[string]string{"direction": "inbound", "limit": "2"}, "w4 w3"},
		"from a time, included":         {map[string]string{"from": at(47)}, "p4 p3"},
		"to a time, not included":       {map[string]string{"to": at(99), "order": "oldest"}, "w0"},
		"a time of another zone":        {map[string]string{"from": "2026-03-01T12:13:00+01:00"}, "p4 p3"},
		"nothing on a channel not used": {map[string]string{"channel": "email"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			if got := strings.Join(s.Texts(call{Route: historyRoute, Path: path, Query: tt.query}), " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	for _, order := range []string{"newest", "oldest"} {
		var walked []string
		cursor, complete := "", false
		for !complete {
			var p page
			query := map[string]string{"limit": "3", "order": order, "cursor": cursor}
			if cursor == "" {
				delete(query, "cursor")
			}
			s.Do(call{Route: historyRoute, Path: path, Query: query}).Into(http.StatusOK, &p)
			for _, m := range p.Messages {
				walked = append(walked, m.Text)
			}
			s.Says(who, message.Note, -1, "meanwhile") // a minute ahead: no part of a walk back
			cursor, complete = p.Cursor, p.Complete
			if complete != (cursor == "") {
				t.Fatalf("complete %v with cursor %q", complete, cursor)
			}
			if order == "oldest" && len(walked) >= 10 {
				break
			}
		}
		if len(walked) < 10 || len(slices.Compact(slices.Sorted(slices.Values(walked)))) < 10 {
			t.Errorf("%s: walked %v", order, walked)
		}
	}
}

func TestCursor_OfAnotherList(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]map[string]string{}
	for n := range 2 {
		for i := range 3 {
			s.Says(phone(n), message.WhatsApp, 10-i, "x")
		}
		who := s.Customer(phone(n))
		path[fmt.Sprint(n)] = id(who)
		for i := range 3 {
			s.Contact(who, i, "billing")
		}
	}
	cursor := func(c call) string {
		var p page
		s.Do(c).Into(http.StatusOK, &p)
		if p.Cursor == "" {
			t.Fatal("no cursor from", c.Route)
		}
		return p.Cursor
	}
	one := func(more ...string) map[string]string {
		q := map[string]string{"limit": "1"}
		for i := 0; i < len(more); i += 2 {
			q[more[i]] = more[i+1]
		}
		return q
	}
	history := cursor(call{Route: historyRoute, Path: path["0"], Query: one()})
	contacts := cursor(call{Route: contactsRoute, Path: path["0"], Query: one()})
	waiting := cursor(call{Route: waitingRoute, Query: one("state", "waiting", "department", "billing")})
	for name, c := range map[string]call{
		"of another customer's history":  {Route: historyRoute, Path: path["1"], Query: one("cursor", history)},
		"of the other order":             {Route: historyRoute, Path: path["0"], Query: one("cursor", history, "order", "oldest")},
		"of another list":                {Route: historyRoute, Path: path["0"], Query: one("cursor", contacts)},
		"of another customer's contacts": {Route: contactsRoute, Path: path["1"], Query: one("cursor", contacts)},
		"of a history, for contacts":     {Route: contactsRoute, Path: path["0"], Query: one("cursor", history)},
		"of another department":          {Route: waitingRoute, Query: one("cursor", waiting, "state", "waiting", "department", "it")},
		"of nothing":                     {Route: contactsRoute, Path: path["0"], Query: one("cursor", "!")},
		"of a guess":                     {Route: contactsRoute, Path: path["0"], Query: one("cursor", base64.RawURLEncoding.EncodeToString([]byte("0000000000000000K#1")))},
		"cut short":                      {Route: contactsRoute, Path: path["0"], Query: one("cursor", contacts[:len(contacts)-4])},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			s.Do(c).ExpectRefusal(http.StatusBadRequest, "start again without one")
		})
	}
	s.Do(call{Route: contactsRoute, Path: path["0"], Query: one("cursor", contacts)}).Expect(http.StatusOK)
	s.Do(call{Route: waitingRoute, Query: one("state", "waiting", "department", "billing", "cursor", waiting)}).Expect(http.StatusOK)
}

func TestQuery_WrongParameters(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := id(s.Says(phone(1), message.WhatsApp, 1, "x").CustomerID)
	for query, detail := range map[[2]string]string{
		{"limit", "0"}:           "from 1 to 200",
		{"limit", "201"}:         "from 1 to 200",
		{"limit", "ten"}:         "from 1 to 200",
		{"limit", "1,2"}:         "from 1 to 200",
		{"order", "random"}:      "newest, oldest",
		{"channel", "pigeon"}:    "whatsapp, messenger",
		{"direction", "up"}:      "inbound, outbound",
		{"from", "yesterday"}:    "2026-03-01T10:00:00Z",
		{"to", "2026-03-01"}:     "2026-03-01T10:00:00Z",
		{"form", "2026-03-01"}:   `no parameter "form"`,
		{"cursor", "\x00\xff%%"}: "start again without one",
	} {
		t.Run(query[0]+" "+query[1], func(t *testing.T) {
			s := *s
			s.T = t
			s.Do(call{Route: historyRoute, Path: path, Query: map[string]string{query[0]: query[1]}}).ExpectRefusal(http.StatusBadRequest, detail)
		})
	}
	backwards := map[string]string{"from": "2026-03-01T10:00:00Z", "to": "2026-03-01T09:00:00Z"}
	s.Do(call{Route: historyRoute, Path: path, Query: backwards}).ExpectRefusal(http.StatusBadRequest, "from must be before to")
	for _, q := range []map[string]string{{}, {"department": "it"}, {"state": "open", "department": "it"}} {
		s.Do(call{Route: waitingRoute, Query: q}).Expect(http.StatusBadRequest)
	}
	s.Do(call{Route: waitingRoute, Query: map[string]string{"state": "waiting", "department": "cellar"}}).ExpectRefusal(http.StatusBadRequest, "billing")
}

func TestHistory_StateOfMessages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	m := s.Put(message.Message{Channel: message.WhatsApp, Direction: message.Outbound, Customer: phone(1), Text: "hallo", ProviderID: "wamid.EXAMPLE"}, 5)
	for _, status := range []string{"read", "delivered"} {
		e := message.Effect{Channel: message.WhatsApp, Customer: phone(1), Target: "wamid.EXAMPLE", Kind: message.Status, Status: status, At: now}
		if status == "delivered" {
			e.Pricing = &message.Pricing{Billable: new(true), Type: "regular", Category: "service", Model: "PMP"}
		}
		if _, err := s.Table.Messages.PutEffect(t.Context(), m.CustomerID, e); err != nil {
			t.Fatal(err)
		}
	}
	var p page
	s.Do(call{Route: historyRoute, Path: id(m.CustomerID)}).Into(http.StatusOK, &p)
	got := p.Messages[0].State
	if got == nil || got.Status != "read" || len(got.Times) != 2 {
		t.Fatalf("state %+v", got)
	}
	want := &message.Pricing{Billable: new(true), Type: "regular", Category: "service", Model: "PMP"}
	if diff := cmp.Diff(want, got.Pricing); diff != "" {
		t.Errorf("pricing (-want +got):\n%s", diff)
	}
}

func TestETag_Unchanged(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := id(s.Says(phone(1), message.WhatsApp, 5, "hallo").CustomerID)
	c := call{Route: historyRoute, Path: path}
	tag := s.Do(c).Expect(http.StatusOK).Header["ETag"]
	for _, header := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		c.Headers = map[string]string{"if-none-match": header}
		if a := s.Do(c).Expect(http.StatusNotModified); a.Body != "" || a.Header["ETag"] != tag {
			t.Errorf("%s: %+v", header, a)
		}
	}
	s.Says(phone(1), message.WhatsApp, 1, "nog iets")
	c.Headers = map[string]string{"if-none-match": tag}
	if a := s.Do(c).Expect(http.StatusOK); a.Header["ETag"] == tag {
		t.Error("another history has the same ETag")
	}
}

func TestHistory_LargeMessages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := id(s.Says(phone(1), message.WhatsApp, 500, "klein").CustomerID)
	long := strings.Repeat("Wat een lange brief is dit. ", 7000) // about 190 KB
	record := func(i int) answer {
		return s.Do(call{Route: answerRoute, Path: path, Body: map[string]any{
			"delivery": "recorded", "channel": "whatsapp", "text": long, "id": fmt.Sprint("long-", i),
			"sentAt": now.Add(time.Duration(i-100) * time.Minute).Format(time.RFC3339),
		}})
	}
	var created message.Entry
	for i := range 20 {
		record(i).Into(http.StatusCreated, &created)
		if created.Text != strings.TrimSpace(long) {
			t.Fatal("the answer to the answer is cut")
		}
	}
	record(3).Into(http.StatusOK, &created)
	if created.Text != strings.TrimSpace(long) {
		t.Error("the answer to the repeated answer is cut")
	}
	var seen []message.ID
	cursor := ""
	for pages := 0; ; pages++ {
		q := map[string]string{"limit": "200"}
		if cursor != "" {
			q["cursor"] = cursor
		}
		var p page
		a := s.Do(call{Route: historyRoute, Path: path, Query: q}).Into(http.StatusOK, &p)
		if len(a.Body) > messageview.MaxBytes+1000 {
			t.Errorf("a page of %d bytes", len(a.Body))
		}
		for _, m := range p.Messages {
			seen = append(seen, m.ID)
			if m.Preview || m.Text != strings.TrimSpace(long) && m.Text != "klein" {
				t.Errorf("%s has %d bytes, preview %v", m.ID, len(m.Text), m.Preview)
			}
		}
		if cursor = p.Cursor; p.Complete {
			if pages == 0 {
				t.Error("all in one page")
			}
			break
		}
	}
	if len(seen) != 21 || len(slices.Compact(seen)) != 21 {
		t.Errorf("%d messages seen", len(seen))
	}
}

func TestHistory_ErasedObject(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	m := message.Message{
		Version: message.SchemaVersion, Channel: message.Email, Direction: message.Inbound, Kind: message.Mail, Customer: phone(1),
		ProviderID: "a@voorbeeld.example", SentAt: now, Text: "het begin", CustomerID: s.Customer(phone(1)),
	}
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	if _, err := s.Table.Messages.Put(t.Context(), m, "c/nowhere/m/x.json"); err != nil {
		t.Fatal(err)
	}
	var p page
	s.Do(call{Route: historyRoute, Path: id(m.CustomerID)}).Into(http.StatusOK, &p)
	if len(p.Messages) != 1 || !p.Messages[0].Preview || p.Messages[0].Text != "het begin" {
		t.Errorf("%+v", p.Messages)
	}
}

func TestWaiting_Order(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var want []string
	for _, n := range []int{90, 60, 30} {
		want = append(want, s.Contact(s.Customer(phone(n)), n, "billing").ID)
	}
	s.Contact(s.Customer(phone(1)), 999, "it")
	s.Contact(s.Customer(phone(2)), 5, contact.Unassigned)
	var got []string
	q := map[string]string{"state": "waiting", "department": "billing", "limit": "2"}
	for range 2 {
		var p page
		s.Do(call{Route: waitingRoute, Query: q}).Into(http.StatusOK, &p)
		for _, k := range p.Contacts {
			got = append(got, k.ID)
			if k.Reason != "invoice-unclear" || k.WaitingSeconds%1800 != 0 || k.WaitingSeconds == 0 {
				t.Errorf("%+v", k)
			}
		}
		q["cursor"] = p.Cursor
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var p page
	s.Do(call{Route: waitingRoute, Query: map[string]string{"state": "waiting", "department": "unassigned"}}).Into(http.StatusOK, &p)
	if len(p.Contacts) != 1 || !p.Complete {
		t.Errorf("unassigned: %+v", p)
	}
	s.Do(call{Route: waitingRoute, Query: map[string]string{"state": "waiting", "department": "privacy"}}).Into(http.StatusOK, &p)
	if len(p.Contacts) != 0 {
		t.Errorf("privacy: %+v", p)
	}
}

func TestContacts_MergedCustomer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stands, other := s.Merged(1)
	var want []string
	for n := range 5 {
		want = append(want, s.Contact([]identity.CustomerID{stands, other}[n%2], n, "billing").ID)
	}
	var got []string
	q := map[string]string{"limit": "2"}
	for range 3 {
		var p page
		s.Do(call{Route: contactsRoute, Path: id(other), Query: q}).Into(http.StatusOK, &p)
		for _, k := range p.Contacts {
			got = append(got, k.ID)
			if k.State != "waiting" || k.CustomerID != string(stands) {
				t.Errorf("%+v", k)
			}
		}
		q["cursor"] = p.Cursor
		if p.Complete {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
