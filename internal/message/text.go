package message

import "strings"

// TextWithSubject returns the text of a message. For a mail that is its subject
// and its text.
func (m Message) TextWithSubject() string {
	if m.Subject == "" {
		return m.Text
	}
	return m.Subject + ".\n" + m.Text
}

// CustomerText joins the text of the inbound messages, in order, and cuts the
// result after max bytes.
func CustomerText(messages []Message, max int) string {
	var b strings.Builder
	for _, m := range messages {
		if m.Direction == Inbound && b.Len() < max {
			b.WriteString(m.TextWithSubject())
			b.WriteString(".\n")
		}
	}
	return Cut(b.String(), max)
}
