package rfc822_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

func ExampleParse() {
	root, err := rfc822.Parse([]byte("Subject: =?utf-8?q?caf=C3=A9?=\n" +
		"Content-Type: multipart/mixed; boundary=b\n\n" +
		"--b\n\nHallo\n--b\nContent-Type: application/pdf; name=a.pdf\n\n%PDF\n--b--\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(root.Header.Text("Subject"))
	root.Walk(func(p *rfc822.Part) {
		fmt.Printf("%q %s %q\n", p.ID, p.Type, p.FileName())
	})
	// Output:
	// café
	// "" multipart/mixed ""
	// "1" text/plain ""
	// "2" application/pdf "a.pdf"
}

// ParseAddresses accepts an unquoted comma in a name.
func ExampleParseAddresses() {
	for _, a := range rfc822.ParseAddresses("Voorbeeld, Jan <jan@example.com>, info@example.com") {
		fmt.Printf("%q %s\n", a.Name, a.Addr)
	}
	// Output:
	// "Voorbeeld, Jan" jan@example.com
	// "" info@example.com
}
