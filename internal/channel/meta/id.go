package meta

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
)

// HashID returns an id for an element that brings none of its own, made of
// the element, whatever its blanks, and of what else tells it from its like. It
// is the same at each delivery.
func HashID(v Value, parts ...string) string {
	h := sha256.New()
	for _, s := range parts {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	var b bytes.Buffer
	if err := json.Compact(&b, v); err != nil {
		b.Write(v)
	}
	h.Write(b.Bytes())
	return "sha256-" + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// SHA256 returns a media checksum in hexadecimal, as which some payloads hold
// it, while most have base64; nothing if s is neither.
func SHA256(s string) string {
	if sum, err := hex.DecodeString(s); err == nil && len(sum) == sha256.Size {
		return hex.EncodeToString(sum)
	}
	if sum, err := base64.StdEncoding.DecodeString(s); err == nil && len(sum) == sha256.Size {
		return hex.EncodeToString(sum)
	}
	return ""
}
