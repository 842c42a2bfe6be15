package brief_test

import (
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/message"
)

func ExampleMake() {
	tax, err := loadExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)
	sent := now.Add(-time.Hour)
	question := message.Message{
		ID: message.NewID(message.WhatsApp, sent, "1"), Channel: message.WhatsApp, Direction: message.Inbound,
		Kind: message.Text, SentAt: sent, Text: "Hello, where is my parcel?",
	}
	b := brief.Make(brief.Known{Messages: []message.Entry{{Message: question}}, Taxonomy: tax}, now)
	fmt.Println(b.Language.Is, b.Wants[0].Text, b.Channel.Channel, b.Channel.Until.Format(time.DateTime))
	// Output: en where is my parcel? whatsapp 2026-03-13 11:00:00
}
