package detection

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/redact"
)

// minWords is how many keywords a hint needs to be stored. Most contacts with
// fewer continue an earlier topic, and each would cost a write.
const minWords = 2

// UnknownHint returns the hint of a contact without a known reason, made of the
// inbound messages that include accepts, or of all when include is nil. It is
// false when the hint has too few keywords to be stored.
//
// A hint only says where to look. Its reader loads the contact, which may be
// gone, belong to another customer or have a reason by then.
func (d *Detector) UnknownHint(c identity.Customer, k contact.Contact, include func(message.Message) bool) (problem.UnclassifiedContact, bool) {
	hint := problem.UnclassifiedContact{
		Customer: k.Customer, Contact: k.ID, At: k.Start,
		Expires: laterOf(k.Start, d.Now()).Add(problem.BurstHistory + 24*time.Hour),
	}
	var text []string
	for _, m := range k.Messages {
		if m.Direction == message.Inbound && (include == nil || include(m)) {
			text = append(text, m.TextWithSubject())
		}
	}
	if len(text) > 0 {
		hint.Words = redact.Keywords(message.Cut(strings.Join(text, ".\n"), MaxText), d.personalData(c, k))
	}
	return hint, len(hint.Words) >= minWords
}

// RecordUnknown stores the hints of a batch in one write. Call it before the
// contacts are saved: a batch that is interrupted in between repeats the same
// write. When the write fails permanently, the hints of each customer are
// written separately. The errors have the indexes of hints.
func (d *Detector) RecordUnknown(ctx context.Context, hints [][]problem.UnclassifiedContact) []error {
	put := func(some []problem.UnclassifiedContact) error {
		return lambdabatch.RecoverPanic(ctx, func() error { return d.Store.Candidates.PutUnknownContacts(ctx, some) })
	}
	err := put(slices.Concat(hints...))
	errs := make([]error, len(hints))
	for i, some := range hints {
		if len(some) == 0 {
			continue
		}
		errs[i] = err
		if lambdabatch.IsPermanent(err) {
			errs[i] = put(some)
		}
	}
	return errs
}
