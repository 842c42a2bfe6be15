package contact

import "github.com/heard-intake/heard/internal/message"

// Asks reports whether an inbound message asks for something.
func Asks(message.Message, bool) bool { return true }
