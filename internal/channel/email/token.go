package email

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/heard-intake/heard/internal/identity"
)

// Tokens signs and checks the tokens of our outgoing mails. A token connects an
// answer to our mail, even if the customer's mail program drops the threading
// fields or SES rewrites our Message-ID.
//
// The token is in the Reply-To address after a plus sign, and in our
// Message-ID before the at sign: info+TOKEN@shop.example. It is signed for the
// recipient's address, and is not valid in a mail from any other address.
//
// The zero value accepts no token.
type Tokens struct {
	Key      []byte // signs new tokens; at least 16 bytes
	Previous []byte // still accepted after the key changed; may be nil
}

// Lengths in bytes. In base32 they become 16 and 20 letters, so that a token
// leaves room in a local part, which has at most 64.
const (
	nonceLen = 10
	macLen   = 12
)

// tokenEncoding is base32 in lower case, because mail programs change the case
// of addresses.
var tokenEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// New returns a new token for one mail to an address.
func (t Tokens) New(to identity.Alias) string {
	nonce := make([]byte, nonceLen)
	_, _ = rand.Read(nonce) // never fails (Go 1.24)
	return tokenEncoding.EncodeToString(nonce) + tokenEncoding.EncodeToString(signNonce(t.Key, nonce, to))
}

// ReplyTo returns the address to which answers to a mail with this token are
// sent.
func ReplyTo(mailbox, token string) string {
	local, domain, _ := strings.Cut(mailbox, "@")
	return local + "+" + token + "@" + domain
}

// MessageID returns the Message-ID, without brackets, of the mail with this
// token.
func MessageID(mailbox, token string) string {
	_, domain, _ := strings.Cut(mailbox, "@")
	return token + "@" + strings.ToLower(domain)
}

// Valid reports whether one of the keys signed token for a mail to the
// address.
func (t Tokens) Valid(token string, to identity.Alias) bool {
	n := tokenEncoding.EncodedLen(nonceLen)
	if len(token) != n+tokenEncoding.EncodedLen(macLen) {
		return false
	}
	token = strings.ToLower(token)
	nonce, err := tokenEncoding.DecodeString(token[:n])
	if err != nil {
		return false
	}
	mac, err := tokenEncoding.DecodeString(token[n:])
	if err != nil {
		return false
	}
	for _, key := range [][]byte{t.Key, t.Previous} {
		if len(key) >= 16 && hmac.Equal(mac, signNonce(key, nonce, to)) {
			return true
		}
	}
	return false
}

// signNonce returns the signature of a nonce for a mail to one address.
func signNonce(key, nonce []byte, to identity.Alias) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(nonce)
	h.Write([]byte(to.Key()))
	return h.Sum(nil)[:macLen]
}

// isTokenForm reports whether s has the form of a token, valid or not.
func isTokenForm(s string) bool {
	if len(s) != tokenEncoding.EncodedLen(nonceLen)+tokenEncoding.EncodedLen(macLen) {
		return false
	}
	_, err := tokenEncoding.DecodeString(strings.ToLower(s))
	return err == nil
}

// splitToken splits an address such as info+TOKEN@shop.example into the mailbox
// and the token. Without a token it returns the address and an empty string.
func splitToken(mailbox string) (plain, token string) {
	local, domain, ok := strings.Cut(mailbox, "@")
	i := strings.LastIndexByte(local, '+')
	if !ok || i < 0 || !isTokenForm(local[i+1:]) {
		return mailbox, ""
	}
	return local[:i] + "@" + domain, strings.ToLower(local[i+1:])
}
