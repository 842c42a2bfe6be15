package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// A Pepper is the key of the HMAC that hides addresses. It never rotates: under
// a second pepper, one address would have two keys.
type Pepper []byte

// Hash returns the keyed hash of parts. The hash may appear in keys and logs.
func (p Pepper) Hash(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString(p.mac(parts...))
}

func (p Pepper) mac(parts ...string) []byte {
	mac := hmac.New(sha256.New, p)
	for i, part := range parts {
		if i > 0 {
			mac.Write([]byte{0})
		}
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}

// Seal returns plain, encrypted and authenticated, as text for a URL. It reveals
// the length of plain and nothing else. Only [Pepper.Open] with the same scope
// opens it. The same scope and plain always give the same text, so that an
// answer that contains it keeps its ETag.
func (p Pepper) Seal(scope, plain string) string {
	gcm := p.gcm()
	// The nonce is a keyed hash of everything that is sealed, so that two
	// different texts practically never share one.
	nonce := p.mac("seal nonce", p.Hash("seal scope", scope), plain)[:gcm.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(gcm.Seal(nonce, nonce, []byte(plain), []byte(scope)))
}

// Open returns the text that [Pepper.Seal] sealed for scope. ok is false for any
// other sealed.
func (p Pepper) Open(scope, sealed string) (plain string, ok bool) {
	gcm := p.gcm()
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(raw) < gcm.NonceSize() {
		return "", false
	}
	nonce, box := raw[:gcm.NonceSize()], raw[gcm.NonceSize():]
	opened, err := gcm.Open(nil, nonce, box, []byte(scope))
	return string(opened), err == nil
}

// gcm returns AES-256-GCM under a key that is derived from p for sealing alone.
func (p Pepper) gcm() cipher.AEAD {
	block, err := aes.NewCipher(p.mac("seal key"))
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // the block of AES has 16 bytes
	}
	return gcm
}

// Fingerprint returns the hash that the table stores to detect another pepper.
func (p Pepper) Fingerprint() string { return p.Hash("fingerprint") }
