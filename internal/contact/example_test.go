package contact_test

import (
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
)

func ExampleContacts() {
	late := []contact.Cause{{Reason: "delivery-late", Department: "logistics"}}
	defect := []contact.Cause{{Reason: "defect", Department: "repairs"}}
	answer := outbound(message.Email, time.Hour)
	for _, c := range contact.Contacts([]contact.Reading{
		{Message: answer},
		{Message: inbound(message.WhatsApp, 0), Causes: late},
		{Message: inbound(message.WhatsApp, 10*time.Minute), Causes: defect},
		{Message: inbound(message.Email, 30*time.Minute), Causes: late},
	}) {
		fmt.Println(c.Department, c.Channels, c.State(answer.SentAt))
	}
	// Output:
	// logistics [whatsapp email] answered
	// repairs [whatsapp] waiting
}

func ExampleMessage_Said() {
	answered := monday.Add(400 * time.Millisecond)
	reaction := message.Message{SentAt: monday, ReceivedAt: monday.Add(2 * time.Second)}
	fmt.Println(reaction.Said().After(answered), reaction.Said().Format("15:04:05.000"))
	// Output: true 09:00:00.999
}
