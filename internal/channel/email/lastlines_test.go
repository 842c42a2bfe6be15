package email_test

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
)

// repliesInHTML are the pages that mail programs write. REPLY marks the text of
// the writer.
var repliesInHTML = []struct{ program, page string }{
	{"Gmail", `<div dir="ltr">REPLY</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Op di 25 sep 2025 om 08:59 schreef Winkel &lt;<a href="mailto:help@winkel.example">help@winkel.example</a>&gt;:<br></div><blockquote class="gmail_quote">QUOTE</blockquote></div>`},
	{"Gmail on a phone", `<div dir="auto">REPLY</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Tue, 25 Sept 2025, 08:59 Shop, &lt;<a href="mailto:help@shop.example">help@shop.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote">QUOTE</blockquote></div>`},
	{"Gmail until 2018", `<div dir="ltr">REPLY</div><div class="gmail_extra"><br><div class="gmail_quote">2016-03-03 17:21 GMT+01:00 Winkel <span dir="ltr">&lt;<a href="mailto:help@winkel.example">help@winkel.example</a>&gt;</span>:<br><blockquote class="gmail_quote">QUOTE</blockquote></div></div>`},
	{"Outlook for the desktop", `<div class="WordSection1"><p class="MsoNormal">REPLY<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Van:</b> Winkel &lt;help@winkel.example&gt;<br><b>Verzonden:</b> dinsdag 25 september 2025 08:59<br><b>Aan:</b> Jan<br><b>Onderwerp:</b> Uw vraag</p></div></div>QUOTE</div>`},
	{"Outlook on the web", `<div class="elementToProof">REPLY</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr"><b>Van:</b> Winkel<br><b>Verzonden:</b> dinsdag 25 september 2025 08:59<br><b>Aan:</b> Jan<br><b>Onderwerp:</b> Uw vraag</div>QUOTE`},
	{"Outlook for iOS", `<div dir="ltr">REPLY</div><div id="ms-outlook-mobile-signature" dir="ltr">Outlook voor <a href="https://example.com/o">iOS</a> downloaden</div><hr><div id="divRplyFwdMsg"><b>Van:</b> Winkel<br><b>Verzonden:</b> dinsdag 25 september 2025<br><b>Aan:</b> Jan<br><b>Onderwerp:</b> x</div>QUOTE`},
	{"Apple Mail", `<div>REPLY</div><br><div><br><blockquote type="cite"><div>Op 25 sep 2025, om 08:59 heeft Winkel &lt;help@winkel.example&gt; het volgende geschreven:</div><br>QUOTE</blockquote></div>`},
	{"iPhone", `<div dir="ltr">REPLY<br><br><div dir="ltr">Verstuurd vanaf mijn iPhone</div><div dir="ltr"><br><blockquote type="cite">Op 25 sep 2025 om 08:59 heeft Winkel het volgende geschreven:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">QUOTE</div></blockquote></div>`},
	{"iPhone in German", `REPLY<br><br><div dir="ltr">Von meinem iPhone gesendet</div><div dir="ltr"><br><blockquote type="cite">Am 25.09.2025 um 08:59 schrieb Laden &lt;hilfe@laden.example&gt;:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">QUOTE</div></blockquote>`},
	{"Thunderbird", `<p>REPLY</p><div class="moz-cite-prefix">Op 25-09-2025 om 08:59 schreef Winkel:<br></div><blockquote type="cite" cite="mid:1">QUOTE</blockquote>`},
	{"Thunderbird in French", `<p>REPLY<br></p><div class="moz-cite-prefix">Le 25/09/2025 à 08:59, Magasin a écrit&nbsp;:<br></div><blockquote type="cite" cite="mid:1">QUOTE</blockquote>`},
	{"Yahoo", `<div class="ydp1"><div dir="ltr">REPLY</div><div><br></div></div><div id="yahoo_quoted_1" class="yahoo_quoted"><div><div>Op dinsdag 25 september 2025 om 08:59:22 CEST schreef Winkel &lt;help@winkel.example&gt;:</div>QUOTE</div></div>`},
	{"Proton", `<div style="font-family: Arial">REPLY</div><div class="protonmail_quote">Op dinsdag 25 september 2025 om 08:59 schreef Winkel &lt;help@winkel.example&gt;:<br><br><blockquote class="protonmail_quote" type="cite">QUOTE</blockquote></div>`},
	{"Roundcube", `<div>REPLY</div><div><br></div><p id="reply-intro">Winkel schreef op 2025-09-25 08:59:</p><blockquote type="cite">QUOTE</blockquote>`},
	{"Samsung", `<div dir="auto">REPLY</div><div dir="auto"><br></div><div>-------- Oorspronkelijk bericht --------</div><div>Van: Winkel &lt;help@winkel.example&gt;</div><div>Datum: 25-09-2025 08:59 (GMT+02:00)</div><div>Aan: Jan</div><div>Onderwerp: Uw vraag</div>QUOTE`},
	{"GMX", `<div>REPLY</div><div>&nbsp;<div name="quote"><div><b>Gesendet:</b>&nbsp;Dienstag, 25. September 2025 um 08:59 Uhr<br/><b>Von:</b>&nbsp;Laden &lt;hilfe@laden.example&gt;<br/><b>An:</b>&nbsp;jan@example.com<br/><b>Betreff:</b>&nbsp;Ihre Frage</div><div name="quoted-content">QUOTE</div></div></div>`},
	{"Zoho", `<div>REPLY</div><br><div class="zmail_extra"><div>---- On Tue, 25 Sep 2025 08:59:00 +0200 <b>Shop &lt;help@shop.example&gt;</b> wrote ----</div><br><blockquote>QUOTE</blockquote></div>`},
	{"Spark", `<div name="messageBodySection"><div dir="auto">REPLY</div></div><div name="messageReplySection">Op 25 sep. 2025 08:59 +0200, schreef Winkel &lt;help@winkel.example&gt;:<br><blockquote type="cite">QUOTE</blockquote></div>`},
	{"Tutanota", `<div>REPLY</div><div><br></div><div>25 sep. 2025 08:59 door help@winkel.example:<br></div><blockquote class="tutanota_quote">QUOTE</blockquote>`},
	{"Mail.ru", `<p>REPLY</p><br>Tue, 25 Sep 2025 08:59:51 +0400 от Winkel &lt;help@winkel.example&gt;:<br><blockquote style="border-left:1px solid #0857A6;">QUOTE</blockquote>`},
	{"a program that marks nothing", `<div>REPLY</div><div>Op di 25 sep 2025 om 08:59 schreef Winkel &lt;help@winkel.example&gt;:</div>QUOTE`},
	{"a program that marks nothing, with a blank line", `<div>REPLY</div><br><div>Winkel &lt;help@winkel.example&gt; schreef op 25-09-2025 08:59:</div><br>QUOTE`},
}

// TestNormalize_LastLines reads replies whose last line looks like a part of the
// attribution below it. The text is the whole reply, and nothing of the quote.
func TestNormalize_LastLines(t *testing.T) {
	t.Parallel()
	const quote = "<p>Beste Jan,</p><p>Wat is uw bestelnummer?</p><p>De klantenservice</p>"
	endings := []string{
		"12345", "0", "2 stuks graag", "# 12345", "1234 AB", "1234AB Utrecht", "06-12345678", "+31 6 1234 5678", "€ 12,50", "12,50", "100%",
		"14:00", "14:00 is prima", "14h30", "tussen 9:00 en 12:00", "3 mei", "25-09-2025", "25-09-2025 14:00", "2025-09-25", "25.09.2025, 14:00 Uhr", "9/25/25 2 PM",
		"25 september 2025 om 14:00", "dinsdag", "Op dinsdag", "Op 25 september 2025 om 10:15", "On it", "On Monday I wrote to Jan", "Am Montag", "Le 3 mars", "Den 3 mars",
		"schreef u dat?", "he wrote:", "Jan schreef:", "jan@example.com", "Jan <jan@example.com>", "<jan@example.com>", "1. rood\n2. blauw", "- 2 stuks\n- 3 stuks",
		"Hallo,\n\n12345", "12345\nJan", "Dank u.\n25-09-2025", "\"12345\"", "(12345)", "2025", "M-250-XL", "Datum: 25-09-2025", "Onderwerp: 12345", "ja", "OK",
	}
	for _, p := range repliesInHTML {
		t.Run(p.program, func(t *testing.T) {
			t.Parallel()
			for _, e := range endings {
				text := strings.ReplaceAll(html.EscapeString(e), "\n", "<br>")
				page := strings.NewReplacer("REPLY", text, "QUOTE", quote).Replace(p.page)
				raw := fmt.Sprintf("From: jan@example.com\nSubject: Re: Uw vraag\nIn-Reply-To: <1@winkel.example>\nContent-Type: text/html; charset=utf-8\n\n<html><body>%s</body></html>\n", page)
				d, _, err := email.Normalize([]byte(raw), email.Envelope{})
				if err != nil {
					t.Fatal(err)
				}
				if got := d.Messages[0].Text; got != e {
					t.Errorf("got %q, want %q", got, e)
				}
			}
		})
	}
}

// mailCases is a folder of mails that once gave a wrong text. The test of it skips
// without the folder.
const mailCases = "../../../../shared/cases/mail"

func TestNormalize_CasesOfReplies(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"email-reply-only-a-number.eml":       "12345",
		"email-reply-begins-with-a-digit.eml": "2 stuks graag",
	} {
		raw, err := os.ReadFile(filepath.Join(mailCases, file))
		if err != nil {
			t.Skip("no cases")
		}
		d, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Messages[0].Text; got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
}
