package bounce_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

func ExampleRead() {
	root, err := rfc822.Parse([]byte("From: MAILER-DAEMON@example.net\nSubject: failure notice\n\n" +
		"Your message was not delivered to:\n\n<jan@example.com>: 550 5.1.1 User unknown\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	notice := bounce.Read(root)
	for _, r := range notice.Recipients {
		fmt.Println(notice.Kind, r.Address, r.Status, r.Reason, r.Hard)
	}
	// Output: bounce jan@example.com 5.1.1 userunknown true
}
