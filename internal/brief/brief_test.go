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
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

var now = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

const who = identity.CustomerID("01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f")

var example = sync.OnceValues(func() (*taxonomy.Taxonomy, error) {
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		return nil, err
	}
	return taxonomy.Load(data)
})

func message(ch contact.Channel, dir contact.Direction, ago time.Duration, text string) contact.Entry {
	at := now.Add(-ago)
	return contact.Entry{Message: contact.Message{
		ID: contact.NewID(ch, at, fmt.Sprint("m", int(ago.Minutes()))), Channel: ch, Direction: dir, Kind: contact.Text, SentAt: at, Text: text, CustomerID: who,
	}}
}

func in(ch contact.Channel, ago time.Duration, text string) contact.Entry {
	return message(ch, contact.Inbound, ago, text)
}

func out(ch contact.Channel, ago time.Duration, text string) contact.Entry {
	return message(ch, contact.Outbound, ago, text)
}

func note(kind contact.NoteKind, ago time.Duration, text string) contact.Entry {
	m := out(contact.Note, ago, text)
	m.Passive, m.Note = true, &contact.Remark{Kind: kind}
	if kind == contact.Promised {
		m.Note.Due = now.Add(-ago + 48*time.Hour)
	}
	return m
}

// known is what is known of a customer by these messages: their contacts and
// reasons as triage makes them.
func known(t testing.TB, entries ...contact.Entry) brief.Known {
	t.Helper()
	tax, err := example()
	if err != nil {
		t.Fatal(err)
	}
	k := brief.Known{Customer: who, Messages: entries, Taxonomy: tax}
	var ms []contact.Message
	for _, e := range entries {
		ms = append(ms, e.Message)
	}
	k.Contacts = contact.Contacts(ms)
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

func TestABriefInBothLanguages(t *testing.T) {
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
			handover := note(contact.HandedOver, 20*time.Minute, texts[5])
			k := known(t,
				in(contact.Email, 10*day, texts[0]), out(contact.Email, 10*day-hour, "ok"),
				in(contact.WhatsApp, 2*hour, texts[1]), in(contact.WebChat, 40*time.Minute, texts[2]),
				note(contact.Tried, 30*time.Minute, texts[3]), note(contact.Promised, 25*time.Minute, texts[4]), handover,
			)
			k.Claim = contact.Claim{Customer: who, Version: 3, Holder: &agent, Since: now.Add(-10 * time.Minute), Until: now.Add(5 * time.Minute), From: &bot, Reason: "asks for a person", Note: handover.ID}
			k.Problems = []problem.Record{{Problem: problem.Problem{
				ID: "p-1", Reason: k.Contacts[0].Causes[0].Reason, Product: k.Contacts[0].Causes[0].Product, State: problem.Workaround, Workaround: texts[6], ExpectedAt: now.Add(3 * day),
			}}}
			k.Suggestions = []identity.Suggestion{{Customer: "01931c2e-0000-7c1e-9d3b-5f2a6c7d8e9f", Score: 40, Reasons: []string{identity.ReasonVariant}}}
			golden.JSON(t, "testdata/"+name+".json", brief.Make(k, now))
		})
	}
}

// file is a message that is a file.
func file(ch contact.Channel, ago time.Duration, a contact.Attachment, caption string) contact.Entry {
	m := in(ch, ago, caption)
	m.Kind, m.Attachments = a.Kind, []contact.Attachment{a}
	return m
}

func TestWhatIsNoWordsIsInABriefInBothLanguages(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nl": "Hallo, hoe krijg ik de kraan los?", "en": "Hello, how do I get the tap loose?"} {
		place := in(contact.WhatsApp, 3*time.Minute, "")
		place.Kind, place.Data = contact.Location, json.RawMessage(`{"latitude":52.1,"longitude":5.2,"name":"Voorbeeldplein","address":"Voorbeeldplein 1, Utrecht"}`)
		mail := in(contact.Email, 2*time.Minute, "")
		mail.Kind, mail.Attachments = contact.Mail, []contact.Attachment{{Kind: contact.Image, Name: "logo.png", Inline: true}, {Kind: contact.File, Name: "bon.pdf"}, {Kind: contact.File, Name: "garantie.pdf"}}
		gone := file(contact.WhatsApp, time.Minute, contact.Attachment{Kind: contact.Image}, "")
		gone.State = &contact.State{DeletedAt: now}
		first := in(contact.WhatsApp, hour, text)
		for set, sent := range map[string][]contact.Entry{
			"sent":  {file(contact.WhatsApp, 40*time.Minute, contact.Attachment{Kind: contact.Image}, "dit is hem"), place, mail, gone},
			"media": {file(contact.WhatsApp, 5*time.Minute, contact.Attachment{Kind: contact.Audio, Voice: true}, ""), file(contact.Messenger, 4*time.Minute, contact.Attachment{Kind: contact.Sticker}, "")},
		} {
			t.Run(set+" "+name, func(t *testing.T) {
				t.Parallel()
				golden.JSON(t, "testdata/"+set+"-"+name+".json", brief.Make(known(t, append(sent, first)...), now))
			})
		}
	}
}

func TestAPhotoByItselfIsInTheBrief(t *testing.T) {
	t.Parallel()
	photo := file(contact.WhatsApp, time.Minute, contact.Attachment{Kind: contact.Image}, "")
	b := brief.Make(known(t, photo), now)
	if len(b.Sent) != 1 || b.Sent[0].Kind != contact.Image || b.Sent[0].Name != "foto" || !b.Sent[0].At.Equal(photo.SentAt) || len(b.Messages) != 1 || b.Messages[0] != photo.ID {
		t.Errorf("%+v", b)
	}
}

func TestWants(t *testing.T) {
	t.Parallel()
	changed := func(e contact.Entry, change func(*contact.Entry)) contact.Entry { change(&e); return e }
	for _, tt := range []struct {
		name    string
		entries []contact.Entry
		want    []string
	}{
		{"a question after a greeting", []contact.Entry{in(contact.WhatsApp, hour, "Hallo, waar blijft mijn pakket?")}, []string{"waar blijft mijn pakket?"}},
		{"a greeting with a name", []contact.Entry{in(contact.Email, hour, "Beste mevrouw de Vries,\n\nMijn factuur klopt niet.\n\nMet vriendelijke groet,\nJan")}, []string{"Mijn factuur klopt niet."}},
		{"a greeting by itself goes before the question", []contact.Entry{in(contact.WhatsApp, hour, "Goedemiddag!"), in(contact.WhatsApp, hour-time.Minute, "ik snap stap 4 niet")}, []string{"ik snap stap 4 niet"}},
		{"what is the matter, and then what is asked", []contact.Entry{in(contact.Email, hour, "Hi there, my kettle does not work. It is two weeks old. Could you send a new one? Thanks!")}, []string{"my kettle does not work.", "Could you send a new one?"}},
		{"the same question thrice is one", []contact.Entry{in(contact.WhatsApp, 3*hour, "Waar blijft mijn pakket?"), in(contact.WhatsApp, 2*hour, "waar blijft mijn pakket"), in(contact.Email, hour, "Hallo, waar blijft mijn pakket???")}, []string{"Waar blijft mijn pakket?"}},
		{"who comes back wants what they wanted", []contact.Entry{in(contact.WhatsApp, 3*hour, "Waar blijft mijn pakket?"), in(contact.WhatsApp, 2*hour, "Hallo, ik ben het weer.")}, []string{"Waar blijft mijn pakket?"}},
		{"who comes back, in English", []contact.Entry{in(contact.WebChat, hour, "Hi, it's me again. My kettle leaks.")}, []string{"My kettle leaks."}},
		{"who announces a question wants its answer", []contact.Entry{in(contact.WhatsApp, hour, "Ik heb een vraagje."), in(contact.WhatsApp, hour-time.Minute, "Hoe ontkalk ik het apparaat?")}, []string{"Hoe ontkalk ik het apparaat?"}},
		{"who says who it is, and then what it is", []contact.Entry{in(contact.Email, hour, "Mijn naam is Jan Voorbeeld. Mijn factuur klopt niet.")}, []string{"Mijn factuur klopt niet."}},
		{"who says who it is, as on the phone", []contact.Entry{in(contact.Email, hour, "Hallo, met Jan van Voorbeeld. Mijn factuur klopt niet.")}, []string{"Mijn factuur klopt niet."}},
		{"who says who it is, in English", []contact.Entry{in(contact.Email, hour, "Hi, this is Jan. My bill is wrong.")}, []string{"My bill is wrong."}},
		{"what is said with no name is said", []contact.Entry{in(contact.Email, hour, "Met spoed nodig! Het is voor morgen.")}, []string{"Met spoed nodig!"}},
		{"a name beside a wish is the wish", []contact.Entry{in(contact.Email, hour, "Ik ben het weer zat, stuur een nieuwe.")}, []string{"Ik ben het weer zat, stuur een nieuwe."}},
		{"what is not answered yet, not what was", []contact.Entry{in(contact.WhatsApp, 5*hour, "Waar blijft mijn pakket?"), out(contact.WhatsApp, 4*hour, "Morgen."), in(contact.WhatsApp, hour, "Hoe laat ongeveer?")}, []string{"Hoe laat ongeveer?"}},
		{"what it began with, when the last word is a thank you", []contact.Entry{in(contact.WhatsApp, 5*hour, "Waar blijft mijn pakket?"), out(contact.WhatsApp, 4*hour, "Morgen."), in(contact.WhatsApp, hour, "Ok bedankt")}, []string{"Waar blijft mijn pakket?"}},
		{"what an agent noted goes first", []contact.Entry{in(contact.WhatsApp, hour, "Hij doet het niet meer hoor"), note(contact.Wanted, time.Minute, "Wil geld terug.")}, []string{"Wil geld terug.", "Hij doet het niet meer hoor"}},
		{"a face, when that is all", []contact.Entry{in(contact.WhatsApp, hour, "😡😡")}, []string{"😡😡"}},
		{"a greeting, when that is all", []contact.Entry{in(contact.WhatsApp, 2*hour, "👋"), in(contact.WhatsApp, hour, "Hallo??")}, []string{"Hallo??"}},
		{"no face beside words", []contact.Entry{in(contact.WhatsApp, 2*hour, "Waar blijft mijn pakket?"), in(contact.WhatsApp, hour, "😡")}, []string{"Waar blijft mijn pakket?"}},
		{"nothing of a contact that closed", []contact.Entry{in(contact.WhatsApp, 9*day, "Waar blijft mijn pakket?"), out(contact.WhatsApp, 9*day-hour, "Morgen.")}, nil},
		{"nothing that a machine wrote", []contact.Entry{changed(in(contact.Email, hour, "Ik ben afwezig. Kunt u later bellen?"), func(e *contact.Entry) { e.Automated = "auto-reply" })}, nil},
		{"nothing that was taken back", []contact.Entry{changed(in(contact.WhatsApp, hour, "Waar blijft mijn pakket?"), func(e *contact.Entry) { e.State = &contact.State{DeletedAt: now} })}, nil},
		{"as it was edited", []contact.Entry{changed(in(contact.WhatsApp, hour, "Waar blijft mijn pakje?"), func(e *contact.Entry) {
			e.State = &contact.State{Edited: "Waar blijft mijn geld?", EditedAt: now}
		})}, []string{"Waar blijft mijn geld?"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, w := range brief.Make(known(t, tt.entries...), now).Wants {
				got = append(got, w.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAMessageThatTriageHasNotSeenIsInTheBrief(t *testing.T) {
	t.Parallel()
	k := known(t)
	k.Messages = []contact.Entry{in(contact.WhatsApp, time.Minute, "Where is my parcel?")}
	b := brief.Make(k, now)
	if len(b.Wants) != 1 || b.Contact != "" || b.Language == nil || b.Language.Is != "en" || b.Channel == nil {
		t.Errorf("%+v", b)
	}
}

func TestAPromiseIsShownUntilItIsKept(t *testing.T) {
	t.Parallel()
	late, kept := note(contact.Promised, 5*day, "Een monteur belt."), note(contact.Promised, hour, "Pomp komt.")
	done := note(contact.Kept, time.Minute, "Verstuurd.")
	done.Note.About = kept.ID
	b := brief.Make(known(t, late, kept, done, in(contact.WhatsApp, 6*day, "Hij lekt")), now)
	if len(b.Promised) != 1 || b.Promised[0].Text != "Een monteur belt." || !b.Promised[0].Overdue {
		t.Errorf("%+v", b.Promised)
	}
}

func TestTheBestChannelIsTheLastWithAnOpenWindow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		entries []contact.Entry
		want    contact.Channel
		until   time.Time
	}{
		{"the last", []contact.Entry{in(contact.Email, 3*day, "a"), in(contact.WhatsApp, hour, "b")}, contact.WhatsApp, now.Add(23 * hour)},
		{"another, when its window closed", []contact.Entry{in(contact.Email, 3*day, "a"), in(contact.Messenger, 25*hour, "b")}, contact.Email, time.Time{}},
		{"not the chat, when the visitor is gone", []contact.Entry{in(contact.WhatsApp, 20*hour, "a"), in(contact.WebChat, 5*hour, "b")}, contact.WhatsApp, now.Add(4 * hour)},
		{"none", []contact.Entry{in(contact.WhatsApp, 2*day, "a")}, "", time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got brief.Channel
			if c := brief.Make(known(t, tt.entries...), now).Channel; c != nil {
				got = *c
			}
			if got.Channel != tt.want || !got.Until.Equal(tt.until) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestNothingIsAskedThatIsKnown(t *testing.T) {
	t.Parallel()
	without := brief.Make(known(t, in(contact.WhatsApp, hour, "Waar blijft mijn pakket?")), now)
	with := brief.Make(known(t, in(contact.WhatsApp, hour, "Waar blijft mijn pakket? WS-100042")), now)
	if len(without.Ask) != 1 || len(with.Ask) != 0 || len(with.About) == 0 || with.About[0].Order != "WS-100042" {
		t.Errorf("asked %+v, and with an order %+v about %+v", without.Ask, with.Ask, with.About)
	}
}

// phrases are what customers and agents may say, some of it unfriendly to JSON.
var phrases = []string{
	"Hallo, waar blijft mijn pakket WS-100042?", "My coffee machine is broken. Can you help me please?", "Ik snap mijn factuur niet", "Bedankt!",
	strings.Repeat("Kunt u mij dan ook zeggen hoe dat precies zit met dat ene ding? ", 30), "\u2028\u2028 \x00\x01 <b>\"'\\ & graag </b>?", strings.Repeat("é", 900), "", "?",
}

// anything draws what is known of a customer about whom much is known.
func anything(t *rapid.T, tb testing.TB) brief.Known {
	channels := []contact.Channel{contact.WhatsApp, contact.Email, contact.WebChat, contact.Phone}
	var entries []contact.Entry
	for i := range rapid.IntRange(0, 40).Draw(t, "messages") {
		ago := time.Duration(rapid.IntRange(1, 40*24*60).Draw(t, "minutes")) * time.Minute
		text := rapid.SampledFrom(phrases).Draw(t, "text")
		var e contact.Entry
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			e = note(rapid.SampledFrom(contact.NoteKinds).Draw(t, "kind"), ago, text)
		case 1:
			e = out(rapid.SampledFrom(channels).Draw(t, "channel"), ago, text)
		default:
			e = in(rapid.SampledFrom(channels).Draw(t, "channel"), ago, text)
			if rapid.IntRange(0, 3).Draw(t, "file") == 0 {
				e.Kind, e.Attachments = contact.File, []contact.Attachment{{Kind: contact.File, Name: text}}
			}
		}
		e.ID = contact.NewID(e.Channel, e.SentAt, fmt.Sprint(i, strings.Repeat("x", rapid.IntRange(1, 190).Draw(t, "id"))))
		entries = append(entries, e)
	}
	k := known(tb, entries...)
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

func TestABriefIsSmallCitedAndTheSameEveryTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		k := anything(rt, t)
		b := brief.Make(k, now)
		data, err := json.Marshal(b)
		if err != nil {
			rt.Fatal(err)
		}
		if n := len(asSent(data)); n > brief.MaxBytes {
			rt.Fatalf("%d bytes: %s", n, data)
		}
		for _, id := range b.Messages {
			if !slices.ContainsFunc(k.Messages, func(e contact.Entry) bool { return e.ID == id }) {
				rt.Fatalf("cites %s, which is not in the history", id)
			}
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			rt.Fatal(err)
		}
		cited := map[int]bool{}
		cites(rt, v, cited)
		if len(cited) != len(b.Messages) {
			rt.Fatalf("%d messages are cited of %d listed", len(cited), len(b.Messages))
		}
		rand.Shuffle(len(k.Messages), func(i, j int) { k.Messages[i], k.Messages[j] = k.Messages[j], k.Messages[i] })
		rand.Shuffle(len(k.Contacts), func(i, j int) { k.Contacts[i], k.Contacts[j] = k.Contacts[j], k.Contacts[i] })
		rand.Shuffle(len(k.Problems), func(i, j int) { k.Problems[i], k.Problems[j] = k.Problems[j], k.Problems[i] })
		if diff := cmp.Diff(b, brief.Make(k, now), cmpopts.IgnoreUnexported(brief.Cited{})); diff != "" {
			rt.Fatal("another brief of the same, in another order:", diff)
		}
	})
}

// cites collects what the lines of a brief cite; each must cite something.
func cites(t *rapid.T, v any, cited map[int]bool) {
	switch v := v.(type) {
	case map[string]any:
		if list, ok := v["cites"].([]any); ok {
			if len(list) == 0 {
				t.Fatalf("a line cites nothing: %v", v)
			}
			for _, c := range list {
				cited[int(c.(float64))] = true
			}
		}
		for name, x := range v {
			if line, ok := x.(map[string]any); ok && line["cites"] == nil && name != "from" {
				t.Fatalf("an uncited line: %s", name)
			}
			cites(t, x, cited)
		}
	case []any:
		for _, x := range v {
			if line, ok := x.(map[string]any); ok && line["cites"] == nil {
				t.Fatalf("an uncited line: %v", line)
			}
			cites(t, x, cited)
		}
	}
}

// asSent is JSON as the API writes it.
func asSent(data []byte) []byte {
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(data)))
}
