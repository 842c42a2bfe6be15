package contact_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
)

// say returns a chat message of a customer.
func say(text string) message.Message {
	m := inbound(message.WhatsApp, 0)
	m.Text = text
	return m
}

// mailOf returns a mail of a customer that answers ours.
func mailOf(text string) message.Message {
	m := inbound(message.Email, 0)
	m.Kind = message.Mail
	m.Subject = "Re: Bestelling 12345 is kapot"
	m.ReplyTo = &message.ReplyTo{References: []string{"1@winkel.example"}}
	m.Text = text
	return m
}

// readTexts returns the lines of a file in testdata/asks.
func readTexts(t testing.TB, name string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "asks", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}

func TestAsks_Texts(t *testing.T) {
	t.Parallel()
	const minTexts = 60
	for name, want := range map[string]bool{"nl-nothing": false, "nl-asks": true, "en-nothing": false, "en-asks": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			texts := readTexts(t, name)
			if len(texts) < minTexts {
				t.Errorf("got %d texts, want %d", len(texts), minTexts)
			}
			for _, text := range texts {
				for channel, m := range map[string]message.Message{"chat": say(text), "mail": mailOf(text)} {
					if why, asks := contact.WhyAsks(m, true); asks != want {
						t.Errorf("%s %q: got asks %v because of %s, want %v", channel, text, asks, why, want)
					}
				}
			}
		})
	}
}

// TestAsks_BeforeAnswer checks what changes if no answer of ours came before.
func TestAsks_BeforeAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text          string
		before, after bool
	}{
		{"hallo", true, true},
		{"Goedemiddag", true, true},
		{"dag", true, false},
		{"Dag Lisa", true, false},
		{"laat maar, het is al gelukt", true, false},
		{"Never mind, I found it. Thanks!", true, false},
		{"Het werkt weer", true, false},
		{"bedankt alvast", false, false},
		{"Alvast bedankt!", false, false},
		{"Thanks in advance", false, false},
		{"ok", false, false},
		{"prima", false, false},
		{"👍", false, false},
		{"doei", false, false},
		{"ok?", true, true},
		{"ja", true, true},
		{"Mijn koffiezetter lekt", true, true},
	} {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			if got := contact.Asks(say(tt.text), false); got != tt.before {
				t.Errorf("before an answer: got %v, want %v", got, tt.before)
			}
			if got := contact.Asks(say(tt.text), true); got != tt.after {
				t.Errorf("after an answer: got %v, want %v", got, tt.after)
			}
		})
	}
}

// TestWhyAsks checks the reasons, and the content that is not text.
func TestWhyAsks(t *testing.T) {
	t.Parallel()
	change := func(m message.Message, f func(*message.Message)) message.Message { f(&m); return m }
	photo := message.Attachment{Kind: message.Image, Ref: "1", Size: 200_000}
	logo := message.Attachment{Kind: message.Image, Ref: "2", CID: "logo", Inline: true, Size: 6_000}
	for _, tt := range []struct {
		name string
		m    message.Message
		want contact.AskReason
	}{
		{"thanks", say("Top, bedankt!"), contact.OnlyThanks},
		{"agreement", say("is goed"), contact.OnlyAgreement},
		{"farewell", say("Tot morgen!"), contact.OnlyFarewell},
		{"closing in a chat", say("Groetjes, Anna"), contact.OnlyFarewell},
		{"solved", say("is al gelukt"), contact.OnlySolved},
		{"emoji", say("👍"), contact.OnlyEmoji},
		{"like of Messenger", change(say("👍"), func(m *message.Message) {
			m.Kind = message.Sticker
			m.Attachments = []message.Attachment{{Kind: message.Sticker, Ref: "369239263222822"}}
		}), contact.OnlyEmoji},
		{"sticker", change(say(""), func(m *message.Message) {
			m.Kind = message.Sticker
			m.Attachments = []message.Attachment{{Kind: message.Sticker, Ref: "1", Type: "image/webp"}}
		}), contact.OnlySticker},
		{"fire on a story", change(say("🔥"), func(m *message.Message) {
			m.Channel = message.Instagram
			m.ReplyTo = &message.ReplyTo{Story: "https://cdn.example/story"}
		}), contact.OnlyEmoji},
		{"question about a story", change(say("Hoe duur is die"), func(m *message.Message) { m.ReplyTo = &message.ReplyTo{Story: "https://cdn.example/story"} }), contact.AsksWords},
		{"mention in a story", change(say(""), func(m *message.Message) {
			m.Kind = message.Share
			m.Data = []byte(`[{"type":"story_mention","payload":{"url":"https://cdn.example/s"}}]`)
			m.Attachments = []message.Attachment{{Kind: message.File, URL: "https://cdn.example/s"}}
		}), contact.OnlyMention},
		{"shared post", change(say(""), func(m *message.Message) {
			m.Kind = message.Share
			m.Data = []byte(`[{"type":"ig_post","payload":{}}]`)
		}), contact.AsksFile},
		{"button", change(say("Ja"), func(m *message.Message) { m.Kind = message.Reply }), contact.AsksGreeting},
		{"button that closes", change(say("Nee, bedankt"), func(m *message.Message) { m.Kind = message.Reply }), contact.OnlyThanks},
		{"photo", change(say(""), func(m *message.Message) { m.Kind = message.Image; m.Attachments = []message.Attachment{photo} }), contact.AsksFile},
		{"photo with thanks", change(say("Bedankt!"), func(m *message.Message) { m.Kind = message.Image; m.Attachments = []message.Attachment{photo} }), contact.AsksFile},
		{"voice", change(say(""), func(m *message.Message) { m.Kind = message.Audio }), contact.AsksFile},
		{"missed call", change(say(""), func(m *message.Message) { m.Kind = message.Call }), contact.AsksFile},
		{"place", change(say(""), func(m *message.Message) { m.Kind = message.Location }), contact.AsksFile},
		{"lost content", change(say(""), func(m *message.Message) { m.Kind = message.Unsupported; m.Mark = "content-lost" }), contact.AsksUnreadable},
		{"encrypted", change(mailOf("bedankt"), func(m *message.Message) { m.Mark = "encrypted" }), contact.AsksUnreadable},
		{"registered by an agent", change(say("bedankt"), func(m *message.Message) { m.Origin = message.Recorded; m.Channel = message.Phone }), contact.AsksRecorded},
		{"our own", change(say("Waar woont u?"), func(m *message.Message) { m.Direction = message.Outbound }), contact.NotByCustomer},
		{"passive", change(say("Waar is het?"), func(m *message.Message) { m.Passive = true }), contact.OnlyHistory},
		{"question mark", say("Top, bedankt?"), contact.AsksQuestion},
		{"other question mark", say("ok？"), contact.AsksQuestion},
		{"greeting", say("Hallo"), contact.AsksGreeting},
		{"complaint", say("bedankt 😡"), contact.AsksComplaint},
		{"empty", say(""), contact.AsksWords},
		{"words", say("De koffiemachine lekt"), contact.AsksWords},

		{"reply by mail", mailOf("Top, bedankt!"), contact.OnlyThanks},
		{"mail with greeting and signature", mailOf("Beste mevrouw De Vries,\n\nHartelijk dank voor uw snelle reactie.\n\nMet vriendelijke groet,\n\nJan-Willem van der Berg"), contact.OnlyThanks},
		{"signature with details", mailOf("Bedankt!\n\nMet vriendelijke groet,\n\nAnna de Vries\nInkoop\nVoorbeeld BV\nT 010-1234567\nwww.voorbeeld.example"), contact.OnlyThanks},
		{"name alone on the last line", mailOf("Hoi Fenne,\n\nTop, bedankt!\n\nSietske Bouwmeester"), contact.OnlyThanks},
		{"mail with a logo", change(mailOf("Dank u wel."), func(m *message.Message) { m.Attachments = []message.Attachment{logo} }), contact.OnlyThanks},
		{"mail with a photo in its text", change(mailOf("Dank u wel."), func(m *message.Message) { logo.Size = 300_000; m.Attachments = []message.Attachment{logo} }), contact.AsksFile},
		{"mail with a file", change(mailOf("Dank u wel."), func(m *message.Message) { m.Attachments = []message.Attachment{{Kind: message.File, Name: "bon.pdf"}} }), contact.AsksFile},
		{"mail with a closing only", mailOf("Met vriendelijke groet,\nAnna"), contact.AsksGreeting},
		{"request after the closing", mailOf("Bedankt!\n\nGroet, Anna\n\nPS stuur ook de factuur"), contact.AsksWords},
		{"number after the closing", mailOf("Bedankt!\n\nGroet, Anna\n\nBestelling 12345"), contact.AsksWords},
		{"new mail with a subject that asks", change(mailOf("Bedankt"), func(m *message.Message) { m.Subject = "Bestelling 12345 kwijt"; m.ReplyTo = nil }), contact.AsksSubject},
		{"new mail of thanks", change(mailOf("Hartelijk dank voor de snelle hulp!"), func(m *message.Message) { m.Subject = "Bedankt!"; m.ReplyTo = nil }), contact.OnlyThanks},
		{"subject alone", change(mailOf(""), func(m *message.Message) { m.Subject = "Top, bedankt!"; m.ReplyTo = nil }), contact.OnlyThanks},
		{"reply without text", mailOf(""), contact.AsksWords},
		{"forward", change(mailOf("Bedankt"), func(m *message.Message) { m.Subject = "Fwd: factuur"; m.ReplyTo = nil }), contact.AsksForward},
		{"forwarded text", change(mailOf("Bedankt"), func(m *message.Message) { m.ReplyTo = &message.ReplyTo{Forwarded: true} }), contact.AsksForward},

		{"reaction in Gmail", change(mailOf("👍\n\nAnna Test reacted via Gmail\n<https://www.google.com/gmail/about/?utm_source=gmail-in-product#app>"), func(m *message.Message) {
			m.Attachments = []message.Attachment{{Kind: message.File, Type: "text/vnd.google.email-reaction+json"}}
		}), contact.OnlyReaction},
		{"reaction without its part", mailOf("💖\n\nAnna de Vries heeft gereageerd via Gmail"), contact.OnlyReaction},
		{"reaction in Outlook", mailOf("👍 Anna Test reacted to your message:"), contact.OnlyReaction},
		{"reaction in the subject", change(mailOf(""), func(m *message.Message) { m.Subject = "👍 Anna Test reacted to your message" }), contact.OnlyReaction},
		{"Dutch reaction in Outlook", mailOf("❤️ Anna Test heeft gereageerd op uw bericht"), contact.OnlyReaction},
		{"words about a reaction", mailOf("Niemand van jullie heeft gereageerd op uw bericht van gisteren, bel me"), contact.AsksWords},
		{"calendar note", change(mailOf("Tot vrijdag, bedankt!"), func(m *message.Message) {
			m.Subject = "Geaccepteerd: Monteur aan huis"
			m.Attachments = []message.Attachment{{Kind: message.File, Type: "text/calendar", Name: "invite.ics"}}
		}), contact.OnlyThanks},
		{"invitation", change(mailOf("Bedankt!"), func(m *message.Message) {
			m.Attachments = []message.Attachment{{Kind: message.File, Type: "text/calendar", Name: "invite.ics"}}
		}), contact.AsksFile},
		{"name of the customer", change(say("bedankt, Wil Roos"), func(m *message.Message) { m.Name = "Wil Roos" }), contact.OnlyThanks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			why, asks := contact.WhyAsks(tt.m, true)
			if why != tt.want {
				t.Errorf("reason: got %s, want %s", why, tt.want)
			}
			if asks != contact.Asks(tt.m, true) {
				t.Errorf("WhyAsks says %v, and Asks does not", asks)
			}
		})
	}
}

// TestAsks_Limits reads texts at the limits of the reader.
func TestAsks_Limits(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"long word":         "bedankt " + strings.Repeat("ab", 500),
		"many words":        strings.Repeat("ok ", 65),
		"many bytes":        strings.Repeat("bedankt ", 1<<17),
		"other script":      "спасибо",
		"letters that grow": strings.Repeat("ﷺ", 300),
		"invalid":           "bedankt \xff\xfe kapot",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !contact.Asks(say(text), true) {
				t.Error("got a message that asks for nothing")
			}
		})
	}
	for name, text := range map[string]string{
		"repeated letters": "bedan" + strings.Repeat("k", 800) + "t",
		"64 words":         strings.TrimSpace(strings.Repeat("ok ", 64)),
		"other letters":    "Ｂｅｄａｎｋｔ",
		"invisible signs":  "\u200bbedankt\u200b\ufeff!",
		"accents apart":    "oke\u0301",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if why, asks := contact.WhyAsks(say(text), true); asks {
				t.Errorf("got a message that asks because of %s", why)
			}
		})
	}
}

func FuzzAsks(f *testing.F) {
	for _, name := range []string{"nl-nothing", "nl-asks", "en-nothing", "en-asks"} {
		for _, text := range readTexts(f, name) {
			f.Add(text, "Re: "+text, "Anna", true)
		}
	}
	f.Add(strings.Repeat("bedankt, ", 1<<17), "", "", false)
	f.Fuzz(func(t *testing.T, text, subject, name string, answered bool) {
		for _, m := range []message.Message{say(text), mailOf(text)} {
			m.Name = name
			if m.Channel == message.Email {
				m.Subject = subject
			}
			why, asks := contact.WhyAsks(m, answered)
			if why == "" {
				t.Errorf("no reason for %v", asks)
			}
			if strings.Contains(text, "?") && !asks {
				t.Errorf("a question mark does not ask: %s", why)
			}
			contact.WrittenByMachine(m, contact.AppTexts{})
		}
	})
}

func BenchmarkAsks(b *testing.B) {
	long := strings.Repeat("Mijn koffiezetter lekt al drie weken en niemand belt mij terug. ", 1<<14)
	for name, m := range map[string]message.Message{
		"thanks":   say("Top, bedankt!"),
		"mail":     mailOf("Beste Lisa,\n\nHartelijk dank voor de snelle reactie en de duidelijke uitleg!\n\nMet vriendelijke groet,\nAnna de Vries"),
		"question": say("Mijn koffiezetter lekt al drie weken en niemand belt mij terug, terwijl dat wel was beloofd"),
		"1 MB":     say(long),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				contact.Asks(m, true)
			}
		})
	}
}
