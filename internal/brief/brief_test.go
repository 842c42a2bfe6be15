package brief_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/golden"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

var now = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

const customerID = identity.CustomerID("01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f")

var loadExample = sync.OnceValues(func() (*taxonomy.Taxonomy, error) {
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		return nil, err
	}
	return taxonomy.Load(data)
})

func newMessage(ch message.Channel, dir message.Direction, ago time.Duration, text string) message.Entry {
	at := now.Add(-ago)
	return message.Entry{Message: message.Message{
		ID: message.NewID(ch, at, fmt.Sprint("m", int(ago.Minutes()))), Channel: ch, Direction: dir, Kind: message.Text, SentAt: at, Text: text, CustomerID: customerID,
	}}
}

func inbound(ch message.Channel, ago time.Duration, text string) message.Entry {
	return newMessage(ch, message.Inbound, ago, text)
}

func outbound(ch message.Channel, ago time.Duration, text string) message.Entry {
	return newMessage(ch, message.Outbound, ago, text)
}

func agentNote(kind message.NoteKind, ago time.Duration, text string) message.Entry {
	m := outbound(message.Note, ago, text)
	m.Passive, m.Note = true, &message.Remark{Kind: kind}
	if kind == message.Promised {
		m.Note.Due = now.Add(-ago + 48*time.Hour)
	}
	return m
}

// knownFrom returns the input for a customer with these messages. It computes the
// contacts and reasons as triage does.
func knownFrom(t testing.TB, entries ...message.Entry) brief.Known {
	t.Helper()
	tax, err := loadExample()
	if err != nil {
		t.Fatal(err)
	}
	k := brief.Known{Customer: customerID, Messages: entries, Taxonomy: tax}
	var ms []message.Message
	for _, e := range entries {
		ms = append(ms, e.Message)
	}
	k.Contacts = contact.Contacts(contact.Read(ms, nil))
	for i := range k.Contacts {
		for _, m := range k.Contacts[i].Messages {
			r := k.Taxonomy.Classify(m.Text, taxonomy.Hints{})
			if r.Reason != "" && !slices.ContainsFunc(k.Contacts[i].Causes, func(c contact.Cause) bool { return c.Reason == r.Reason }) {
				k.Contacts[i].Causes = append(k.Contacts[i].Causes, contact.Cause{Reason: r.Reason, Product: r.Product, Department: r.Department})
			}
		}
	}
	return k
}

const (
	hour = time.Hour
	day  = 24 * hour
)

func TestMake_BothLanguages(t *testing.T) {
	t.Parallel()
	agent := contact.Party{Kind: contact.Agent, ID: "agent-7"}
	bot := contact.Party{Kind: contact.Bot, ID: "bot-1"}
	for name, texts := range map[string][]string{
		"nl": {"Hallo, mijn koffiemachine is kapot. Hij lekt water.", "Goedemiddag, is er al nieuws over mijn bestelling WS-100042?", "Mijn koffiemachine is nog steeds kapot. Kunt u iemand sturen?",
			"Ontkalkt volgens de handleiding, hielp niet.", "Een nieuwe pomp wordt opgestuurd.", "Klant is boos en wil een mens.", "Vervang het filter."},
		"en": {"Hello, my coffee machine is broken. It is leaking water.", "Good afternoon, is there any news about my order WS-100042?", "My coffee machine is still broken. Could you send someone?",
			"Descaled as the manual says, did not help.", "A new pump will be sent.", "Customer is angry and wants a person.", "Replace the filter."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handover := agentNote(message.HandedOver, 20*time.Minute, texts[5])
			k := knownFrom(t,
				inbound(message.Email, 10*day, texts[0]), outbound(message.Email, 10*day-hour, "ok"),
				inbound(message.WhatsApp, 2*hour, texts[1]), inbound(message.WebChat, 40*time.Minute, texts[2]),
				agentNote(message.Tried, 30*time.Minute, texts[3]), agentNote(message.Promised, 25*time.Minute, texts[4]), handover,
			)
			k.Claim = contact.Claim{Customer: customerID, Version: 3, Holder: &agent, Since: now.Add(-10 * time.Minute), Until: now.Add(5 * time.Minute), From: &bot, Reason: "asks for a person", Note: handover.ID}
			k.Problems = []problem.Record{{Problem: problem.Problem{
				ID: "p-1", Reason: k.Contacts[0].Causes[0].Reason, Product: k.Contacts[0].Causes[0].Product, State: problem.Workaround, Workaround: texts[6], ExpectedAt: now.Add(3 * day),
			}}}
			k.Suggestions = []identity.Suggestion{{Customer: "01931c2e-0000-7c1e-9d3b-5f2a6c7d8e9f", Score: 40, Reasons: []string{identity.ReasonVariant}}}
			golden.JSON(t, "testdata/"+name+".json", brief.Make(k, now))
		})
	}
}

// fileMessage returns a message with one file.
func fileMessage(ch message.Channel, ago time.Duration, a message.Attachment, caption string) message.Entry {
	m := inbound(ch, ago, caption)
	m.Kind, m.Attachments = a.Kind, []message.Attachment{a}
	return m
}

func TestMake_NonTextMessages(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nl": "Hallo, hoe krijg ik de kraan los?", "en": "Hello, how do I get the tap loose?"} {
		place := inbound(message.WhatsApp, 3*time.Minute, "")
		place.Kind, place.Data = message.Location, json.RawMessage(`{"latitude":52.1,"longitude":5.2,"name":"Voorbeeldplein","address":"Voorbeeldplein 1, Utrecht"}`)
		mail := inbound(message.Email, 2*time.Minute, "")
		mail.Kind, mail.Attachments = message.Mail, []message.Attachment{{Kind: message.Image, Name: "logo.png", Inline: true}, {Kind: message.File, Name: "bon.pdf"}, {Kind: message.File, Name: "garantie.pdf"}}
		gone := fileMessage(message.WhatsApp, time.Minute, message.Attachment{Kind: message.Image}, "")
		gone.State = &message.State{DeletedAt: now}
		first := inbound(message.WhatsApp, hour, text)
		for set, sent := range map[string][]message.Entry{
			"sent":  {fileMessage(message.WhatsApp, 40*time.Minute, message.Attachment{Kind: message.Image}, "dit is hem"), place, mail, gone},
			"media": {fileMessage(message.WhatsApp, 5*time.Minute, message.Attachment{Kind: message.Audio, Voice: true}, ""), fileMessage(message.Messenger, 4*time.Minute, message.Attachment{Kind: message.Sticker}, "")},
		} {
			t.Run(set+" "+name, func(t *testing.T) {
				t.Parallel()
				golden.JSON(t, "testdata/"+set+"-"+name+".json", brief.Make(knownFrom(t, append(sent, first)...), now))
			})
		}
	}
}

func TestMake_PhotoWithoutText(t *testing.T) {
	t.Parallel()
	photo := fileMessage(message.WhatsApp, time.Minute, message.Attachment{Kind: message.Image}, "")
	b := brief.Make(knownFrom(t, photo), now)
	if len(b.Sent) != 1 || b.Sent[0].Kind != message.Image || b.Sent[0].Name != "foto" || !b.Sent[0].At.Equal(photo.SentAt) || len(b.Messages) != 1 || b.Messages[0] != photo.ID {
		t.Errorf("Make() = %+v, want one Sent line for the photo", b)
	}
}

func TestMake_Wants(t *testing.T) {
	t.Parallel()
	changed := func(e message.Entry, change func(*message.Entry)) message.Entry { change(&e); return e }
	for _, tt := range []struct {
		name    string
		entries []message.Entry
		want    []string
	}{
		{"question after greeting", []message.Entry{inbound(message.WhatsApp, hour, "Hallo, waar blijft mijn pakket?")}, []string{"waar blijft mijn pakket?"}},
		{"greeting with name", []message.Entry{inbound(message.Email, hour, "Beste mevrouw de Vries,\n\nMijn factuur klopt niet.\n\nMet vriendelijke groet,\nJan")}, []string{"Mijn factuur klopt niet."}},
		{"greeting in a separate message", []message.Entry{inbound(message.WhatsApp, hour, "Goedemiddag!"), inbound(message.WhatsApp, hour-time.Minute, "ik snap stap 4 niet")}, []string{"ik snap stap 4 niet"}},
		{"problem, then request", []message.Entry{inbound(message.Email, hour, "Hi there, my kettle does not work. It is two weeks old. Could you send a new one? Thanks!")}, []string{"my kettle does not work.", "Could you send a new one?"}},
		{"repeated question", []message.Entry{inbound(message.WhatsApp, 3*hour, "Waar blijft mijn pakket?"), inbound(message.WhatsApp, 2*hour, "waar blijft mijn pakket"), inbound(message.Email, hour, "Hallo, waar blijft mijn pakket???")}, []string{"Waar blijft mijn pakket?"}},
		{"returning customer", []message.Entry{inbound(message.WhatsApp, 3*hour, "Waar blijft mijn pakket?"), inbound(message.WhatsApp, 2*hour, "Hallo, ik ben het weer.")}, []string{"Waar blijft mijn pakket?"}},
		{"returning customer in English", []message.Entry{inbound(message.WebChat, hour, "Hi, it's me again. My kettle leaks.")}, []string{"My kettle leaks."}},
		{"announced question", []message.Entry{inbound(message.WhatsApp, hour, "Ik heb een vraagje."), inbound(message.WhatsApp, hour-time.Minute, "Hoe ontkalk ik het apparaat?")}, []string{"Hoe ontkalk ik het apparaat?"}},
		{"introduction, then problem", []message.Entry{inbound(message.Email, hour, "Mijn naam is Jan Voorbeeld. Mijn factuur klopt niet.")}, []string{"Mijn factuur klopt niet."}},
		{"introduction as on the phone", []message.Entry{inbound(message.Email, hour, "Hallo, met Jan van Voorbeeld. Mijn factuur klopt niet.")}, []string{"Mijn factuur klopt niet."}},
		{"introduction in English", []message.Entry{inbound(message.Email, hour, "Hi, this is Jan. My bill is wrong.")}, []string{"My bill is wrong."}},
		{"sentence that begins like an introduction", []message.Entry{inbound(message.Email, hour, "Met spoed nodig! Het is voor morgen.")}, []string{"Met spoed nodig!"}},
		{"sentence that begins like a return", []message.Entry{inbound(message.Email, hour, "Ik ben het weer zat, stuur een nieuwe.")}, []string{"Ik ben het weer zat, stuur een nieuwe."}},
		{"answered and unanswered question", []message.Entry{inbound(message.WhatsApp, 5*hour, "Waar blijft mijn pakket?"), outbound(message.WhatsApp, 4*hour, "Morgen."), inbound(message.WhatsApp, hour, "Hoe laat ongeveer?")}, []string{"Hoe laat ongeveer?"}},
		{"thanks after an answer", []message.Entry{inbound(message.WhatsApp, 5*hour, "Waar blijft mijn pakket?"), outbound(message.WhatsApp, 4*hour, "Morgen."), inbound(message.WhatsApp, hour, "Ok bedankt")}, []string{"Waar blijft mijn pakket?"}},
		{"noted request first", []message.Entry{inbound(message.WhatsApp, hour, "Hij doet het niet meer hoor"), agentNote(message.Wanted, time.Minute, "Wil geld terug.")}, []string{"Wil geld terug.", "Hij doet het niet meer hoor"}},
		{"only an emoji", []message.Entry{inbound(message.WhatsApp, hour, "😡😡")}, []string{"😡😡"}},
		{"only a greeting", []message.Entry{inbound(message.WhatsApp, 2*hour, "👋"), inbound(message.WhatsApp, hour, "Hallo??")}, []string{"Hallo??"}},
		{"emoji after a question", []message.Entry{inbound(message.WhatsApp, 2*hour, "Waar blijft mijn pakket?"), inbound(message.WhatsApp, hour, "😡")}, []string{"Waar blijft mijn pakket?"}},
		{"closed contact", []message.Entry{inbound(message.WhatsApp, 9*day, "Waar blijft mijn pakket?"), outbound(message.WhatsApp, 9*day-hour, "Morgen.")}, nil},
		{"automated message", []message.Entry{changed(inbound(message.Email, hour, "Ik ben afwezig. Kunt u later bellen?"), func(e *message.Entry) { e.Automated = "auto-reply" })}, nil},
		{"deleted message", []message.Entry{changed(inbound(message.WhatsApp, hour, "Waar blijft mijn pakket?"), func(e *message.Entry) { e.State = &message.State{DeletedAt: now} })}, nil},
		{"edited message", []message.Entry{changed(inbound(message.WhatsApp, hour, "Waar blijft mijn pakje?"), func(e *message.Entry) {
			e.State = &message.State{Edited: "Waar blijft mijn geld?", EditedAt: now}
		})}, []string{"Waar blijft mijn geld?"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, w := range brief.Make(knownFrom(t, tt.entries...), now).Wants {
				got = append(got, w.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Wants differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMake_MessageBeforeTriage(t *testing.T) {
	t.Parallel()
	k := knownFrom(t)
	k.Messages = []message.Entry{inbound(message.WhatsApp, time.Minute, "Where is my parcel?")}
	b := brief.Make(k, now)
	if len(b.Wants) != 1 || b.Contact != "" || b.Language == nil || b.Language.Is != "en" || b.Channel == nil {
		t.Errorf("Make() = %+v, want one request in English, without a contact id", b)
	}
}

func TestMake_Promises(t *testing.T) {
	t.Parallel()
	late := agentNote(message.Promised, 5*day, "Een monteur belt.")
	kept := agentNote(message.Promised, hour, "Pomp komt.")
	done := agentNote(message.Kept, time.Minute, "Verstuurd.")
	done.Note.About = kept.ID
	b := brief.Make(knownFrom(t, late, kept, done, inbound(message.WhatsApp, 6*day, "Hij lekt")), now)
	if len(b.Promised) != 1 || b.Promised[0].Text != "Een monteur belt." || !b.Promised[0].Overdue {
		t.Errorf("Promised = %+v, want only the overdue call", b.Promised)
	}
}

func TestMake_Channel(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		entries []message.Entry
		want    message.Channel
		until   time.Time
	}{
		{"latest channel", []message.Entry{inbound(message.Email, 3*day, "a"), inbound(message.WhatsApp, hour, "b")}, message.WhatsApp, now.Add(23 * hour)},
		{"closed reply window", []message.Entry{inbound(message.Email, 3*day, "a"), inbound(message.Messenger, 25*hour, "b")}, message.Email, time.Time{}},
		{"visitor has left the chat", []message.Entry{inbound(message.WhatsApp, 20*hour, "a"), inbound(message.WebChat, 5*hour, "b")}, message.WhatsApp, now.Add(4 * hour)},
		{"all windows closed", []message.Entry{inbound(message.WhatsApp, 2*day, "a")}, "", time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got brief.Channel
			if c := brief.Make(knownFrom(t, tt.entries...), now).Channel; c != nil {
				got = *c
			}
			if got.Channel != tt.want || !got.Until.Equal(tt.until) {
				t.Errorf("Channel = %+v, want %s until %s", got, tt.want, tt.until)
			}
		})
	}
}

func TestMake_Questions(t *testing.T) {
	t.Parallel()
	without := brief.Make(knownFrom(t, inbound(message.WhatsApp, hour, "Waar blijft mijn pakket?")), now)
	with := brief.Make(knownFrom(t, inbound(message.WhatsApp, hour, "Waar blijft mijn pakket? WS-100042")), now)
	if len(without.Ask) != 1 || len(with.Ask) != 0 || len(with.About) == 0 || with.About[0].Order != "WS-100042" {
		t.Errorf("Ask without an order number = %+v, want one; with it = %+v, want none, About %+v", without.Ask, with.Ask, with.About)
	}
}

// sampleTexts are texts of customers and agents. Some need escaping in JSON.
var sampleTexts = []string{
	"Hallo, waar blijft mijn pakket WS-100042?", "My coffee machine is broken. Can you help me please?", "Ik snap mijn factuur niet", "Bedankt!",
	strings.Repeat("Kunt u mij dan ook zeggen hoe dat precies zit met dat ene ding? ", 30), "\u2028\u2028 \x00\x01 <b>\"'\\ & graag </b>?", strings.Repeat("é", 900), "", "?",
}

// drawKnown draws the input for a customer with a long history.
func drawKnown(t *rapid.T, tb testing.TB) brief.Known {
	channels := []message.Channel{message.WhatsApp, message.Email, message.WebChat, message.Phone}
	var entries []message.Entry
	for i := range rapid.IntRange(0, 40).Draw(t, "messages") {
		ago := time.Duration(rapid.IntRange(1, 40*24*60).Draw(t, "minutes")) * time.Minute
		text := rapid.SampledFrom(sampleTexts).Draw(t, "text")
		var e message.Entry
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			e = agentNote(rapid.SampledFrom(message.NoteKinds).Draw(t, "kind"), ago, text)
		case 1:
			e = outbound(rapid.SampledFrom(channels).Draw(t, "channel"), ago, text)
		default:
			e = inbound(rapid.SampledFrom(channels).Draw(t, "channel"), ago, text)
			if rapid.IntRange(0, 3).Draw(t, "file") == 0 {
				e.Kind, e.Attachments = message.File, []message.Attachment{{Kind: message.File, Name: text}}
			}
		}
		e.ID = message.NewID(e.Channel, e.SentAt, fmt.Sprint(i, strings.Repeat("x", rapid.IntRange(1, 190).Draw(t, "id"))))
		entries = append(entries, e)
	}
	k := knownFrom(tb, entries...)
	party := contact.Party{Kind: contact.Bot, ID: strings.Repeat("b", 100)}
	k.Claim = contact.Claim{Holder: &party, Until: now.Add(hour), Since: now, From: &party, Reason: strings.Repeat("r", 200)}
	for i, c := range k.Contacts {
		for _, x := range c.Causes {
			k.Problems = append(k.Problems, problem.Record{Problem: problem.Problem{
				ID: fmt.Sprint("p", i, x.Reason), Reason: x.Reason, Product: x.Product, State: problem.Workaround, Workaround: strings.Repeat("w ", 900),
			}})
		}
		k.Suggestions = append(k.Suggestions, identity.Suggestion{Customer: identity.CustomerID(fmt.Sprint("c", i)), Reasons: []string{strings.Repeat("s", 100)}})
	}
	return k
}

func TestMake_Properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		k := drawKnown(rt, t)
		b := brief.Make(k, now)
		data, err := json.Marshal(b)
		if err != nil {
			rt.Fatal(err)
		}
		if n := len(unescapeHTML(data)); n > brief.MaxBytes {
			rt.Fatalf("size of brief = %d bytes, want at most %d: %s", n, brief.MaxBytes, data)
		}
		for _, id := range b.Messages {
			if !slices.ContainsFunc(k.Messages, func(e message.Entry) bool { return e.ID == id }) {
				rt.Fatalf("brief cites %s, which is not in the input", id)
			}
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			rt.Fatal(err)
		}
		cited := map[int]bool{}
		collectCites(rt, v, cited)
		if len(cited) != len(b.Messages) {
			rt.Fatalf("cited messages = %d, want all %d listed ones", len(cited), len(b.Messages))
		}
		rand.Shuffle(len(k.Messages), func(i, j int) { k.Messages[i], k.Messages[j] = k.Messages[j], k.Messages[i] })
		rand.Shuffle(len(k.Contacts), func(i, j int) { k.Contacts[i], k.Contacts[j] = k.Contacts[j], k.Contacts[i] })
		rand.Shuffle(len(k.Problems), func(i, j int) { k.Problems[i], k.Problems[j] = k.Problems[j], k.Problems[i] })
		if diff := cmp.Diff(b, brief.Make(k, now), cmpopts.IgnoreUnexported(brief.Cited{})); diff != "" {
			rt.Fatalf("brief differs with another order of input (-first +second):\n%s", diff)
		}
	})
}

// collectCites collects the citations of all lines. Every line must have one.
func collectCites(t *rapid.T, v any, cited map[int]bool) {
	switch v := v.(type) {
	case map[string]any:
		if list, ok := v["cites"].([]any); ok {
			if len(list) == 0 {
				t.Fatalf("line without citations: %v", v)
			}
			for _, c := range list {
				cited[int(c.(float64))] = true
			}
		}
		for name, x := range v {
			if line, ok := x.(map[string]any); ok && line["cites"] == nil && name != "from" {
				t.Fatalf("line without citations: %s", name)
			}
			collectCites(t, x, cited)
		}
	case []any:
		for _, x := range v {
			if line, ok := x.(map[string]any); ok && line["cites"] == nil {
				t.Fatalf("line without citations: %v", line)
			}
			collectCites(t, x, cited)
		}
	}
}

// unescapeHTML returns JSON as the API writes it, without HTML escapes.
func unescapeHTML(data []byte) []byte {
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(data)))
}
