package contact_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// newMail returns a mail of a customer that begins a thread.
func newMail(subject, text string) message.Message {
	m := inbound(message.Email, 0)
	m.Kind = message.Mail
	m.Subject = subject
	m.Text = text
	m.Customer = identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "anna@example.com"}}
	return m
}

func TestWrittenByMachine_Marked(t *testing.T) {
	t.Parallel()
	change := func(m message.Message, f func(*message.Message)) message.Message { f(&m); return m }
	question := newMail("Bestelling", "Waar blijft mijn pakket?")
	from := func(address string) message.Message {
		return change(question, func(m *message.Message) { m.Customer.Value = address })
	}
	for _, tt := range []struct {
		name string
		m    message.Message
		want string
	}{
		{"question", question, ""},
		{"auto-reply", change(question, func(m *message.Message) { m.Automated = "auto-reply" }), "auto-reply"},
		{"generated", change(question, func(m *message.Message) { m.Automated = "auto-generated" }), "auto-generated"},
		{"bounce", change(question, func(m *message.Message) { m.Automated = "bounce" }), "bounce"},
		{"newsletter", change(question, func(m *message.Message) { m.Automated = "list" }), "list"},
		{"receipt of ours", change(outbound(message.Email, 0), func(m *message.Message) { m.Automated = "auto-replied"; m.Origin = message.Composed }), "auto-replied"},
		{"spam", change(question, func(m *message.Message) { m.Mark = "spam" }), "spam"},
		{"virus", change(question, func(m *message.Message) { m.Mark = "virus" }), ""},
		{"unproven sender", change(question, func(m *message.Message) { m.Customer.Assurance = identity.Claimed }), ""},
		{"no-reply", from("no-reply@shop.example"), "no-reply"},
		{"noreply", from("NoReply@shop.example"), "no-reply"},
		{"do.not.reply", from("do.not.reply@shop.example"), "no-reply"},
		{"postmaster", from("postmaster@shop.example"), "no-reply"},
		{"mailer-daemon", from("mailer-daemon@shop.example"), "no-reply"},
		{"notifications", from("notifications@shop.example"), "no-reply"},
		{"niet-beantwoorden", from("niet-beantwoorden@winkel.example"), "no-reply"},
		{"donotreply", from("donotreply@shop.example"), "no-reply"},
		{"reply", from("reply@shop.example"), ""},
		{"form with the visitor in Reply-To", change(from("noreply@forms.example"), func(m *message.Message) {
			m.Aliases = []identity.Address{{Alias: identity.Alias{Kind: identity.Email, Value: "els@example.com"}, Assurance: identity.Claimed}}
		}), ""},
		{"no-reply in Reply-To", change(from("noreply@shop.example"), func(m *message.Message) {
			m.Aliases = []identity.Address{{Alias: identity.Alias{Kind: identity.Email, Value: "no-reply@mail.shop.example"}, Assurance: identity.Claimed}}
		}), "no-reply"},
		{"unknown author", change(from("noreply"), func(m *message.Message) { m.Customer.Scope = "unknown" }), ""},
		{"answer by an agent", change(outbound(message.Email, 0), func(m *message.Message) { m.Origin = message.Composed; m.Text = "Wij hebben uw e-mail ontvangen." }), ""},
		{"registered call", change(inbound(message.Phone, 0), func(m *message.Message) { m.Origin = message.Recorded; m.Text = "Uw bericht is ontvangen" }), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			why, yes := contact.WrittenByMachine(tt.m, contact.AppTexts{})
			if why != tt.want || yes != (tt.want != "") {
				t.Errorf("got %q and %v, want %q", why, yes, tt.want)
			}
		})
	}
}

// TestWrittenByMachine_Words reads mails that no header field marks.
func TestWrittenByMachine_Words(t *testing.T) {
	t.Parallel()
	for want, mails := range map[string][][2]string{
		contact.MachineAbsence: {
			{"", "Ik ben afwezig tot maandag 4 mei."},
			{"Re: Uw bestelling", "Ik ben tot en met 12 juni met vakantie.\n\nGroet,\nAnna"},
			{"", "Beste,\n\nBedankt voor uw e-mail. Ik ben afwezig tot maandag 4 mei. Voor dringende zaken kunt u contact opnemen met mijn collega Piet (010-1234567).\n\nMet vriendelijke groet,\nAnna de Vries\nInkoop"},
			{"", "Momenteel ben ik met verlof. Uw e-mail wordt niet gelezen of doorgestuurd. Ik zal uw bericht na terugkomst beantwoorden."},
			{"", "Wegens vakantie zijn wij afwezig tot 20 augustus. Heeft u een dringende vraag? Bel dan met mijn collega Jan op 010-1234567."},
			{"Ik ben afwezig tot 3 mei", ""},
			{"Ik ben momenteel afwezig", "Bij spoed kunt u bellen met mijn collega's."},
			{"", "I am out of office until Monday."},
			{"", "Thank you for your email. I am currently out of the office until 12 May with limited access to email. I will reply upon my return.\n\nKind regards,\nJohn Smith\nSales Manager"},
			{"", "I'm on annual leave until June 3rd. For urgent matters please contact my colleague Jane."},
			{"", "Hi,\n\nI will be out of the office from 1 to 5 July. Your message will not be forwarded.\n\nBest,\nTom"},
			{"I am on vacation until August 20", "I will respond when I return."},
			{"", "We are on holiday until 2 January. If you need help, please call our colleagues."},
		},
		contact.MachineReceipt: {
			{"", "Wij hebben uw e-mail ontvangen, ticket 123"},
			{"", "Wij hebben uw e-mail ontvangen. Uw ticketnummer is 12345. Wij reageren zo spoedig mogelijk."},
			{"Ontvangst", "Geachte heer,\n\nUw bericht is ontvangen en geregistreerd onder nummer Z-2026-11. We nemen binnen twee werkdagen contact met u op.\n\nMet vriendelijke groet,\nGemeente Voorbeeld"},
			{"", "Dit is een automatisch gegenereerd bericht. U kunt deze e-mail niet beantwoorden."},
			{"", "Bedankt voor uw bericht! Wij hebben uw vraag in goede orde ontvangen. Vermeld het ticketnummer in het onderwerp."},
			{"", "Er is een ticket aangemaakt. Referentie: 4711."},
			{"", "Hierbij bevestigen wij de ontvangst van uw e-mail."},
			{"", "We have received your request (ticket #4711). A member of our team will respond within 24 hours.\n\nThe Support Team"},
			{"", "Your ticket has been created. Please do not reply to this email."},
			{"", "Thank you for contacting us. We've received your message and will get back to you as soon as possible."},
			{"", "This is an automated message. Your request has been received and will be reviewed by our team."},
			{"", "Case 12345 has been opened. Please keep the case number in the subject."},
		},
		"": {
			{"", "Ik ben afwezig tot vrijdag dus graag later bezorgen."},
			{"", "Ik ben afwezig tot vrijdag. Kan de monteur zaterdag komen?"},
			{"", "Ik ben op vakantie tot 3 mei. Bezorg het pakket bij de buren."},
			{"", "Ik ben tot vrijdag op vakantie, maar het pakket moet donderdag komen."},
			{"Afwezig tot vrijdag", "Kan de levering een week later?"},
			{"", "Ik ben vrijdag niet beschikbaar."},
			{"", "Ik was op vakantie en nu is het pakket terug."},
			{"", "I'm on holiday until Monday, please deliver on Tuesday."},
			{"", "I am out of office until Friday. Where is my parcel?"},
			{"", "I am away until Friday. Leave it with the neighbours."},
			{"", "Wij hebben uw e-mail ontvangen maar de factuur ontbreekt."},
			{"", "Wij hebben uw e-mail ontvangen. Stuur zo spoedig mogelijk een nieuw exemplaar."},
			{"", "Wij hebben uw e-mail ontvangen. Wij gaan niet akkoord."},
			{"", "Wij hebben uw bericht ontvangen. U hebt onze vraag niet beantwoord."},
			{"", "Ik heb uw mail ontvangen, bedankt."},
			{"", "Ik kreeg een mail: dit is een automatisch bericht. Wat betekent dat?"},
			{"", "Jullie sturen steeds 'dit is een automatisch bericht'. Ik wil een mens spreken."},
			{"", "We have received your message but the invoice is missing."},
			{"", "We have received your parcel. It is empty."},
			{"", "Has my request been received?"},
			{"", "Your ticket was created yesterday. Still nobody called me."},
			{"", "Waar blijft mijn pakket"},
			{"", ""},
		},
	} {
		t.Run("machine "+want, func(t *testing.T) {
			t.Parallel()
			for _, mail := range mails {
				m := newMail(mail[0], mail[1])
				if why, yes := contact.WrittenByMachine(m, contact.AppTexts{}); why != want || yes != (want != "") {
					t.Errorf("subject %q, text %q: got %q and %v, want %q", mail[0], mail[1], why, yes, want)
				}
			}
		})
	}
}

// TestWrittenByMachine_Chat reads what apps send by themselves.
func TestWrittenByMachine_Chat(t *testing.T) {
	t.Parallel()
	own, err := contact.ParseAppTexts("Welkom bij Winkel Voorbeeld!\nWaarmee kunnen we helpen? ||  We zijn gesloten tot 9 uur. || Hoi {name}, we lezen je bericht zo.||")
	if err != nil {
		t.Fatal(err)
	}
	echo := func(ch message.Channel, text string) message.Message {
		m := outbound(ch, 0)
		m.Origin = message.Echo
		m.Text = text
		return m
	}
	composed := echo(message.WhatsApp, "We zijn gesloten tot 9 uur.")
	composed.Origin = message.Composed
	fromCustomer := echo(message.WhatsApp, "We zijn gesloten tot 9 uur.")
	fromCustomer.Direction = message.Inbound
	fromCustomer.Origin = ""
	for _, tt := range []struct {
		name string
		m    message.Message
		want string
	}{
		{"greeting message", echo(message.WhatsApp, "Welkom bij Winkel Voorbeeld! Waarmee kunnen we helpen?"), "app"},
		{"other case and spaces", echo(message.WhatsApp, " welkom bij  winkel voorbeeld!\n\nWAARMEE kunnen we helpen? "), "app"},
		{"away message", echo(message.WhatsApp, "We zijn gesloten tot 9 uur."), "app"},
		{"instant reply", echo(message.Messenger, "Hoi Anna, we lezen je bericht zo."), "app"},
		{"instant reply with a long name", echo(message.Messenger, "Hoi Anna Maria van den Berg, we lezen je bericht zo."), "app"},
		{"default away message", echo(message.WhatsApp, "Thank you for your message. We're unavailable right now, but will respond as soon as possible."), "app"},
		{"default away message in Dutch", echo(message.WhatsApp, "Bedankt voor je bericht. We zijn momenteel niet beschikbaar, maar reageren zo snel mogelijk."), "app"},
		{"receipt", echo(message.Messenger, "We hebben je bericht ontvangen. We reageren zo snel mogelijk."), "receipt"},
		{"more than the text", echo(message.WhatsApp, "We zijn gesloten tot 9 uur. Je pakket komt morgen."), ""},
		{"other name place", echo(message.Messenger, "Hoi Anna, je pakket komt morgen."), ""},
		{"no name", echo(message.Messenger, "Hoi , we lezen je bericht zo."), ""},
		{"answer of staff", echo(message.WhatsApp, "Je pakket komt morgen."), ""},
		{"answer through the API", composed, ""},
		{"the same words of a customer", fromCustomer, ""},
		{"away message of a customer's company", say("Bedankt voor uw bericht. Wij hebben uw vraag ontvangen en reageren zo snel mogelijk."), "receipt"},
		{"absent customer in a chat", say("Ik ben afwezig tot vrijdag"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if why, yes := contact.WrittenByMachine(tt.m, own); why != tt.want || yes != (tt.want != "") {
				t.Errorf("got %q and %v, want %q", why, yes, tt.want)
			}
		})
	}
}

func TestParseAppTexts_Invalid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ list, err string }{
		"empty":          {"", ""},
		"separators":     {" || ||", ""},
		"short":          {"ok || We zijn gesloten tot 9 uur.", "too short"},
		"name alone":     {"{name}! || We zijn gesloten tot 9 uur.", "too short"},
		"two names":      {"Hoi {name}, ja {name}, welkom || We zijn gesloten tot 9 uur.", "twice"},
		"long":           {strings.Repeat("a", 5000) + "|| We zijn gesloten tot 9 uur.", "too long"},
		"one good entry": {"We zijn gesloten tot 9 uur.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := contact.ParseAppTexts(tt.list)
			if (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error: got %v, want %q", err, tt.err)
			}
			if want := strings.Contains(tt.list, "gesloten"); got.Has("we zijn gesloten tot 9 uur.") != want {
				t.Errorf("the valid entry: got %v, want %v", !want, want)
			}
		})
	}
}

func BenchmarkWrittenByMachine(b *testing.B) {
	for name, m := range map[string]message.Message{
		"question": newMail("Bestelling", "Mijn koffiezetter lekt al drie weken en niemand belt mij terug, terwijl dat wel was beloofd."),
		"receipt":  newMail("", "Wij hebben uw e-mail ontvangen. Uw ticketnummer is 12345. Wij reageren zo spoedig mogelijk."),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				contact.WrittenByMachine(m, contact.AppTexts{})
			}
		})
	}
}
