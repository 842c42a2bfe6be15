package email_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
)

// TestNormalize_MailPrograms reads answers in the HTML of each mail program, and
// checks that the text is the part that the customer wrote.
func TestNormalize_MailPrograms(t *testing.T) {
	t.Parallel()
	const quoted = "<p>Beste Jan,</p><p>uw bestelling is onderweg.</p><p>Klantenservice</p>"
	tests := []struct{ name, page, want string }{
		{"Gmail", `<div dir="ltr">Hij is er nog niet.<div><br></div><div>Groet,</div><div>Jan</div></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Op ma 3 mrt 2025 om 10:15 schreef Winkel &lt;<a href="mailto:info@example.org">info@example.org</a>&gt;:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">` + quoted + `</blockquote></div>`,
			"Hij is er nog niet.\n\nGroet,\nJan"},
		{"Gmail with a signature", `<div dir="ltr">Hij is er nog niet.<br clear="all"><div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">Jan Voorbeeld<br>Directeur</div></div><br><div class="gmail_quote"><div class="gmail_attr">On Mon, 3 Mar 2025 at 10:15, Shop wrote:</div><blockquote class="gmail_quote">` + quoted + `</blockquote></div>`,
			"Hij is er nog niet."},
		{"Gmail, between the lines", `<div dir="ltr"><br></div><div class="gmail_quote"><div class="gmail_attr">Op ma 3 mrt 2025 om 10:15 schreef Winkel &lt;info@example.org&gt;:<br></div><blockquote class="gmail_quote"><p>Wat is uw postcode?</p></blockquote><div>1234 AB</div><blockquote class="gmail_quote"><p>En uw huisnummer?</p></blockquote><div>7</div></div>`,
			"> Wat is uw postcode?\n\n1234 AB\n\n> En uw huisnummer?\n\n7"},
		{"Gmail, text above and between the lines", `<div dir="ltr">Zie hieronder:</div><br><div class="gmail_quote"><div class="gmail_attr">Op ma 3 mrt 2025 om 10:15 schreef Winkel &lt;info@example.org&gt;:<br></div><blockquote class="gmail_quote"><p>Wat is uw postcode?</p></blockquote><div>1234 AB</div><blockquote class="gmail_quote"><p>En uw huisnummer?</p></blockquote><div>7</div></div>`,
			"Zie hieronder:\n\n\n> Wat is uw postcode?\n\n1234 AB\n\n> En uw huisnummer?\n\n7"},
		{"Outlook for the desktop", `<div class="WordSection1"><p class="MsoNormal">Hij is er nog niet.<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">Jan<o:p></o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Van:</b> Winkel &lt;info@example.org&gt;<br><b>Verzonden:</b> maandag 3 maart 2025 10:15<br><b>Aan:</b> Jan<br><b>Onderwerp:</b> Bestelling</p></div></div>` + quoted + `</div>`,
			"Hij is er nog niet.\n\nJan"},
		{"Outlook on the web", `<div class="elementToProof">Hij is er nog niet.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri"><b>Van:</b> Winkel<br><b>Verzonden:</b> maandag 3 maart 2025 10:15<br><b>Aan:</b> Jan<br><b>Onderwerp:</b> Bestelling</font></div>` + quoted,
			"Hij is er nog niet."},
		{"Outlook for iOS", `<div dir="ltr">Hij is er nog niet.</div><div id="ms-outlook-mobile-signature" dir="ltr">Outlook voor <a href="https://example.com/o">iOS</a> downloaden</div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg"><b>Van:</b> Winkel<br><b>Verzonden:</b> maandag 3 maart 2025<br><b>Aan:</b> Jan<br><b>Onderwerp:</b> x</div>` + quoted,
			"Hij is er nog niet."},
		{"Outlook for Mac", `<div>Hij is er nog niet.</div><div><br></div><span id="OLK_SRC_BODY_SECTION"><div style="border-top: #b5c4df 1pt solid"><b>From: </b>Shop<br><b>Date: </b>Monday<br></div>` + quoted + `</span>`,
			"Hij is er nog niet."},
		{"Apple Mail", `<div>Hij is er nog niet.</div><br><div><br><blockquote type="cite"><div>Op 3 mrt 2025, om 10:15 heeft Winkel &lt;info@example.org&gt; het volgende geschreven:</div><br>` + quoted + `</blockquote></div>`,
			"Hij is er nog niet."},
		{"Mail on an iPhone", `<div dir="ltr">Hij is er nog niet.<br><br><div dir="ltr">Verstuurd vanaf mijn iPhone</div><div dir="ltr"><br><blockquote type="cite">Op 3 mrt 2025 om 10:15 heeft Winkel het volgende geschreven:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">` + quoted + `</div></blockquote></div>`,
			"Hij is er nog niet."},
		{"Apple Mail with a signature", `<div>Hij is er nog niet.</div><div><br></div><div id="AppleMailSignature">Jan Voorbeeld<br>Directeur</div><div><br></div><blockquote type="cite">` + quoted + `</blockquote>`,
			"Hij is er nog niet."},
		{"Thunderbird, above", `<p>Hij is er nog niet.</p><div class="moz-cite-prefix">Op 03-03-2025 om 10:15 schreef Winkel:<br></div><blockquote type="cite" cite="mid:1">` + quoted + `</blockquote>`,
			"Hij is er nog niet."},
		{"Thunderbird, below", `<div class="moz-cite-prefix">Op 03-03-2025 om 10:15 schreef Winkel:<br></div><blockquote type="cite" cite="mid:1">` + quoted + `</blockquote><p>Hij is er nog niet.</p><pre class="moz-signature">-- 
Jan Voorbeeld</pre>`, "Hij is er nog niet."},
		{"Yahoo", `<div class="ydp1"><div dir="ltr">Hij is er nog niet.</div></div><div id="yahoo_quoted_1" class="yahoo_quoted"><div><div>Op maandag 3 maart 2025 om 10:15:22 CET schreef Winkel:</div>` + quoted + `</div></div>`,
			"Hij is er nog niet."},
		{"Proton", `<div style="font-family: Arial">Hij is er nog niet.</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Verzonden met Proton Mail beveiligde e-mail.</div></div><div class="protonmail_quote">Op maandag 3 maart 2025 schreef Winkel:<br><br><blockquote class="protonmail_quote" type="cite">` + quoted + `</blockquote></div>`,
			"Hij is er nog niet."},
		{"Samsung", `<div dir="auto">Hij is er nog niet.</div><div dir="auto"><br></div><div id="composer_signature" dir="auto">Verzonden vanaf mijn Galaxy</div><div><br></div><div>-------- Oorspronkelijk bericht --------</div><div>Van: Winkel</div><div>Datum: 03-03-2025 10:15 (GMT+01:00)</div><div>Aan: Jan</div><div>Onderwerp: Bestelling</div>` + quoted,
			"Hij is er nog niet."},
		{"Zimbra", `<div>Hij is er nog niet.</div><hr data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>Van: </b>Winkel<br></div><div data-marker="__QUOTED_TEXT__">` + quoted + `</div>`,
			"Hij is er nog niet."},
		{"Yahoo with a mark of its own before its names", `<div class="ydp1"><div dir="ltr">Hij is er nog niet.</div></div><div id="ydp7yahoo_quoted_1" class="ydp7yahoo_quoted"><div><div>Op maandag 3 maart 2025 om 10:15:22 CET schreef Winkel <info@example.org>:</div>` + quoted + `</div></div>`,
			"Hij is er nog niet."},
		{"Windows Mail", `<div>Hij is er nog niet.</div><div data-signatureblock="true"><br></div><div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px; border-top-style: solid;"><b>Van:</b>&nbsp;Winkel<br><b>Verzonden:</b>&nbsp;maandag 3 maart 2025 10:15<br><b>Aan:</b>&nbsp;Jan</div>` + quoted,
			"Hij is er nog niet."},
		{"Outlook with its rule in other words", `<p>Hij is er nog niet.</p><div style="border-width:1pt medium medium;border-style:solid none none;border-color:rgb(225,225,225) currentcolor currentcolor;padding:3pt 0cm 0cm"><p><b>Van:</b> Winkel<br><b>Aan:</b> Jan</p></div>` + quoted,
			"Hij is er nog niet."},
		{"GMX", `<div>Hij is er nog niet.</div><div>&nbsp;<div name="quote" style="border-left:2px solid #C3D9E5;"><div><b>Gesendet:</b>&nbsp;Montag, 03. M&auml;rz 2025 um 10:15 Uhr<br/><b>Von:</b>&nbsp;Winkel</div><div name="quoted-content">` + quoted + `</div></div></div>`,
			"Hij is er nog niet."},
		{"Zimbra, with a rule", `<div>Hij is er nog niet.</div><hr id="zwchr"><div><b>De: </b>Winkel<br></div>` + quoted,
			"Hij is er nog niet."},
		{"Front", `<div>Hij is er nog niet.</div><div class="front-signature">Jan Voorbeeld</div><blockquote type="cite" class="front-blockquote">` + quoted + `</blockquote>`,
			"Hij is er nog niet."},
		{"Mail.ru", `<p>Hij is er nog niet.</p><br>Thu, 26 Jun 2025 14:00:51 +0400 от Winkel &lt;info@example.org&gt;:<br><blockquote style="border-left:1px solid #0857A6;">` + quoted + `</blockquote>`,
			"Hij is er nog niet."},
		{"Gmail, a forward without text", `<div dir="ltr"><br><br><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>Van: <strong>Winkel</strong><br>Date: ma 3 mrt 2025<br>Subject: Bestelling<br>To: Jan<br></div><br>Uw bestelling is onderweg.</div></div>`,
			"---------- Forwarded message ---------\nVan: Winkel\nDate: ma 3 mrt 2025\nSubject: Bestelling\nTo: Jan\n\nUw bestelling is onderweg."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := "From: jan@example.com\nSubject: Re: Bestelling\nIn-Reply-To: <1@example.org>\nContent-Type: text/html; charset=utf-8\n\n<html><body>" + tt.page + "</body></html>\n"
			d, _, err := email.Normalize([]byte(raw), email.Envelope{})
			if err != nil {
				t.Fatal(err)
			}
			m := d.Messages[0]
			if m.Text != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", m.Text, tt.want)
			}
			if m.FullText != "" && !strings.Contains(m.FullText, "onderweg") && strings.Contains(tt.page, "onderweg") {
				t.Error("got a full text without the quote")
			}
		})
	}
}
