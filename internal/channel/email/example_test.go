package email_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
)

func ExampleNormalize() {
	raw := []byte("From: Jan <jan@example.com>\r\nTo: info@shop.example\r\nSubject: Re: Order\r\n\r\n" +
		"It has not arrived.\r\n\r\nOn Mon, 3 Mar 2025 at 10:15, Shop <info@shop.example> wrote:\r\n> Your order is on its way.\r\n")

	d, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
	if err != nil {
		fmt.Println(err)
		return
	}
	m := d.Messages[0]
	fmt.Println(m.Account, "from", m.Customer.Value, m.Customer.Assurance)
	fmt.Println(m.Text)
	// Output:
	// info@shop.example from jan@example.com claimed
	// It has not arrived.
}

func ExampleTokens() {
	tokens := email.Tokens{Key: []byte("at least sixteen bytes")}
	jan := identity.Alias{Kind: identity.Email, Value: "jan@example.com"}
	els := identity.Alias{Kind: identity.Email, Value: "els@example.com"}

	token := tokens.New(jan)
	fmt.Println(len(token), tokens.Valid(token, jan), tokens.Valid(token, els))
	fmt.Println(email.ReplyTo("info@shop.example", token) == "info+"+token+"@shop.example")
	// Output:
	// 36 true false
	// true
}

func ExampleParseAddressList() {
	list, err := email.ParseAddressList("form@shop.example, @forms.example")
	fmt.Println(list.Has("Form@Shop.example"), list.Has("any@forms.example"), list.Has("jan@shop.example"), err)
	// Output: true true false <nil>
}
