package meta

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
)

// HashElementID returns an id for an element to which the platform gave no id
// of its own. It is a hash of the element and of parts, which distinguish it
// from equal elements elsewhere. White space between the members does not
// change it, so a redelivery gets the same id.
func HashElementID(v Value, parts ...string) string {
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

// NormalizeSHA256 returns a media checksum in lower-case hexadecimal. Most
// payloads have base64, some hexadecimal. It returns "" if s is neither.
func NormalizeSHA256(s string) string {
	if sum, err := hex.DecodeString(s); err == nil && len(sum) == sha256.Size {
		return hex.EncodeToString(sum)
	}
	if sum, err := base64.StdEncoding.DecodeString(s); err == nil && len(sum) == sha256.Size {
		return hex.EncodeToString(sum)
	}
	return ""
}
