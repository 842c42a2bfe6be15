package whatsapp_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
)

// The second message has no sender. It becomes a broken element and leaves its
// neighbour alone.
func ExampleNormalize() {
	body := `{"object": "whatsapp_business_account", "entry": [{"id": "200000000000001", "changes": [{
		"field": "messages", "value": {"metadata": {"phone_number_id": "100000000000001"}, "messages": [
			{"from": "12025550123", "id": "wamid.1", "timestamp": "1790000000", "type": "text", "text": {"body": "Hallo"}},
			{"id": "wamid.2", "timestamp": "1790000000", "type": "text", "text": {"body": "Wie?"}}]}}]}]}`
	d, err := whatsapp.Normalize([]byte(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range d.Messages {
		fmt.Println(m.Customer.Value, m.SentAt, m.Text)
	}
	for _, b := range d.Broken {
		fmt.Println(b.Path, b.Reason)
	}
	// Output:
	// 12025550123 2026-09-21 14:13:20 +0000 UTC Hallo
	// entry[0].changes[0].value.messages[1] no usable customer id
}
