package htmltext_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/channel/email/htmltext"
)

func ExampleConvert() {
	t := htmltext.Convert(`<p>Ja, graag.</p><blockquote type="cite">Zal ik u bellen?</blockquote>`)
	quote := t.Quotes[0]
	fmt.Println(t.Text)
	fmt.Printf("%q\n", t.Text[quote.Start:quote.End])
	// Output:
	// Ja, graag.
	//
	// > Zal ik u bellen?
	// "\n\n> Zal ik u bellen?"
}

func ExampleSanitize() {
	fmt.Println(htmltext.Sanitize(`<p onclick="x()">Hallo<script>x()</script> <img src="https://example.com/pixel.gif">Jan`))
	// Output: <p>Hallo Jan</p>
}
