package messenger_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/channel/messenger"
)

// The first element is a customer's message, the second an event that concerns
// operations only.
func ExampleNormalize() {
	body := `{"object": "page", "entry": [{"id": "104729000000001", "time": 1788000000123, "messaging": [
		{"sender": {"id": "7700000000000001"}, "recipient": {"id": "104729000000001"}, "timestamp": 1788000000123,
		 "message": {"mid": "m_1", "text": "Waar is mijn pakket?"}},
		{"sender": {"id": "7700000000000001"}, "recipient": {"id": "104729000000001"}, "timestamp": 1788000000123,
		 "pass_thread_control": {"new_owner_app_id": "42"}}]}]}`
	d, err := messenger.Normalize([]byte(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Messages[0].Channel, d.Messages[0].Customer.Value, d.Messages[0].Text)
	fmt.Println(d.Notices[0].Kind)
	// Output:
	// messenger 7700000000000001 Waar is mijn pakket?
	// pass_thread_control
}
