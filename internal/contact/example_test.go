package contact_test

import (
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
)

func ExampleContacts() {
	question := inbound(message.WhatsApp, 0)
	reminder := inbound(message.Email, 30*time.Minute)
	answer := outbound(message.Email, time.Hour)
	for _, c := range contact.Contacts([]message.Message{answer, reminder, question}) {
		fmt.Println(c.Channels, c.State(answer.SentAt), c.ClosesAt.Sub(answer.SentAt))
	}
	// Output: [whatsapp email] answered 168h0m0s
}

func ExampleMessage_Said() {
	answered := monday.Add(400 * time.Millisecond)
	reaction := message.Message{SentAt: monday, ReceivedAt: monday.Add(2 * time.Second)}
	fmt.Println(reaction.Said().After(answered), reaction.Said().Format("15:04:05.000"))
	// Output: true 09:00:00.999
}
