package contact

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/heard-intake/heard/internal/message"
)

// maxThreads is the maximum number of thread keys of a contact.
const maxThreads = 20

// Knows reports whether m continues a thread of c.
func (c Contact) Knows(m message.Message) bool {
	for _, th := range threadKeys(m) {
		if slices.Contains(c.Threads, th) {
			return true
		}
	}
	return false
}

// Threads is a set of thread keys. It tells which contacts and messages continue each
// other.
type Threads map[string]bool

// AddContact adds the threads of c.
func (t Threads) AddContact(c Contact) { t.add(c.Threads) }

// AddMessage adds the threads of m.
func (t Threads) AddMessage(m message.Message) { t.add(threadKeys(m)) }

// HasContact reports whether t has a thread of c.
func (t Threads) HasContact(c Contact) bool { return t.has(c.Threads) }

// HasMessage reports whether t has a thread of m.
func (t Threads) HasMessage(m message.Message) bool { return t.has(threadKeys(m)) }

func (t Threads) add(threads []string) {
	for _, th := range threads {
		t[th] = true
	}
}

func (t Threads) has(threads []string) bool {
	return slices.ContainsFunc(threads, func(th string) bool { return t[th] })
}

// threadKeys returns the hashed keys of the threads of a mail: its thread, Message-ID
// and references. A reply in a chat app quotes any old message, so it does not show
// that the wish is the same.
func threadKeys(m message.Message) []string {
	if m.Channel != message.Email {
		return nil
	}
	var out []string
	if m.Thread != "" {
		out = append(out, hashThread(m.Thread))
	}
	if m.MailID != "" && m.MailID != m.Thread {
		out = append(out, hashThread(m.MailID))
	}
	if m.ReplyTo != nil {
		for _, ref := range m.ReplyTo.References {
			out = append(out, hashThread(ref))
		}
	}
	return out
}

func hashThread(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// addThreads adds thread keys to the contact. Beyond maxThreads it keeps the first,
// which most replies refer to, and the latest ones.
func (c *Contact) addThreads(threads []string) {
	for _, th := range threads {
		if slices.Contains(c.Threads, th) {
			continue
		}
		if len(c.Threads) == maxThreads {
			c.Threads = slices.Delete(c.Threads, 1, 2)
		}
		c.Threads = append(c.Threads, th)
	}
}
