package email

import (
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// maxOwnMailIDs is the number of Message-IDs of a mail that are looked up.
const maxOwnMailIDs = 25

// findOwnMailIDs returns the Message-IDs in a mail that may be of mails we
// sent, the likeliest first: the mail whose token is in the recipient's
// address, the mail that a report is about, In-Reply-To, References from last
// to first, and the mail's own id.
func findOwnMailIDs(root *rfc822.Part, report *bounce.Notice, ownID string, env Envelope) []string {
	var all []string
	add := func(ids ...string) {
		for _, id := range ids {
			if mayBeOwnMailID(id) && !slices.Contains(all, id) && len(all) < maxOwnMailIDs {
				all = append(all, message.Cut(id, maxMailID))
			}
		}
	}
	for _, r := range append(slices.Clone(env.Recipients), env.Mailboxes...) {
		if mailbox, token := splitToken(r); token != "" {
			add(MessageID(mailbox, token))
		}
	}
	if report != nil {
		add(report.Original)
	}
	add(root.Header.IDs("In-Reply-To")...)
	refs := root.Header.IDs("References")
	slices.Reverse(refs)
	add(refs...)
	add(ownID)
	return all
}

// mayBeOwnMailID reports whether a Message-ID has the form of one of ours:
// it begins with a token, or SES assigned it.
func mayBeOwnMailID(id string) bool {
	local, domain, _ := strings.Cut(id, "@")
	return isTokenForm(local) || domain == "amazonses.com" || strings.HasSuffix(domain, ".amazonses.com")
}

// hardBounces returns the addresses that a report proves will never work. An
// address that the report does not name is not among them: our mail may have
// been forwarded, and the report may be about the address behind.
func hardBounces(report *bounce.Notice) []identity.Alias {
	if report == nil || report.Kind != bounce.Bounce {
		return nil
	}
	var all []identity.Alias
	for _, r := range report.Recipients {
		if alias, err := identity.NewAlias(identity.Email, "", r.Address); err == nil && r.Hard {
			all = append(all, alias)
		}
	}
	return all
}
