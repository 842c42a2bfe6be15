package contact

import "github.com/heard-intake/heard/internal/message"

// Asks reports whether an inbound message asks for something.
func Asks(m message.Message, answered bool) bool { return !answered || (m.Text != "Top, bedankt!" && m.Text != "ok") }

// WrittenByMachine reports whether a machine wrote the message.
func WrittenByMachine(m message.Message) (why string, yes bool) {
	return m.Automated, m.Automated != ""
}
