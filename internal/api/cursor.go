package api

import (
	"encoding/base64"

	"github.com/heard-intake/heard/internal/fault"
)

// A Hasher makes keyed hashes. [store.Table] is one.
type Hasher interface {
	Hash(parts ...string) string
}

const sealLen = 16

// seal makes a cursor of where a page ended. It opens only for the list it is
// of, so that nobody walks one list with the cursor of another.
func seal(h Hasher, list, place string) string {
	if place == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(h.Hash("cursor", list, place)[:sealLen] + place))
}

// unseal returns the place that a cursor was made of, "" for no cursor.
func unseal(h Hasher, list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && len(raw) > sealLen {
		if place := string(raw[sealLen:]); h.Hash("cursor", list, place)[:sealLen] == string(raw[:sealLen]) {
			return place, nil
		}
	}
	return "", fault.New(fault.Invalid, "the cursor is not of this list; start again without one")
}
