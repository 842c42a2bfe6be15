package htmltext_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/heard-intake/heard/internal/channel/email/htmltext"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page, want string }{
		{"white space", "<p>Dag\n  <b>Jan</b>,\t hoe\u00a0gaat het?</p>", "Dag Jan, hoe gaat het?"},
		{"paragraphs", "<p>een</p><p>twee</p>", "een\n\ntwee"},
		{"divisions", "<div>een</div><div>twee</div>", "een\ntwee"},
		{"division with a break", "<div>een</div><div><br></div><div>twee</div>", "een\n\ntwee"},
		{"paragraphs of Word", `<p class="MsoNormal">een<o:p></o:p></p><p class="MsoNormal">&nbsp;</p><p class="MsoNormal">twee</p>`, "een\n\ntwee"},
		{"breaks", "een<br>twee<br/>drie", "een\ntwee\ndrie"},
		{"lists", "<ul><li>een<li>twee</ul><ol><li>een</li><li>twee</li></ol>", "- een\n- twee\n1. een\n2. twee"},
		{"table cells", "<table><tr><td>gas</td><td>1234</td></tr><tr><td>stroom</td><td>5678</td></tr></table>", "gas 1234\nstroom 5678"},
		{"quotes", "<p>ja</p><blockquote>een<br>twee</blockquote><p>nee</p>", "ja\n\n> een\n> twee\n\nnee"},
		{"nested quotes", "<blockquote>een<blockquote>twee</blockquote></blockquote>", "> een\n> > twee"},
		{"link with a text", `zie <a href="https://example.com/pagina">deze pagina</a>.`, "zie deze pagina (https://example.com/pagina)."},
		{"link that shows its address", `zie <a href="https://example.com/">example.com</a>`, "zie example.com"},
		{"mail link", `<a href="mailto:jan@example.com">jan@example.com</a>`, "jan@example.com"},
		{"scripts, styles and comments", "<head><title>x</title><style>p{}</style></head><script>x()</script><!-- y -->tekst", "tekst"},
		{"conditional comments of Outlook", "<!--[if mso]>x<![endif]-->tekst", "tekst"},
		{"hidden elements", `<div style="display: none">voorproefje</div><p>tekst</p><p hidden>x</p>`, "tekst"},
		{"head without an end", "<head><meta x><body>tekst", "tekst"},
		{"preformatted text", "<pre>a  b\n  c</pre>", "a  b\n  c"},
		{"entities", "&euro;&nbsp;5 &lt;b&gt; &amp;amp;", "€ 5 <b> &amp;"},
		{"picture of a character", `<img alt="😀" src="x.png"> hoi`, "😀 hoi"},
		{"unclosed elements", "<div><b>een<div>twee", "een\ntwee"},
		{"address in unescaped brackets", "<p>Schrijf naar Jan <jan@example.com> of bel.</p>", "Schrijf naar Jan <jan@example.com> of bel."},
		{"end tags without a start", "een</div></b></table>twee", "eentwee"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := htmltext.Convert(tt.page).Text; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestConvert_QuotesByMailProgram(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page string }{
		{"Gmail", `<div>reply</div><div class="gmail_quote gmail_quote_container"><div class="gmail_attr">On Monday Jan wrote:</div><blockquote class="gmail_quote">quote</blockquote></div>`},
		{"Apple Mail", `<div>reply</div><blockquote type="cite">quote</blockquote>`},
		{"Thunderbird", `<p>reply</p><div class="moz-cite-prefix">quote:</div><blockquote type="cite">quote</blockquote>`},
		{"Yahoo", `<div>reply</div><div id="x" class="yahoo_quoted">quote</div>`},
		{"Proton", `<div>reply</div><div class="protonmail_quote">quote</div>`},
		{"Outlook on the web", `<div>reply</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: Jan</div><div>quote</div>`},
		{"Outlook for the desktop", `<p class="MsoNormal">reply</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Von:</b> Jan</p></div></div><p>quote</p>`},
		{"Zimbra", `<div>reply</div><hr data-marker="__DIVIDER__"><div data-marker="__HEADERS__">quote</div><div data-marker="__QUOTED_TEXT__">quote</div>`},
		{"Outlook for Mac", `<div>reply</div><span id="OLK_SRC_BODY_SECTION">quote</span>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := htmltext.Convert(tt.page)
			if len(got.Quotes) == 0 {
				t.Fatalf("no quote in %q", got.Text)
			}
			if before := strings.TrimSpace(got.Text[:got.Quotes[0].Start]); before != "reply" {
				t.Errorf("text before the quote: got %q, want reply", before)
			}
			if rest := got.Text[got.Quotes[len(got.Quotes)-1].End:]; strings.TrimSpace(rest) != "" {
				t.Errorf("text after the quote: got %q, want none", rest)
			}
		})
	}
}

func TestSanitize(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page, want string }{
		{"text", "<p>a &lt; b</p>", "<p>a &lt; b</p>"},
		{"script", "a<script>alert(1)</script>b", "ab"},
		{"handler and style", `<p onclick="x()" style="color:red">a</p>`, "<p>a</p>"},
		{"link", `<a href="https://example.com/?a=1&b=2" onclick=x>a</a>`, `<a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow" target="_blank">a</a>`},
		{"link to a script", "<a href=\"java\tscript:x()\">a</a>", `<a rel="noopener noreferrer nofollow" target="_blank">a</a>`},
		{"remote picture", `<img src="https://example.com/pixel.gif">`, ""},
		{"picture inside the mail", `<img src="cid:1@example.com" alt="x" onerror="y()">`, `<img src="cid:1@example.com" alt="x">`},
		{"unclosed elements", "<div><b>a", "<div><b>a</b></div>"},
		{"unknown elements", "<form><blink>a</blink></form>", "a"},
		{"drawing", "<svg><script>x</script><a>y</a></svg>z", "z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := htmltext.Sanitize(tt.page); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzConvert checks that spans are inside the text, and that sanitized pages
// have no scripts and no longer change.
func FuzzConvert(f *testing.F) {
	for _, seed := range []string{"<p>a</p>", "<div class=gmail_quote>x</div>y", "<head><body>a<hr><div id=divRplyFwdMsg>b", "<svg><style><!--</style><img src=cid:x onerror=y>", "<ol><li>a<li>b<blockquote type=cite>c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, page string) {
		if !utf8.ValidString(page) {
			return
		}
		got := htmltext.Convert(page)
		for _, s := range append(got.Quotes, got.Signatures...) {
			if s.Start < 0 || s.End < s.Start || s.End > len(got.Text) {
				t.Fatalf("span %v is outside the text of %d bytes", s, len(got.Text))
			}
		}
		safe := htmltext.Sanitize(page)
		var open []string
		z := html.NewTokenizer(strings.NewReader(safe))
		for z.Next() != html.ErrorToken {
			tok := z.Token()
			isVoid := tok.Data == "br" || tok.Data == "hr" || tok.Data == "img"
			switch {
			case tok.Type == html.StartTagToken && !isVoid:
				open = append(open, tok.Data)
			case tok.Type == html.EndTagToken && len(open) > 0 && open[len(open)-1] == tok.Data:
				open = open[:len(open)-1]
			case tok.Type == html.EndTagToken:
				t.Fatalf("%q became %q, which closes %s out of order", page, safe, tok.Data)
			}
			if tok.Type == html.CommentToken || tok.Data == "script" && tok.Type != html.TextToken {
				t.Fatalf("%q became %q", page, safe)
			}
			for _, a := range tok.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "href" && strings.HasPrefix(strings.ToLower(a.Val), "javascript") {
					t.Fatalf("%q became %q", page, safe)
				}
			}
		}
		if again := htmltext.Sanitize(safe); again != safe {
			t.Fatalf("sanitizing again changed %q to %q", safe, again)
		}
		if len(open) > 0 {
			t.Fatalf("%q became %q, which leaves %v open", page, safe, open)
		}
	})
}

func BenchmarkConvert(b *testing.B) {
	files, _ := filepath.Glob("../../../../../shared/corpus/email/talon/html_replies/*.html")
	var pages []string
	size := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		pages = append(pages, string(raw))
		size += len(raw)
	}
	if size == 0 {
		b.Skip("no corpus")
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range pages {
			htmltext.Convert(p)
		}
	}
}
