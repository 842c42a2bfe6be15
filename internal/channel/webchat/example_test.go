package webchat_test

import (
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/channel/webchat"
)

func ExampleNormalize() {
	session := webchat.Session{Site: "shop.example", Visitor: "01991234-5678-7abc-8def-0123456789ab"}
	body := []byte(`{"id": "01991b3c-2a00-7abc-8def-0123456789ab", "text": "Where is my parcel?"}`)
	now := time.Date(2025, time.September, 5, 20, 0, 0, 0, time.UTC)

	d, err := webchat.Normalize(session.Site, session.Visitor, body, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := d.Messages[0]
	fmt.Println(m.Channel, m.Customer.Kind, m.SentAt.Format(time.RFC3339))
	fmt.Println(m.Text)
	// Output:
	// webchat visitor 2025-09-05T18:55:51Z
	// Where is my parcel?
}

func ExampleSession_Token() {
	key := []byte("a key of thirty-two random bytes")
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

	session, err := webchat.NewSession("shop.example", now.Add(24*time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := session.Token(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	verified, err := webchat.VerifySession(token, now, key)
	fmt.Println(verified == session, err)

	_, err = webchat.VerifySession(token, now.Add(48*time.Hour), key)
	fmt.Println(err)
	// Output:
	// true <nil>
	// the token is not valid
}
