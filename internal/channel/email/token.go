package email

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/heard-intake/heard/internal/identity"
)

// Tokens mark our outgoing mail, so that an answer is known for one even when
// the customer's program loses the threading fields or SES rewrites our
// Message-ID. A token stands in the Reply-To address, after a plus, and before
// the at sign of our Message-ID. It is signed for the one address the mail
// goes to: in anybody else's mail it means nothing.
//
// The zero value knows no tokens.
type Tokens struct {
	Key      []byte // signs; at least 16 bytes
	Previous []byte // still accepted after a change of keys; may be nil
}

// Lengths in bytes; base32 makes 16 and 20 letters of them, so that a token
// leaves room in the 64 of a local part.
const (
	nonceLen = 10
	macLen   = 12
)

// letters is base32 in lower case: addresses lose their case on the way.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// New returns a token for one mail to an address.
func (t Tokens) New(to identity.Alias) string {
	nonce := make([]byte, nonceLen)
	_, _ = rand.Read(nonce) // never fails (Go 1.24)
	return letters.EncodeToString(nonce) + letters.EncodeToString(sign(t.Key, nonce, to))
}

// ReplyTo returns the address that answers to a mail with that token go to.
func ReplyTo(mailbox, token string) string {
	local, domain, _ := strings.Cut(mailbox, "@")
	return local + "+" + token + "@" + domain
}

// MessageID returns the Message-ID, without brackets, of the mail with that
// token.
func MessageID(mailbox, token string) string {
	_, domain, _ := strings.Cut(mailbox, "@")
	return token + "@" + strings.ToLower(domain)
}

// Valid reports whether token was made for a mail to the address.
func (t Tokens) Valid(token string, to identity.Alias) bool {
	n := letters.EncodedLen(nonceLen)
	if len(token) != n+letters.EncodedLen(macLen) {
		return false
	}
	token = strings.ToLower(token)
	nonce, err1 := letters.DecodeString(token[:n])
	mac, err2 := letters.DecodeString(token[n:])
	if err1 != nil || err2 != nil {
		return false
	}
	for _, key := range [][]byte{t.Key, t.Previous} {
		if len(key) >= 16 && hmac.Equal(mac, sign(key, nonce, to)) {
			return true
		}
	}
	return false
}

func sign(key, nonce []byte, to identity.Alias) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(nonce)
	h.Write([]byte(to.Key()))
	return h.Sum(nil)[:macLen]
}

// looksLikeToken reports whether s has the form of a token.
func looksLikeToken(s string) bool {
	if len(s) != letters.EncodedLen(nonceLen)+letters.EncodedLen(macLen) {
		return false
	}
	_, err := letters.DecodeString(strings.ToLower(s))
	return err == nil
}

// cutToken splits a mailbox with a token into the two; the token is empty when
// there is none.
func cutToken(mailbox string) (plain, token string) {
	local, domain, ok := strings.Cut(mailbox, "@")
	i := strings.LastIndexByte(local, '+')
	if !ok || i < 0 || !looksLikeToken(local[i+1:]) {
		return mailbox, ""
	}
	return local[:i] + "@" + domain, strings.ToLower(local[i+1:])
}
