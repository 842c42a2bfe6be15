package message

import (
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// CleanField returns a caller's text without surrounding space and without what
// cannot be stored. A text of more than limit bytes is [fault.TooLarge], and a
// blank one is [fault.Invalid] if it is required. Name is the member or
// parameter that the refusal names.
func CleanField(name, text string, limit int, required bool) (string, error) {
	if len(text) > limit {
		return "", fault.New(fault.TooLarge, "%s must have at most %d bytes", name, limit)
	}
	text = strings.TrimSpace(Clean(text, limit))
	if required && text == "" {
		return "", fault.New(fault.Invalid, "%s is missing", name)
	}
	return Cut(text, limit), nil
}
