package email_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
)

// calendarReply is the file of an answer to an invitation of a visit on 2 December.
const calendarReply = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:visit-1@support.example.com\nSUMMARY:Monteur aan huis\nLOCATION:Dorpsstraat 5\\, Delft\n" +
	"DESCRIPTION:De monteur komt voor uw koffiemachine.\\nZorg dat u thuis bent.\nDTSTART:20261202T090000Z\nDTEND:20261202T100000Z\n" +
	"ORGANIZER;CN=Winkel Voorbeeld:mailto:klantenservice@support.example.com\nATTENDEE;CN=Anna Test;PARTSTAT=ACCEPTED:mailto:anna@example.com\nEND:VEVENT\nEND:VCALENDAR\n"

// invitationMail returns a mail with a calendar file beside its text.
func invitationMail(subject, text, file, header string) string {
	return "From: Anna Test <anna@example.com>\nTo: service@example.org\nSubject: " + subject + "\n" + header + "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=mix\n\n" +
		"--mix\nContent-Type: multipart/alternative; boundary=alt\n\n--alt\nContent-Type: text/plain; charset=utf-8\n\n" + text +
		"\n--alt\nContent-Type: text/calendar; charset=utf-8; method=REPLY\n\n" + file + "\n--alt--\n" +
		"--mix\nContent-Type: application/ics; name=invite.ics\nContent-Disposition: attachment; filename=invite.ics\n\n" + file + "\n--mix--\n"
}

// TestNormalize_InvitationAnswers reads the texts that calendar programs write. They
// say nothing that a person has to read.
func TestNormalize_InvitationAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, subject, text, header string }{
		{"gmail accepts", "Accepted: Monteur aan huis @ Wed 2 Dec 2026 10:00 - 11:00 (CET)", "Anna Test has accepted this invitation.\n\nMonteur aan huis\nWednesday 2 Dec 2026 ⋅ 10am – 11am\nCentral European Time", "Auto-Submitted: auto-generated\n"},
		{"gmail declines", "Declined: Monteur aan huis", "Anna Test has declined this invitation.\n\nMonteur aan huis\nWednesday Dec 2, 2026 ⋅ 10am – 11am (Central European Time - Amsterdam)\n\nLocation\nDorpsstraat 5, Delft\n\nOrganizer\nWinkel Voorbeeld\nklantenservice@support.example.com\n\nGuests\nWinkel Voorbeeld - organizer\nAnna Test - creator\nView all guest info https://calendar.google.com/calendar/event?eid=1\n\nInvitation from Google Calendar: https://calendar.google.com/calendar/\n\nYou are receiving this email because you are subscribed to calendar notifications.", ""},
		{"gmail maybe", "Tentatively Accepted: Monteur aan huis", "Anna Test has replied \"Maybe\" to this invitation.", ""},
		{"gmail in Dutch", "Geaccepteerd: Monteur aan huis", "Anna Test heeft deze uitnodiging geaccepteerd.\n\nMonteur aan huis\nwoensdag 2 dec. 2026 ⋅ 10:00 – 11:00 (Midden-Europese standaardtijd - Amsterdam)\n\nUitnodiging van Google Agenda: https://calendar.google.com/calendar/", ""},
		{"gmail declines in Dutch", "Geweigerd: Monteur aan huis", "Anna Test heeft deze uitnodiging geweigerd.\n\nZorg dat u thuis bent.", ""},
		{"outlook", "Accepted: Monteur aan huis", "", ""},
		{"outlook with the invitation", "Geaccepteerd: Monteur aan huis", "Wanneer: woensdag 2 december 2026 10:00-11:00 (UTC+01:00) Amsterdam.\nWaar: Dorpsstraat 5, Delft\n\n*~*~*~*~*~*~*~*~*~*", ""},
		{"apple", "Accepted: Monteur aan huis", "Anna Test accepted your invitation to the event: Monteur aan huis, scheduled for December 2", ""},
		{"apple in Dutch", "Geaccepteerd: Monteur aan huis", "Anna Test heeft uw uitnodiging voor 'Monteur aan huis' geaccepteerd.", ""},
		{"thunderbird", "Event Invitation Accepted: Monteur aan huis", "Anna Test <anna@example.com> has accepted your event invitation.", ""},
		{"thunderbird in Dutch", "Uitnodiging geweigerd: Monteur aan huis", "Anna Test heeft uw uitnodiging voor de gebeurtenis geweigerd.", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, _ := normalize(t, invitationMail(tt.subject, tt.text, calendarReply, tt.header), received("service@example.org"))
			if m := d.Messages[0]; m.Automated != "auto-reply" || !m.Passive {
				t.Errorf("got automated %q, passive %v and text %q; want auto-reply and passive", m.Automated, m.Passive, m.Text)
			}
		})
	}
}

// TestNormalize_InvitationAnswerWithWords reads answers to which a person added words.
// They are mails of a person, and their text is these words.
func TestNormalize_InvitationAnswerWithWords(t *testing.T) {
	t.Parallel()
	const question = "Kan de monteur vrijdag komen?"
	withComment := strings.Replace(calendarReply, "END:VEVENT", "COMMENT:Kan de monteur\\, vrijdag komen?\nEND:VEVENT", 1)
	for _, tt := range []struct{ name, subject, text, file, want string }{
		{"outlook", "Afgewezen: Monteur aan huis", "Ik ben dan niet thuis. " + question, calendarReply, "Ik ben dan niet thuis. " + question},
		{"outlook above the invitation", "Declined: Monteur aan huis", question + "\n\nWhen: Wednesday 2 December 2026 10:00-11:00\nWhere: Dorpsstraat 5, Delft", calendarReply, question},
		{"gmail with a note", "Declined: Monteur aan huis", "Anna Test has declined this invitation with a note:\n\n\"" + question + "\"\n\nMonteur aan huis\nWednesday 2 Dec 2026", calendarReply, "\"" + question + "\""},
		{"gmail with a note in the line", "Declined: Monteur aan huis", "Anna Test has declined this invitation with a note: \"" + question + "\"\n\nMonteur aan huis", calendarReply, question},
		{"gmail in Dutch with a note", "Geweigerd: Monteur aan huis", "Anna Test heeft deze uitnodiging geweigerd met een opmerking: \"" + question + "\"", calendarReply, question},
		{"apple", "Declined: Monteur aan huis", "Anna Test has declined your invitation.\n\nCould the engineer come on Friday?", calendarReply, "Could the engineer come on Friday?"},
		{"another day", "Geweigerd: Monteur aan huis", "Anna Test heeft deze uitnodiging geweigerd.\n\nvrijdag 4 december 14:00", calendarReply, "vrijdag 4 december 14:00"},
		{"sentence about the invitation", "Accepted: Monteur aan huis", "Anna Test has accepted this invitation, but the machine still leaks", calendarReply, "Anna Test has accepted this invitation, but the machine still leaks"},
		{"comment in the file", "Declined: Monteur aan huis", "Anna Test has declined this invitation.", withComment, "Kan de monteur, vrijdag komen?"},
		{"comment that the text repeats", "Declined: Monteur aan huis", "Kan de monteur, vrijdag komen?", withComment, "Kan de monteur, vrijdag komen?"},
		{"label with a question", "Geweigerd: Monteur aan huis", "Anna Test heeft deze uitnodiging geweigerd.\nWanneer: kan het ook vrijdag?", calendarReply, "Wanneer: kan het ook vrijdag?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := invitationMail(tt.subject, tt.text, tt.file, "Auto-Submitted: auto-generated\n")
			d, p := normalize(t, raw, received("service@example.org"))
			m := d.Messages[0]
			if m.Automated != "" || m.Passive || p.NoReply {
				t.Errorf("got automated %q, passive %v and no reply %v; want a person's mail", m.Automated, m.Passive, p.NoReply)
			}
			if m.Text != tt.want {
				t.Errorf("text: got %q, want %q", m.Text, tt.want)
			}
			if why, asks := contact.WhyAsks(m, true); !asks {
				t.Errorf("got a mail that asks for nothing because of %s", why)
			}
			if why, yes := contact.WrittenByMachine(m, contact.AppTexts{}); yes {
				t.Errorf("got a machine's mail because of %s", why)
			}
		})
	}
}

// TestNormalize_InvitationAnswerOfMachine checks that a room or system that answers by
// itself stays a machine, and that an invitation of a customer is a person's.
func TestNormalize_InvitationAnswerOfMachine(t *testing.T) {
	t.Parallel()
	d, _ := normalize(t, invitationMail("Accepted: Visit", "Your request was accepted.", calendarReply, "Auto-Submitted: auto-replied\n"), received("service@example.org"))
	if m := d.Messages[0]; m.Automated != "auto-reply" || !m.Passive {
		t.Errorf("room: got automated %q and passive %v, want auto-reply", m.Automated, m.Passive)
	}
	request := strings.NewReplacer("method=REPLY", "method=REQUEST", "METHOD:REPLY", "METHOD:REQUEST")
	d, _ = normalize(t, request.Replace(invitationMail("Afspraak", "Kunt u dan?", calendarReply, "")), received("service@example.org"))
	if m := d.Messages[0]; m.Automated != "" || m.Passive {
		t.Errorf("invitation: got automated %q and passive %v, want a person's mail", m.Automated, m.Passive)
	}
}

func TestNormalize_CaseInvitationAnswers(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"1-gmail-accepts":            "auto-reply",
		"2-declined-with-a-question": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _, err := email.Normalize(readCase(t, "events/12-calendar-replies/"+name+".eml"), email.Envelope{})
			if err != nil {
				t.Fatal(err)
			}
			m := d.Messages[0]
			if m.Automated != want || m.Passive != (want != "") {
				t.Errorf("got automated %q and passive %v, want %q", m.Automated, m.Passive, want)
			}
			if asks := contact.Asks(m, false); want == "" && !asks {
				t.Error("got a mail that asks for nothing")
			}
		})
	}
}

// TestNormalize_CaseMachines reads newsletters, and mails that SES calls spam. No person
// wrote them.
func TestNormalize_CaseMachines(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]string{"10-spam-opens-a-problem": "spam", "11-newsletters-open-a-problem": "list"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			mails, err := filepath.Glob(filepath.Join(casesDir, "events", folder, "*.eml"))
			if err != nil || len(mails) == 0 {
				t.Skip("no cases")
			}
			for _, name := range mails {
				raw, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				env := received("service@example.org")
				if want == "spam" {
					env.Verdicts.Spam = "FAIL"
				}
				d, _ := normalize(t, string(raw), env)
				if why, yes := contact.WrittenByMachine(d.Messages[0], contact.AppTexts{}); !yes || why != want {
					t.Errorf("%s: got %q and %v, want %q", filepath.Base(name), why, yes, want)
				}
			}
		})
	}
}

// TestNormalize_Newsletters reads the fields with which programs for newsletters and
// other bulk mail mark it, and mails that look similar and are a person's.
func TestNormalize_Newsletters(t *testing.T) {
	t.Parallel()
	const unsubscribe = "List-Unsubscribe: <https://news.example/u/1>\n"
	for _, tt := range []struct {
		name, header string
		isMachine    bool
	}{
		{"bulk", unsubscribe + "Precedence: bulk", true},
		{"list", unsubscribe + "Precedence: list\nList-Id: <news.shop.example>", true},
		{"junk", unsubscribe + "Precedence: junk", true},
		{"one click", unsubscribe + "List-Unsubscribe-Post: List-Unsubscribe=One-Click", true},
		{"feedback id", unsubscribe + "Feedback-ID: 1:2:3:sender", true},
		{"campaign", unsubscribe + "X-Campaign: spring", true},
		{"campaign id", unsubscribe + "X-CampaignID: 17", true},
		{"Mailgun", unsubscribe + "X-Mailgun-Sid: abc", true},
		{"SendGrid", unsubscribe + "X-SG-EID: abc", true},
		{"discussion list", unsubscribe + "Precedence: list\nList-Post: <mailto:all@example.com>", false},
		{"answer in a list", unsubscribe + "Precedence: bulk\nIn-Reply-To: <1@example.com>", false},
		{"group", unsubscribe + "Precedence: list\nX-Google-Group-Id: 1", false},
		{"unsubscribe alone", unsubscribe + "Subject: Vraag", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, _ := normalize(t, "From: news@shop.example\n"+tt.header+"\n\nDe koffiemachine is duurder geworden.", received("service@example.org"))
			if why, yes := contact.WrittenByMachine(d.Messages[0], contact.AppTexts{}); yes != tt.isMachine {
				t.Errorf("got %v because of %q, want %v", yes, why, tt.isMachine)
			}
		})
	}
}

// TestNormalize_AutoReplies reads the fields and subjects of automatic replies.
func TestNormalize_AutoReplies(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		"Auto-Submitted: auto-replied", "Auto-Submitted: auto-replied (vacation)", "X-Autoreply: yes", "X-Autorespond: vacation", "Precedence: auto_reply", "X-Vacation: 1",
		"X-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: anna@example.com", "Subject: Automatisch antwoord: Uw bestelling", "Subject: Out of Office: order",
		"Subject: Afwezig: Anna", "Subject: Automatic reply", "Auto-Submitted: auto-generated",
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			d, _ := normalize(t, "From: anna@example.com\n"+header+"\n\nIk ben er maandag weer.", received("service@example.org"))
			if why, yes := contact.WrittenByMachine(d.Messages[0], contact.AppTexts{}); !yes {
				t.Errorf("got a person's mail, %q", why)
			}
		})
	}
}
