package traffic_test

import (
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/traffic"
)

func ExampleMessenger() {
	who := traffic.Someone(1)
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	body := traffic.Messenger(traffic.Said{From: who, ID: "m_1", At: at, Text: "Hallo"})
	fmt.Println(string(body))
	// Output:
	// {"entry":[{"id":"104729000000001","messaging":[{"message":{"mid":"m_1","text":"Hallo"},"recipient":{"id":"104729000000001"},"sender":{"id":"77000000000000001"},"timestamp":1772442000000}],"time":1772442000400}],"object":"page"}
}
