package reply_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/channel/email/reply"
)

func ExampleStrip() {
	r := reply.Strip("Ja, bel mij maar.\n\nVerstuurd vanaf mijn iPhone\n\n"+
		"Op 3 mei 2024 om 10:00 schreef Klantenservice:\n> Zullen wij u bellen?\n", reply.Options{})
	fmt.Println(r.Text)
	// Output: Ja, bel mij maar.
}

func ExampleForwardedFrom() {
	fmt.Println(reply.ForwardedFrom("Zie hieronder.\n\nVan: Jan <jan@example.com>\nVerzonden: 3 mei 2024 10:00\nAan: info@example.com\nOnderwerp: Factuur\n\nHallo.\n"))
	// Output: Jan <jan@example.com>
}
