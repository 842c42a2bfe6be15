package contact

import "github.com/heard-intake/heard/internal/message"

// WrittenByMachine reports whether a machine wrote the message, and why.
func WrittenByMachine(m message.Message) (why string, yes bool) {
	if m.Mark == "spam" {
		return m.Mark, true
	}
	return m.Automated, m.Automated != ""
}
