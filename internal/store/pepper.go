package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// A Pepper is the key of the HMAC that hides addresses. It never rotates: under
// a second pepper, one address would have two keys.
type Pepper []byte

// Hash returns the keyed hash of parts. The hash may appear in keys and logs.
func (p Pepper) Hash(parts ...string) string {
	mac := hmac.New(sha256.New, p)
	for i, part := range parts {
		if i > 0 {
			mac.Write([]byte{0})
		}
		mac.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Fingerprint returns the hash that the table stores to detect another pepper.
func (p Pepper) Fingerprint() string { return p.Hash("fingerprint") }
