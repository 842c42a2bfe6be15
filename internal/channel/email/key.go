package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// contentKeyPrefix begins the keys that are made of a mail's content.
const contentKeyPrefix = "mail-"

// Limits of the time that a mail was on its way, for its key. The sender's server
// tries again within the upper one. The lower one allows for its clock.
const (
	maxTransit = 30 * time.Minute
	minTransit = -10 * time.Second
)

// mailKey returns the key and the time of a mail. Both are part of its message
// id, so a mail that arrives twice gets one message (TestNormalize_SameMail):
//
//  1. The sender's server sends a mail at 10:00:00 and does not see SES's answer.
//  2. SES has stored the mail under an id of its own, at 10:00:02.
//  3. The server sends it again at 10:05:00. SES stores it under another id.
//  4. Time and content are those of the first, so the second is a duplicate.
//
// The key is made of the Message-ID, the sender and the content. A Message-ID
// alone is not enough: some programs give it to several mails. The time is that
// at which the first server received the mail from its author, see firstTime. A
// mail without a Message-ID, or with a time that cannot be right, has the key and
// the time of SES.
func mailKey(root *rfc822.Part, p Parsed, env Envelope) (key string, at time.Time) {
	sent, ok := firstTime(root.Header)
	transit := env.ReceivedAt.Sub(sent)
	isCredible := ok && minTransit <= transit && transit <= maxTransit
	if p.MessageID == "" || !isCredible || env.KeyedBySES {
		return env.SESID, env.ReceivedAt
	}
	h := sha256.New()
	writeField(h, p.MessageID)
	for _, name := range []string{"From", "Reply-To"} {
		for _, a := range root.Header.Addresses(name) {
			writeField(h, normalMailbox(a.Addr))
		}
	}
	writeField(h, root.Header.Text("Subject"))
	for word := range strings.FieldsSeq(p.body.text) {
		writeField(h, word)
	}
	for _, f := range p.body.files {
		writeField(h, f.Type)
		writeField(h, f.FileName())
		writeContent(h, f.Raw())
	}
	return contentKeyPrefix + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18]), sent
}

// firstTime returns the time at which the first server received a mail: it wrote
// the lowest Received field, and its clock is better than the author's. If only
// SES wrote such a field, it is the time in Date.
func firstTime(h rfc822.Header) (time.Time, bool) {
	all := h.All("Received")
	if len(all) > 0 && receivedFromSES(h) {
		all = all[1:]
	}
	for _, v := range slices.Backward(all) {
		if t, ok := receivedTime(v); ok {
			return t, true
		}
	}
	return parseDate(h.Get("Date"))
}

// IsContentKey reports whether a message's provider id was made of the mail's
// content. Mails that were stored earlier have SES's id.
func IsContentKey(providerID string) bool { return strings.HasPrefix(providerID, contentKeyPrefix) }

func writeField(h hash.Hash, s string) {
	_, _ = h.Write([]byte(s))
	_, _ = h.Write([]byte{0})
}

// writeContent writes a file as it was sent, without its line breaks: a server
// on the way may change them.
func writeContent(h hash.Hash, raw []byte) {
	for len(raw) > 0 {
		i := bytes.IndexByte(raw, '\n')
		if i < 0 {
			i = len(raw)
		}
		_, _ = h.Write(bytes.TrimRight(raw[:i], "\r"))
		raw = raw[min(i+1, len(raw)):]
	}
	_, _ = h.Write([]byte{0})
}
