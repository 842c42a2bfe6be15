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
		{"white space is one blank", "<p>Dag\n  <b>Jan</b>,\t hoe\u00a0gaat het?</p>", "Dag Jan, hoe gaat het?"},
		{"paragraphs are set apart", "<p>een</p><p>twee</p>", "een\n\ntwee"},
		{"divisions are lines", "<div>een</div><div>twee</div>", "een\ntwee"},
		{"a division with a break is an empty line", "<div>een</div><div><br></div><div>twee</div>", "een\n\ntwee"},
		{"Word's paragraphs are lines", `<p class="MsoNormal">een<o:p></o:p></p><p class="MsoNormal">&nbsp;</p><p class="MsoNormal">twee</p>`, "een\n\ntwee"},
		{"breaks are lines", "een<br>twee<br/>drie", "een\ntwee\ndrie"},
		{"lists have marks", "<ul><li>een<li>twee</ul><ol><li>een</li><li>twee</li></ol>", "- een\n- twee\n1. een\n2. twee"},
		{"cells are apart", "<table><tr><td>gas</td><td>1234</td></tr><tr><td>stroom</td><td>5678</td></tr></table>", "gas 1234\nstroom 5678"},
		{"quotes are marked", "<p>ja</p><blockquote>een<br>twee</blockquote><p>nee</p>", "ja\n\n> een\n> twee\n\nnee"},
		{"quotes nest", "<blockquote>een<blockquote>twee</blockquote></blockquote>", "> een\n> > twee"},
		{"a link says where it goes", `zie <a href="https://example.com/pagina">deze pagina</a>.`, "zie deze pagina (https://example.com/pagina)."},
		{"a link that shows its address does not", `zie <a href="https://example.com/">example.com</a>`, "zie example.com"},
		{"a mail link does not", `<a href="mailto:jan@example.com">jan@example.com</a>`, "jan@example.com"},
		{"scripts, styles and comments are dropped", "<head><title>x</title><style>p{}</style></head><script>x()</script><!-- y -->tekst", "tekst"},
		{"Outlook's conditional comments are dropped", "<!--[if mso]>x<![endif]-->tekst", "tekst"},
		{"what is hidden is dropped", `<div style="display: none">voorproefje</div><p>tekst</p><p hidden>x</p>`, "tekst"},
		{"a head without an end ends at the body", "<head><meta x><body>tekst", "tekst"},
		{"preformatted text keeps its blanks", "<pre>a  b\n  c</pre>", "a  b\n  c"},
		{"entities are characters", "&euro;&nbsp;5 &lt;b&gt; &amp;amp;", "€ 5 <b> &amp;"},
		{"a picture of a character is that character", `<img alt="😀" src="x.png"> hoi`, "😀 hoi"},
		{"elements left open close by themselves", "<div><b>een<div>twee", "een\ntwee"},
		{"an address whose brackets are bare is text", "<p>Schrijf naar Jan <jan@example.com> of bel.</p>", "Schrijf naar Jan <jan@example.com> of bel."},
		{"ends without a beginning are passed over", "een</div></b></table>twee", "eentwee"},
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

func TestQuotesAreFoundByTheirMarks(t *testing.T) {
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
				t.Errorf("before the quote: %q", before)
			}
			if rest := got.Text[got.Quotes[len(got.Quotes)-1].End:]; strings.TrimSpace(rest) != "" {
				t.Errorf("after the quote: %q", rest)
			}
		})
	}
}

func TestSanitize(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page, want string }{
		{"text stays", "<p>a &lt; b</p>", "<p>a &lt; b</p>"},
		{"scripts go, with their text", "a<script>alert(1)</script>b", "ab"},
		{"handlers and styles go", `<p onclick="x()" style="color:red">a</p>`, "<p>a</p>"},
		{"links are disarmed", `<a href="https://example.com/?a=1&b=2" onclick=x>a</a>`, `<a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow" target="_blank">a</a>`},
		{"links to scripts lose their target", "<a href=\"java\tscript:x()\">a</a>", `<a rel="noopener noreferrer nofollow" target="_blank">a</a>`},
		{"remote pictures go", `<img src="https://example.com/pixel.gif">`, ""},
		{"pictures inside the mail stay", `<img src="cid:1@example.com" alt="x" onerror="y()">`, `<img src="cid:1@example.com" alt="x">`},
		{"what is open is closed", "<div><b>a", "<div><b>a</b></div>"},
		{"unknown elements leave their text", "<form><blink>a</blink></form>", "a"},
		{"drawings go", "<svg><script>x</script><a>y</a></svg>z", "z"},
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

// Whatever the page: the text is valid, its spans lie in it, and what is
// shown holds nothing that runs.
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
				t.Fatalf("span %v of %d bytes", s, len(got.Text))
			}
		}
		safe := htmltext.Sanitize(page)
		z := html.NewTokenizer(strings.NewReader(safe))
		for z.Next() != html.ErrorToken {
			tok := z.Token()
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
			t.Fatalf("not stable: %q then %q", safe, again)
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
