package email

import (
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/contact"
)

// maxOurs is how many Message-IDs of a mail are looked up.
const maxOurs = 25

// ours returns the Message-IDs in a mail that may be of mail of ours, the
// likeliest to be meant first: the one whose token it was sent to, the one
// that a report is about, those it answers, those before them.
func ours(root *rfc822.Part, report *bounce.Notice, own string, env Envelope) []string {
	var all []string
	add := func(ids ...string) {
		for _, id := range ids {
			if mayBeOurs(id) && !slices.Contains(all, id) && len(all) < maxOurs {
				all = append(all, contact.Cut(id, 998))
			}
		}
	}
	for _, r := range append(slices.Clone(env.Recipients), env.Mailboxes...) {
		if mailbox, token := cutToken(r); token != "" {
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
	add(own)
	return all
}

// mayBeOurs reports whether an id has one of the forms that ids of our mail
// have: a token of ours, or what SES puts in its place.
func mayBeOurs(id string) bool {
	local, domain, _ := strings.Cut(id, "@")
	return looksLikeToken(local) || domain == "amazonses.com" || strings.HasSuffix(domain, ".amazonses.com")
}

// hard reports whether a report says of an address that it will never work.
func hard(report *bounce.Notice) bool {
	return report != nil && report.Kind == bounce.Bounce && slices.ContainsFunc(report.Recipients, func(r bounce.Recipient) bool { return r.Hard })
}
