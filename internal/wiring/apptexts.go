package wiring

import (
	"log/slog"

	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/contact"
)

// AppTexts returns the messages in APP_TEXTS, which apps of the company send by
// themselves. An entry that is not valid is logged and ignored.
func AppTexts() contact.AppTexts {
	texts, err := contact.ParseAppTexts(config.Or("APP_TEXTS", ""))
	if err != nil {
		slog.Warn("APP_TEXTS has an entry that is not valid; the entry is ignored", "err", err)
	}
	return texts
}
