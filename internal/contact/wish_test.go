package contact_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

var (
	late    = contact.Cause{Reason: "delivery-late", Department: "logistics"}
	invoice = contact.Cause{Reason: "invoice-wrong", Department: "billing"}
	kettle  = contact.Cause{Reason: "defect", Product: "kettle", Department: "repairs"}
	defect  = contact.Cause{Reason: "defect", Department: "repairs"}
)

// A talk builds the readings of one customer.
type talk struct {
	readings []contact.Reading
}

// asks adds a question an hour after the last message.
func (k *talk) asks(ch message.Channel, text string, causes ...contact.Cause) *contact.Reading {
	m := inbound(ch, time.Duration(len(k.readings))*time.Hour)
	m.Text = text
	m.Customer.Alias = identity.Alias{Kind: identity.Kind(ch), Value: "customer"}
	for i := range causes {
		causes[i].Message = m.ID
	}
	k.readings = append(k.readings, contact.Reading{Message: m, Causes: causes})
	return &k.readings[len(k.readings)-1]
}

// answer adds an answer that an app of the platform reports.
func (k *talk) answer(ch message.Channel, text string) *contact.Reading {
	r := k.asks(ch, text)
	r.Direction = message.Outbound
	r.Origin = message.Echo
	return r
}

// summary describes contacts: department, state, and hours between the start and since
// when it waits.
func (k *talk) summary() []string {
	var out []string
	for _, c := range contact.Contacts(k.readings) {
		line := c.Department + " answered"
		if c.Waiting() {
			line = fmt.Sprintf("%s waiting since %d", c.Department, int(c.WaitingSince.Sub(monday).Hours()))
		}
		if c.FirstAnswer.IsZero() && !c.Waiting() {
			line = c.Department + " closed"
		}
		out = append(out, line)
	}
	return out
}

// settles adds a recorded answer that says what it settles.
func (k *talk) settles(ch message.Channel, settled ...message.Settled) *contact.Reading {
	r := k.answer(ch, "Dat is geregeld.")
	r.Origin = message.Recorded
	r.Settles = settled
	return r
}

// An answer that says what it settles ends nothing else.
func TestContacts_SettledWish(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		reason string
		want   []string
	}{
		"one wish of the message":       {"invoice-wrong", []string{"logistics waiting since 0", "billing answered"}},
		"all wishes of the message":     {"", []string{"logistics answered", "billing answered"}},
		"a reason that was corrected":   {"return-request", []string{"logistics answered", "billing answered"}},
		"the other wish of the message": {"delivery-late", []string{"logistics answered", "billing waiting since 0"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &talk{}
			asked := k.asks(message.WhatsApp, "Waar blijft mijn pakket, en mijn factuur klopt niet", late, invoice).ID
			k.settles(message.WhatsApp, message.Settled{Message: asked, Reason: tt.reason})
			got := k.summary()
			slices.Sort(got)
			want := slices.Sorted(slices.Values(tt.want))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("contacts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestContacts_OneWish(t *testing.T) {
	t.Parallel()
	const wa, mail, ig, chat = message.WhatsApp, message.Email, message.Instagram, message.WebChat
	inThread := func(r *contact.Reading, thread string, references ...string) {
		r.Thread = thread
		if len(references) > 0 {
			r.ReplyTo = &message.ReplyTo{References: references}
		}
	}
	tests := []struct {
		name string
		talk func(*talk)
		want []string
	}{
		{"thanks after the answer wait for nothing", func(k *talk) {
			k.asks(wa, "Waar blijft mijn pakket?", late)
			k.answer(wa, "Morgen.")
			k.asks(wa, "Top, bedankt!")
		}, []string{"logistics answered"}},
		{"a question months after thanks is a contact of its own", func(k *talk) {
			k.asks(wa, "Waar blijft mijn pakket?", late)
			k.answer(wa, "Morgen.")
			k.asks(wa, "Top, bedankt!")
			r := k.asks(wa, "De waterkoker is kapot", kettle)
			r.SentAt = monday.Add(60 * 24 * time.Hour)
		}, []string{"logistics answered", "repairs waiting since 1440"}},
		{"another wish within the silence waits for its own department", func(k *talk) {
			k.asks(wa, "Waar blijft mijn pakket?", late)
			k.answer(wa, "Morgen.")
			k.asks(wa, "De waterkoker lekt", kettle)
		}, []string{"logistics answered", "repairs waiting since 2"}},
		{"an answer in one thread leaves the other waiting", func(k *talk) {
			inThread(k.asks(mail, "Waar blijft mijn pakket?", late), "a")
			inThread(k.asks(mail, "De waterkoker lekt", kettle), "b")
			inThread(k.answer(mail, "Morgen."), "a", "a")
		}, []string{"logistics answered", "repairs waiting since 1"}},
		{"an answer in one thread leaves the same wish of another thread waiting", func(k *talk) {
			inThread(k.asks(mail, "Waar blijft bestelling 1?", late), "a")
			inThread(k.asks(mail, "Waar blijft bestelling 2?", late), "b")
			inThread(k.answer(mail, "Morgen."), "a", "a")
		}, []string{"logistics waiting since 1"}},
		{"a receipt by a machine answers nothing", func(k *talk) {
			k.asks(mail, "Mijn factuur klopt niet", invoice)
			k.answer(mail, "Wij hebben uw bericht ontvangen.").Automated = "auto-replied"
		}, []string{"billing waiting since 0"}},
		{"a newsletter is no contact", func(k *talk) {
			k.asks(mail, "Onze prijzen zijn veranderd", invoice).Automated = "list"
		}, nil},
		{"spam is no contact", func(k *talk) {
			k.asks(mail, "De koptelefoon is kapot", defect).Mark = "spam"
		}, nil},
		{"a message with two wishes is two contacts", func(k *talk) {
			k.asks(wa, "De waterkoker lekt en de factuur klopt niet", kettle, invoice)
		}, []string{"billing waiting since 0", "repairs waiting since 0"}},
		{"an answer that says what it settles leaves the other wish waiting", func(k *talk) {
			q := k.asks(wa, "De waterkoker lekt en de factuur klopt niet", kettle, invoice)
			k.answer(wa, "U krijgt een nieuwe factuur.").Settles = []message.Settled{{Message: q.ID, Reason: invoice.Reason}}
		}, []string{"billing answered", "repairs waiting since 0"}},
		{"an app's answer to two waiting contacts ends none", func(k *talk) {
			k.asks(wa, "De waterkoker lekt", kettle)
			k.asks(wa, "De factuur klopt niet", invoice)
			k.answer(wa, "We kijken ernaar.")
		}, []string{"repairs waiting since 0", "billing waiting since 1"}},
		{"an app's answer to a quoted message ends that one", func(k *talk) {
			q := k.asks(wa, "De waterkoker lekt", kettle)
			k.asks(wa, "De factuur klopt niet", invoice)
			k.answer(wa, "U krijgt een nieuwe.").ReplyTo = &message.ReplyTo{ProviderID: q.ProviderID}
		}, []string{"repairs answered", "billing waiting since 1"}},
		{"a tool's answer ends the latest question", func(k *talk) {
			k.asks(wa, "De waterkoker lekt", kettle)
			k.asks(wa, "De factuur klopt niet", invoice)
			k.answer(wa, "We kijken ernaar.").Origin = message.Recorded
		}, []string{"repairs waiting since 0", "billing answered"}},
		{"an answer ends the same wish on another channel", func(k *talk) {
			k.asks(wa, "Waar blijft mijn pakket?", late)
			inThread(k.asks(mail, "Mijn pakket is er nog niet", late), "a")
			inThread(k.answer(mail, "Morgen."), "a", "a")
		}, []string{"logistics answered"}},
		{"an answer leaves an unknown question on another channel waiting", func(k *talk) {
			k.asks(wa, "Waar blijft mijn pakket?", late)
			inThread(k.asks(mail, "De kat heeft de doos opgegeten"), "a")
			k.answer(wa, "Morgen.")
		}, []string{"logistics waiting since 1"}},
		{"a product that is named later is the same wish", func(k *talk) {
			k.asks(ig, "Hij is kapot", defect)
			k.asks(ig, "De waterkoker is kapot", kettle)
		}, []string{"repairs waiting since 0"}},
		{"an unknown question takes the first cause said in it", func(k *talk) {
			k.asks(chat, "Kunt u mij helpen?")
			k.asks(chat, "De factuur klopt niet", invoice)
		}, []string{"billing waiting since 0"}},
		{"a second cause does not take a contact that has one", func(k *talk) {
			k.asks(chat, "Waar blijft mijn pakket?", late)
			k.asks(chat, "De factuur klopt niet", invoice)
			k.asks(chat, "Kunt u mij helpen?")
			k.answer(chat, "De factuur wordt aangepast.").Settles = nil
		}, []string{"logistics waiting since 0", "billing waiting since 1"}},
		{"a message that was taken back says nothing", func(k *talk) {
			k.asks(wa, "De waterkoker lekt", kettle).Deleted = true
		}, nil},
		{"an answer that was taken back never happened", func(k *talk) {
			k.asks(wa, "De waterkoker lekt", kettle)
			k.answer(wa, "Stuur hem op.").Deleted = true
		}, []string{"repairs waiting since 0"}},
		{"an answer in a thread that no contact knows ends nothing", func(k *talk) {
			inThread(k.asks(mail, "Waar blijft mijn pakket?", late), "a")
			inThread(k.answer(mail, "Fijn dat u onze enquete invult."), "x", "x")
		}, []string{"logistics waiting since 0"}},
		{"a call that was settled is answered", func(k *talk) {
			r := k.asks(message.Phone, "", invoice)
			r.Outcome = "explained"
			r.Origin = message.Recorded
		}, []string{"billing answered"}},
		{"a settled call ends the same wish in writing", func(k *talk) {
			k.asks(wa, "De factuur klopt niet", invoice)
			k.asks(wa, "Waar blijft mijn pakket?", late)
			r := k.asks(message.Phone, "", invoice)
			r.Outcome = "explained"
			r.Origin = message.Recorded
		}, []string{"billing answered", "logistics waiting since 1"}},
		{"consent to a question of ours asks for something", func(k *talk) {
			k.asks(wa, "De waterkoker lekt", kettle)
			k.answer(wa, "Wilt u een nieuwe?")
			k.asks(wa, "Ja graag")
		}, []string{"repairs waiting since 2"}},
		{"an agent decides that no answer is needed", func(k *talk) {
			no := false
			k.asks(wa, "Nou ja, we zien wel", late).Asks = &no
		}, []string{"logistics closed"}},
		{"an agent decides that thanks need an answer", func(k *talk) {
			k.asks(wa, "Waar blijft mijn pakket?", late)
			k.answer(wa, "Morgen.")
			yes := true
			k.asks(wa, "Bedankt!").Asks = &yes
		}, []string{"logistics waiting since 2"}},
		{"an agent takes the mark of a machine away", func(k *talk) {
			r := k.asks(mail, "Mijn factuur klopt niet", invoice)
			r.Automated = "list"
			no := false
			r.Machine = &no
		}, []string{"billing waiting since 0"}},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var k talk
			tt.talk(&k)
			if diff := cmp.Diff(tt.want, k.summary()); diff != "" {
				t.Errorf("contacts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPin(t *testing.T) {
	t.Parallel()
	m := inbound(message.WhatsApp, 0)
	now := monday.Add(time.Hour)
	anchored := late
	anchored.Message = m.ID
	stored := []contact.Contact{{ID: contact.IDOf(m.ID), Start: m.SentAt, WaitingSince: m.SentAt, Causes: []contact.Cause{anchored}, Taxonomy: "1"}}
	unassigned := []contact.Contact{{ID: contact.IDOf(m.ID), Start: m.SentAt, WaitingSince: m.SentAt, Taxonomy: "1"}}
	edited := m
	edited.Edited = true
	tests := []struct {
		name    string
		message message.Message
		stored  []contact.Contact
		version string
		since   time.Time
		want    string
	}{
		{"the cause of a contact of an older taxonomy stays", m, stored, "2", now, late.Reason},
		{"an unassigned contact stays unassigned", m, unassigned, "2", now, ""},
		{"a contact of the present taxonomy is read again", m, stored, "1", now, invoice.Reason},
		{"a new message is read with the present taxonomy", m, stored, "2", m.SentAt, invoice.Reason},
		{"an edited message is read with the present taxonomy", edited, stored, "2", now, invoice.Reason},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			readings := []contact.Reading{{Message: tt.message, Causes: []contact.Cause{invoice}}}
			contact.Pin(readings, tt.stored, contact.Version{Taxonomy: tt.version}, tt.since, now)
			got := ""
			if len(readings[0].Causes) > 0 {
				got = readings[0].Causes[0].Reason
			}
			if got != tt.want {
				t.Errorf("got cause %q, want %q", got, tt.want)
			}
		})
	}
}
