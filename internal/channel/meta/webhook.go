package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// SignatureHeader is the name of the header with the signature. It is in lower
// case, as API Gateway delivers it.
const SignatureHeader = "x-hub-signature-256"

const scheme = "sha256="

// Verify returns an error of kind [fault.Unauthorized] unless signature is
// that of body under one of the secrets. Pass the current secret and, during a
// rotation, the previous one. No secret, or an empty one, is [fault.Internal],
// because an attacker could sign with it.
func Verify(body []byte, signature string, secrets ...string) error {
	if len(secrets) == 0 {
		return fault.New(fault.Internal, "webhook: no secret configured")
	}
	for _, s := range secrets {
		if s == "" {
			return fault.New(fault.Internal, "webhook: an empty secret is configured")
		}
	}
	digest, ok := strings.CutPrefix(signature, scheme)
	if !ok {
		return fault.New(fault.Unauthorized, "webhook: not signed")
	}
	got, err := hex.DecodeString(digest)
	if err != nil || len(got) != sha256.Size {
		return fault.New(fault.Unauthorized, "webhook: wrong signature")
	}
	for _, s := range secrets {
		if hmac.Equal(got, computeMAC(body, s)) {
			return nil
		}
	}
	return fault.New(fault.Unauthorized, "webhook: wrong signature")
}

// Sign returns the signature of body under secret, in the platform's format.
// It is for heardctl, the cost figures and the tests.
func Sign(body []byte, secret string) string {
	return scheme + hex.EncodeToString(computeMAC(body, secret))
}

func computeMAC(body []byte, secret string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return h.Sum(nil)
}

// Challenge answers the request by which a platform checks that the address is
// ours. The query has hub.mode=subscribe, hub.verify_token and hub.challenge.
// Challenge returns the text to respond with. It returns [fault.Forbidden] if
// the token is not one of tokens. The request is not signed.
func Challenge(query map[string]string, tokens ...string) (string, error) {
	if query["hub.mode"] != "subscribe" {
		return "", fault.New(fault.Invalid, "webhook: hub.mode must be subscribe")
	}
	given := []byte(query["hub.verify_token"])
	for _, t := range tokens {
		if t != "" && subtle.ConstantTimeCompare(given, []byte(t)) == 1 {
			return query["hub.challenge"], nil
		}
	}
	return "", fault.New(fault.Forbidden, "webhook: wrong verify token")
}
