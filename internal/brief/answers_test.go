package brief_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// The sentences of our answers that promise something are in the brief.
func TestMake_Said(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"Vervelend! Wij komen er morgen op terug.":                    "Wij komen er morgen op terug.",
		"Dank voor uw bericht. We bellen u vrijdag terug.":            "We bellen u vrijdag terug.",
		"Dat is niet goed gegaan. U ontvangt binnen 3 dagen bericht.": "U ontvangt binnen 3 dagen bericht.",
		"Ik zoek het voor u uit. Fijne dag!":                          "Ik zoek het voor u uit.",
		"Het bedrag wordt deze week teruggestort.":                    "Het bedrag wordt deze week teruggestort.",
		"Sorry about that. We'll send a new one.":                     "We'll send a new one.",
		"You will receive a label within two days. Anything else?":    "You will receive a label within two days.",
		"I have asked my colleague. They get back to you by Friday.":  "They get back to you by Friday.",
		"Your refund will be paid on Monday.":                         "Your refund will be paid on Monday.",
		"Heeft u het filter al schoongemaakt?":                        "",
		"Welke kleur heeft de machine?":                               "",
		"What is your order number?":                                  "",
	} {
		k := knownFrom(t, inbound(message.WhatsApp, 3*hour, "Mijn koffiemachine is kapot"), outbound(message.WhatsApp, 2*hour, answer), inbound(message.WhatsApp, hour, "Mijn koffiemachine is nog steeds kapot"))
		got := ""
		if said := brief.Make(k, now).Said; len(said) > 0 {
			got = said[0].Text
		}
		if got != want {
			t.Errorf("%q: said %q, want %q", answer, got, want)
		}
	}
}

func TestMake_Answered(t *testing.T) {
	t.Parallel()
	lost := outbound(message.WhatsApp, 50*time.Minute, "mislukt")
	lost.Lost = true
	automatic := outbound(message.WhatsApp, 40*time.Minute, "Wij hebben uw bericht ontvangen.")
	automatic.Automated = "auto-replied"
	k := knownFrom(t,
		inbound(message.WhatsApp, 3*hour, "Mijn koffiemachine is kapot"), outbound(message.WhatsApp, 2*hour, "Lekt hij?"), lost, automatic,
		agentNote(message.Tried, 30*time.Minute, "Ontkalkt."), inbound(message.WhatsApp, 20*time.Minute, "Ja, hij lekt"), inbound(message.WhatsApp, 10*time.Minute, "Hallo?"),
	)
	b := brief.Make(k, now)
	if b.Answered == nil || b.Answered.Text != "Lekt hij?" || !b.Answered.At.Equal(now.Add(-2*hour)) {
		t.Errorf("answered %+v, want the last answer that arrived", b.Answered)
	}
	if b.Waiting == nil || b.Waiting.Messages != 2 || !b.Waiting.Since.Equal(now.Add(-20*time.Minute)) {
		t.Errorf("waiting %+v, want two messages since 20 minutes ago", b.Waiting)
	}
}

func TestMake_Channels(t *testing.T) {
	t.Parallel()
	k := knownFrom(t,
		inbound(message.WhatsApp, 2*day, "Waar blijft mijn pakket?"), inbound(message.Email, 3*day, "Waar blijft mijn pakket?"),
		inbound(message.WebChat, hour, "Waar blijft mijn pakket?"), outbound(message.Instagram, hour, "Dag"),
	)
	type state struct {
		Channel message.Channel
		Closed  bool
	}
	var got []state
	for _, c := range brief.Make(k, now).Channels {
		got = append(got, state{c.Channel, c.Closed})
	}
	want := []state{{message.WebChat, false}, {message.Email, false}, {message.WhatsApp, true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("channels (-want +got):\n%s", diff)
	}
}

// What customers can do themselves does not help while the problem is open.
func TestMake_SelfServiceDuringProblem(t *testing.T) {
	t.Parallel()
	k := knownFrom(t, inbound(message.WhatsApp, hour, "Ik ben mijn wachtwoord vergeten"))
	if brief.Make(k, now).SelfService == nil {
		t.Fatal("no self-service without a problem")
	}
	k.Problems = []problem.Record{{Problem: problem.Problem{ID: "p", Reason: "password-reset", State: problem.Detected}}}
	if got := brief.Make(k, now).SelfService; got != nil {
		t.Errorf("self-service %+v although the problem is open", got)
	}
}

func TestMake_Name(t *testing.T) {
	t.Parallel()
	asked := inbound(message.WhatsApp, hour, "Waar blijft mijn pakket?")
	asked.Name = "Jan"
	k := knownFrom(t, asked)
	if got := brief.Make(k, now).Name; got != "Jan" {
		t.Errorf("name %q, want that of the channel", got)
	}
	k.Name = "Jan de Vries"
	k.Account = "10042"
	if b := brief.Make(k, now); b.Name != "Jan de Vries" || b.Account != "10042" {
		t.Errorf("name %q, account %q, want those of the register", b.Name, b.Account)
	}
}
