package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func verified(kind identity.Kind, scope, value string) identity.Address {
	return identity.Address{Alias: identity.Alias{Kind: kind, Scope: scope, Value: value}, Assurance: identity.Verified}
}

func phone(n int) identity.Address {
	return verified(identity.Phone, "", fmt.Sprintf("3197010%06d", n))
}

var evidence = identity.Evidence{Rule: "webhook", At: start}

func newMessage(customer identity.CustomerID, n int, text string) message.Message {
	at := start.Add(time.Duration(n) * time.Minute)
	provider := fmt.Sprintf("wamid.test-%d", n)
	return message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, at, provider), CustomerID: customer,
		Channel: message.WhatsApp, Direction: message.Inbound, Kind: message.Text, ProviderID: provider, Account: "110",
		Customer: phone(1), SentAt: at, Text: text,
	}
}

func TestCheckPepper(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	for range 2 {
		if err := table.CheckPepper(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	other := store.New(db, storetest.Name, store.Pepper("another pepper of thirty-two bytes"))
	if err := other.CheckPepper(t.Context()); !fault.Is(err, fault.Internal) {
		t.Errorf("another pepper: %v", err)
	}
	if err := store.New(db, storetest.Name, nil).CheckPepper(t.Context()); err == nil {
		t.Error("no pepper is accepted")
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	bsuid := func(n int) identity.Address { return verified(identity.BSUID, "waba", fmt.Sprintf("NL.%d", n)) }
	t.Run("a sender is the same customer for ever", func(t *testing.T) {
		t.Parallel()
		table := storetest.New(t)
		a, err := table.Customers.ResolveAliases(t.Context(), []identity.Address{phone(1)}, evidence)
		if err != nil || !a.New {
			t.Fatal(a, err)
		}
		b, err := table.Customers.ResolveAliases(t.Context(), []identity.Address{phone(1)}, evidence)
		if err != nil || b.New || b.Customer != a.Customer {
			t.Fatal(a, b, err)
		}
	})
	t.Run("first by phone, then by both, then by user id only stays one customer", func(t *testing.T) {
		t.Parallel()
		table := storetest.New(t)
		var got []identity.CustomerID
		for _, as := range [][]identity.Address{{phone(1)}, {phone(1), bsuid(1)}, {bsuid(1)}, {bsuid(1), phone(1)}} {
			r, err := table.Customers.ResolveAliases(t.Context(), as, evidence)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Customer)
		}
		if got[0] != got[1] || got[1] != got[2] || got[2] != got[3] {
			t.Errorf("customers %v", got)
		}
	})
	t.Run("a Brazilian number without its ninth digit finds the customer", func(t *testing.T) {
		t.Parallel()
		table := storetest.New(t)
		a, errA := table.Customers.ResolveAliases(t.Context(), []identity.Address{verified(identity.Phone, "", "5511987654321")}, evidence)
		b, errB := table.Customers.ResolveAliases(t.Context(), []identity.Address{verified(identity.Phone, "", "551187654321")}, evidence)
		if errA != nil || errB != nil || a.Customer != b.Customer {
			t.Error(a, b, errA, errB)
		}
	})
	t.Run("a claimed address never reaches who proved it", func(t *testing.T) {
		t.Parallel()
		table := storetest.New(t)
		proven := verified(identity.Email, "", "jan@voorbeeld.example")
		claimed := proven
		claimed.Assurance = identity.Claimed
		a, errA := table.Customers.ResolveAliases(t.Context(), []identity.Address{proven}, evidence)
		b, errB := table.Customers.ResolveAliases(t.Context(), []identity.Address{claimed}, evidence)
		if errA != nil || errB != nil || a.Customer == b.Customer {
			t.Error(a, b, errA, errB)
		}
		found, assurance, err := table.Customers.FindCustomer(t.Context(), proven.Alias)
		if err != nil || found != a.Customer || assurance != identity.Verified {
			t.Error(found, assurance, err)
		}
	})
	t.Run("a claimed address beside a proven one links nothing", func(t *testing.T) {
		t.Parallel()
		table := storetest.New(t)
		claimed := identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "els@voorbeeld.example"}, Assurance: identity.Claimed}
		if _, err := table.Customers.ResolveAliases(t.Context(), []identity.Address{phone(1), claimed}, evidence); err != nil {
			t.Fatal(err)
		}
		if _, _, err := table.Customers.FindCustomer(t.Context(), claimed.Alias); !fault.Is(err, fault.NotFound) {
			t.Errorf("found: %v", err)
		}
	})
	t.Run("nothing is found for who never came", func(t *testing.T) {
		t.Parallel()
		if _, _, err := storetest.New(t).Customers.FindCustomer(t.Context(), phone(7).Alias); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestIdentify_FirstMessagesRace(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	const racers, people = 8, 10
	got := make([][]identity.CustomerID, people)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for p := range people {
		for r := range racers {
			wg.Go(func() {
				as := []identity.Address{phone(p), verified(identity.BSUID, "waba", fmt.Sprintf("NL.%d", p))}
				if p%2 == 0 {
					as = as[:1+r%2] // some know one alias, some both
				}
				res, err := table.Customers.ResolveAliases(t.Context(), as, evidence)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				got[p] = append(got[p], res.Customer)
				mu.Unlock()
			})
		}
	}
	wg.Wait()
	for p, ids := range got {
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("person %d is split: %v", p, ids)
				break
			}
		}
	}
}

// The first messages of a new user race. They name the phone, the user id, or
// both. In the end all ids belong to one customer, and a redelivered message
// finds the id that it had.
func TestIdentify_PartialAliasesRace(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	const racers, people = 9, 8
	naming := func(p, r int) []identity.Address {
		both := []identity.Address{phone(p), bsuid(p)}
		return [][]identity.Address{both, both[:1], both[1:], {both[1], both[0]}}[(p+r)%(2+p%3)]
	}
	var got [people][racers]identity.CustomerID
	each := func(do func(p, r int)) {
		var wg sync.WaitGroup
		for p := range people {
			for r := range racers {
				wg.Go(func() { do(p, r) })
			}
		}
		wg.Wait()
	}
	each(func(p, r int) {
		id, err := table.Customers.Identify(t.Context(), naming(p, r), evidence)
		if err != nil {
			t.Error(err)
		}
		got[p][r] = id
	})
	each(func(p, r int) {
		if again, err := table.Customers.Identify(t.Context(), naming(p, r), evidence); err != nil || again != got[p][r] {
			t.Errorf("person %d: a message of %s came again to %s: %v", p, got[p][r], again, err)
		}
	})
	for p, ids := range got {
		if _, err := table.Customers.Identify(t.Context(), []identity.Address{phone(p), bsuid(p)}, evidence); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			a, errA := table.Customers.Get(t.Context(), id)
			b, errB := table.Customers.Get(t.Context(), ids[0])
			if errA != nil || errB != nil || a.ID != b.ID {
				t.Errorf("person %d is split: %v %v %v", p, ids, errA, errB)
				break
			}
		}
	}
}

func TestPutMessage_Once(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	m := newMessage("c1", 1, "Mijn factuur klopt niet")
	m.Name, m.Username, m.Subject, m.Thread = "Jan Voorbeeld", "jan", "Factuur", "root@example"
	m.ReceivedAt = start.Add(time.Hour)
	m.Aliases = []identity.Address{verified(identity.BSUID, "waba", "NL.1")}
	m.ReplyTo = &message.ReplyTo{ProviderID: "wamid.before", References: []string{"a@b"}}
	m.Referral = &message.Referral{Source: "ad", ID: "1"}
	m.Attachments = []message.Attachment{{Kind: message.Image, Ref: "media-1", Type: "image/jpeg"}}
	m.Data, m.Raw = []byte(`{"a":1}`), []byte(`{"b":[2]}`)
	m.Passive, m.Mark, m.Automated, m.Source = true, "spam", "list", "raw/key"
	m.Customer.Assurance = identity.Claimed
	for i, want := range []bool{true, false} {
		created, err := table.Messages.Put(t.Context(), m, "")
		if err != nil || created != want {
			t.Fatalf("put %d: %v %v", i, created, err)
		}
	}
	got := history(t, table, "c1", message.Query{Limit: 10})
	if diff := cmp.Diff([]message.Message{m}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPutMessage_LongProviderID(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	m := newMessage("c1", 1, "x")
	m.ProviderID = strings.Repeat("w", 900)
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	if got := history(t, table, "c1", message.Query{Limit: 1}); got[0].ProviderID != m.ProviderID {
		t.Errorf("got %q", got[0].ProviderID)
	}
}

func TestPutMessage_CopyAtAnotherTime(t *testing.T) {
	t.Parallel()
	for _, origin := range []message.Origin{message.Echo, message.History, message.Standby, message.Recorded} {
		t.Run(string(origin), func(t *testing.T) {
			t.Parallel()
			table := storetest.New(t)
			m := newMessage("c1", 1, "x")
			if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
				t.Fatal(err)
			}
			m.Origin, m.SentAt = origin, m.SentAt.Add(3*time.Second)
			m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
			if created, err := table.Messages.Put(t.Context(), m, ""); err != nil || created {
				t.Errorf("created %v, %v", created, err)
			}
		})
	}
}

func history(t *testing.T, table *store.Table, id identity.CustomerID, q message.Query) []message.Message {
	t.Helper()
	c, err := table.Customers.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []message.Message
	for {
		p, err := table.Messages.History(t.Context(), c, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Entries {
			out = append(out, e.Message)
		}
		if p.Complete {
			return out
		}
		q.Cursor = p.Cursor
	}
}

func TestHistory_MergedBothDirections(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	if joined, err := table.Customers.JoinByEvidence(t.Context(), "c1", "c2", evidence); err != nil || !joined {
		t.Fatal(joined, err)
	}
	var want []message.ID
	for i := range 23 {
		m := newMessage([]identity.CustomerID{"c1", "c2"}[i%2], i, "x")
		want = append(want, m.ID)
		if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
			t.Fatal(err)
		}
	}
	twin := newMessage("c2", 0, "the same key in another partition")
	if _, err := table.Messages.Put(t.Context(), twin, ""); err != nil {
		t.Fatal(err)
	}
	for limit := 1; limit < 9; limit++ {
		oldest := ids(history(t, table, "c2", message.Query{Limit: limit, Oldest: true}))
		if diff := cmp.Diff(append([]message.ID{twin.ID}, want...), oldest); diff != "" {
			t.Fatalf("limit %d oldest: %s", limit, diff)
		}
		if newest := ids(history(t, table, "c1", message.Query{Limit: limit})); len(newest) != len(want)+1 || newest[0] != want[22] {
			t.Fatalf("limit %d newest: %v", limit, newest)
		}
	}
	window := history(t, table, "c1", message.Query{Limit: 4, From: start.Add(5 * time.Minute), To: start.Add(9 * time.Minute)})
	if len(window) != 4 {
		t.Errorf("time window has %d", len(window))
	}
	if n := len(history(t, table, "c1", message.Query{Limit: 4, Channel: message.Email})); n != 0 {
		t.Errorf("channel filter has %d", n)
	}
}

func ids(ms []message.Message) []message.ID {
	var out []message.ID
	for _, m := range ms {
		out = append(out, m.ID)
	}
	return out
}

func TestHistory_ForeignCursor(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	for i := range 3 {
		if _, err := table.Messages.Put(t.Context(), newMessage("c1", i, "x"), ""); err != nil {
			t.Fatal(err)
		}
	}
	c := identity.Customer{ID: "c1", Members: []identity.CustomerID{"c1"}}
	p, err := table.Messages.History(t.Context(), c, message.Query{Limit: 1})
	if err != nil || p.Cursor == "" {
		t.Fatal(p, err)
	}
	other := identity.Customer{ID: "c2", Members: []identity.CustomerID{"c2"}}
	for name, call := range map[string]func() error{
		"another customer": func() error {
			_, err := table.Messages.History(t.Context(), other, message.Query{Limit: 1, Cursor: p.Cursor})
			return err
		},
		"another order": func() error {
			_, err := table.Messages.History(t.Context(), c, message.Query{Limit: 1, Cursor: p.Cursor, Oldest: true})
			return err
		},
		"no cursor at all": func() error {
			_, err := table.Messages.History(t.Context(), c, message.Query{Limit: 1, Cursor: "x"})
			return err
		},
		"a limit of zero": func() error { _, err := table.Messages.History(t.Context(), c, message.Query{}); return err },
	} {
		if err := call(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPutEffect_AnyOrder(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	effect := func(kind message.EffectKind, after int, status string) message.Effect {
		return message.Effect{
			Channel: message.WhatsApp, Customer: phone(1), Target: "wamid.out", Kind: kind, Status: status,
			At: start.Add(time.Duration(after) * time.Second), By: message.Inbound,
		}
	}
	file := func(index int, f message.MediaFile) message.Effect {
		e := effect(message.Media, 10, "")
		e.Index, e.File = index, &f
		return e
	}
	failedSend := effect(message.Status, 9, "failed")
	failedSend.Code, failedSend.Detail = "131047", "Re-engagement message"
	like, unlike := effect(message.Reaction, 5, ""), effect(message.Reaction, 6, "")
	like.Emoji = "👍"
	edit1, edit2 := effect(message.Edit, 7, ""), effect(message.Edit, 8, "")
	edit1.Text, edit2.Text = "een", "twee"
	delivered, sent := effect(message.Status, 2, "delivered"), effect(message.Status, 1, "sent")
	delivered.Pricing = &message.Pricing{Billable: new(true), Type: "regular", Category: "utility", Model: "PMP"}
	sent.Pricing = &message.Pricing{Billable: new(false), Type: "free_customer_service", Category: "service", Model: "PMP"}
	all := []message.Effect{
		sent, delivered, effect(message.Status, 3, "read"), failedSend,
		like, unlike, edit1, edit2, effect(message.Deletion, 20, ""), effect(message.Deletion, 19, ""),
		file(1, message.MediaFile{State: message.Failed, Reason: message.Gone}), file(0, message.MediaFile{State: message.Failed, Reason: message.Damaged}),
		file(0, message.MediaFile{State: message.Stored, Type: "image/png", Key: "k"}), file(0, message.MediaFile{State: message.Failed, Reason: message.Unavailable}),
	}
	files := []message.MediaFile{{State: message.Stored, Type: "image/png", Key: "k"}, {State: message.Failed, Reason: message.Gone}, {State: message.Pending}}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		customer := identity.CustomerID(fmt.Sprintf("c%d", n))
		order := rapid.Permutation(append(all, all...)).Draw(rt, "order")
		m := newMessage(customer, 1, "antwoord")
		m.Direction, m.ProviderID = message.Outbound, "wamid.out"
		m.Attachments = []message.Attachment{{Ref: "1"}, {Ref: "2"}, {Ref: "3"}}
		m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
		when := rapid.IntRange(0, len(order)).Draw(rt, "message comes")
		changed := 0
		for i := 0; i <= len(order); i++ {
			if i == when {
				if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
					rt.Fatal(err)
				}
			}
			if i < len(order) {
				ok, err := table.Messages.PutEffect(t.Context(), customer, order[i])
				if err != nil {
					rt.Fatal(err)
				}
				if ok {
					changed++
				}
			}
		}
		p, err := table.Messages.History(t.Context(), identity.Customer{ID: customer, Members: []identity.CustomerID{customer}}, message.Query{Limit: 1})
		if err != nil || len(p.Entries) != 1 || p.Entries[0].State == nil {
			rt.Fatal(p, err)
		}
		s := *p.Entries[0].State
		if s.Status != "read" || len(s.Reactions) != 0 || s.Edited != "twee" || !s.DeletedAt.Equal(start.Add(19*time.Second)) || len(s.Times) != 4 || !slices.Equal(s.Files, files) {
			rt.Fatalf("state %+v", s)
		}
		if diff := cmp.Diff(delivered.Pricing, s.Pricing); diff != "" {
			rt.Fatalf("pricing of the highest status (-want +got):\n%s", diff)
		}
	})
}

func TestPutEffect_Watermark(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	for i := range 3 {
		m := newMessage("c1", i, "x")
		m.Channel, m.Direction = message.Messenger, message.Outbound
		m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
		if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
			t.Fatal(err)
		}
	}
	mark := message.Effect{Channel: message.Messenger, Customer: phone(1), Kind: message.Watermark, Status: "read", At: start.Add(time.Minute)}
	if _, err := table.Messages.PutEffect(t.Context(), "c1", mark); err != nil {
		t.Fatal(err)
	}
	p, err := table.Messages.History(t.Context(), identity.Customer{ID: "c1", Members: []identity.CustomerID{"c1"}}, message.Query{Limit: 3, Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, true, false} {
		if got := p.Entries[i].State != nil && p.Entries[i].State.Status == "read"; got != want {
			t.Errorf("message %d read: %v, want %v", i, got, want)
		}
	}
}

func TestRegisterCustomer_LinksAliases(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	mail := verified(identity.Email, "", "jan@voorbeeld.example")
	wa, err := table.Customers.ResolveAliases(t.Context(), []identity.Address{phone(1)}, evidence)
	if err != nil {
		t.Fatal(err)
	}
	r := identity.Registration{
		Account: "K-1001", Name: "Jan Voorbeeld", Locale: "nl-NL", At: start,
		Phones: []identity.Alias{phone(1).Alias}, Mails: []identity.Alias{mail.Alias},
		Orders: []identity.Order{{Number: "WS-100001", Products: []string{"bike"}}},
	}
	for range 2 {
		plan, err := table.Customers.RegisterCustomer(t.Context(), r)
		if err != nil || plan.Customer != wa.Customer || len(plan.Unjoined) != 0 {
			t.Fatal(plan, err)
		}
	}
	for _, a := range []identity.Alias{phone(1).Alias, mail.Alias, {Kind: identity.Account, Value: "K-1001"}} {
		if id, _, err := table.Customers.FindCustomer(t.Context(), a); err != nil || id != wa.Customer {
			t.Errorf("%s: %v %v", a.Kind, id, err)
		}
	}
	products, err := table.Customers.OrderProducts(t.Context(), "ws-100001")
	if err != nil || len(products) != 1 || products[0] != "bike" {
		t.Error(products, err)
	}
	c, err := table.Customers.Get(t.Context(), wa.Customer)
	if err != nil || c.Name != "Jan Voorbeeld" || c.Account != "K-1001" {
		t.Error(c, err)
	}
	aliases, err := table.Customers.Aliases(t.Context(), c)
	if err != nil || len(aliases) != 3 {
		t.Error(aliases, err)
	}
}

func TestJoinByEvidence_BothHaveMessages(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	mail := verified(identity.Email, "", "jan@voorbeeld.example")
	a, errA := table.Customers.ResolveAliases(t.Context(), []identity.Address{phone(1)}, evidence)
	b, errB := table.Customers.ResolveAliases(t.Context(), []identity.Address{mail}, evidence)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Messages.Put(t.Context(), newMessage(a.Customer, 1, "x"), ""); err != nil {
		t.Fatal(err)
	}
	reg := identity.Registration{Account: "K-1", At: start, Phones: []identity.Alias{phone(1).Alias}, Mails: []identity.Alias{mail.Alias}}
	plan, err := table.Customers.RegisterCustomer(t.Context(), reg)
	if err != nil || plan.Customer != a.Customer || len(plan.Unjoined) != 0 {
		t.Fatalf("one without messages was not joined: %v %v", plan, err)
	}
	if c, err := table.Customers.Get(t.Context(), b.Customer); err != nil || c.ID != a.Customer || len(c.Members) != 2 {
		t.Errorf("the merged id leads to %+v, %v", c, err)
	}

	other := verified(identity.Email, "", "els@voorbeeld.example")
	c, err := table.Customers.ResolveAliases(t.Context(), []identity.Address{other}, evidence)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Messages.Put(t.Context(), newMessage(c.Customer, 2, "x"), ""); err != nil {
		t.Fatal(err)
	}
	reg.Mails = append(reg.Mails, other.Alias)
	plan, err = table.Customers.RegisterCustomer(t.Context(), reg)
	if err != nil || len(plan.Unjoined) != 1 || plan.Unjoined[0].Why != store.WhyMessages {
		t.Fatalf("two with messages: %v %v", plan, err)
	}
	whole, err := table.Customers.Get(t.Context(), a.Customer)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := table.Customers.Suggestions(t.Context(), whole); err != nil || len(s) != 1 || s[0].Customer != c.Customer || s[0].Score != 80 {
		t.Errorf("suggestions %v %v", s, err)
	}
}

func TestWaitingContacts_Pages(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	for i := range 25 {
		c := contact.Contact{
			ID: fmt.Sprintf("k%02d", i), Customer: identity.CustomerID(fmt.Sprintf("c%d", i)), Start: start, Department: "billing",
			WaitingSince: start.Add(time.Duration((i*7)%25) * time.Minute), Channels: []message.Channel{message.WhatsApp},
			Causes: []contact.Cause{{Reason: "invoice-unclear", Department: "billing"}},
		}
		if err := table.Contacts.Save(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	var seen []contact.WaitingContact
	for cursor := ""; ; {
		page, next, err := table.Contacts.WaitingContacts(t.Context(), []string{"billing"}, 4, cursor)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, page...)
		if cursor = next; next == "" {
			break
		}
	}
	if len(seen) != 25 {
		t.Fatalf("%d waiting", len(seen))
	}
	for i, w := range seen {
		if !w.Since.Equal(start.Add(time.Duration(i)*time.Minute)) || w.Reason != "invoice-unclear" || len(w.Channels) != 1 {
			t.Errorf("place %d: %+v", i, w)
		}
	}
	if other, _, err := table.Contacts.WaitingContacts(t.Context(), []string{"logistics"}, 4, ""); err != nil || len(other) != 0 {
		t.Errorf("another department: %v %v", other, err)
	}
}

func TestSaveContact_Conflict(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	c := contact.Contact{ID: "k", Customer: "c1", Start: start, WaitingSince: start, Department: "billing"}
	if err := table.Contacts.Save(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := table.Contacts.Save(t.Context(), c); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second first version: %v", err)
	}
	got, err := table.Contacts.NearbyContacts(t.Context(), "c1", start, 1, true)
	if err != nil || len(got.Contacts) != 1 || got.Contacts[0].Version != 1 {
		t.Fatal(got, err)
	}
	c.Version, c.WaitingSince, c.LastAnswer = 1, time.Time{}, start
	if err := table.Contacts.Save(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if list, _, err := table.Contacts.WaitingContacts(t.Context(), []string{"billing"}, 4, ""); err != nil || len(list) != 0 {
		t.Errorf("an answered customer waits: %v %v", list, err)
	}
	if err := table.Contacts.Delete(t.Context(), c); !fault.Is(err, fault.Conflict) {
		t.Errorf("a stale drop: %v", err)
	}
}
