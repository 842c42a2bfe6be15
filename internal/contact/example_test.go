package contact_test

import (
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/contact"
)

func ExampleContacts() {
	question := inbound(contact.WhatsApp, 0)
	reminder := inbound(contact.Email, 30*time.Minute)
	answer := outbound(contact.Email, time.Hour)
	for _, c := range contact.Contacts([]contact.Message{answer, reminder, question}) {
		fmt.Println(c.Channels, c.State(answer.SentAt), c.ClosesAt.Sub(answer.SentAt))
	}
	// Output: [whatsapp email] answered 168h0m0s
}

func ExampleMessage_Said() {
	answered := monday.Add(400 * time.Millisecond)
	reaction := contact.Message{SentAt: monday, ReceivedAt: monday.Add(2 * time.Second)}
	fmt.Println(reaction.Said().After(answered), reaction.Said().Format("15:04:05.000"))
	// Output: true 09:00:00.999
}
