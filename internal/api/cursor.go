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

// A part is one page of a list.
type part[T any] struct {
	items    []T // never nil
	cursor   string
	complete bool
}

// walk reads the page of a list that begins at a cursor. Read gets the place
// that the cursor was made of, and returns that of the next page, "" for none.
func walk[T any](h Hasher, list, cursor string, read func(place string) ([]T, string, error)) (part[T], error) {
	place, err := unseal(h, list, cursor)
	if err != nil {
		return part[T]{}, err
	}
	items, next, err := read(place)
	if err != nil {
		return part[T]{}, err
	}
	return part[T]{append([]T{}, items...), seal(h, list, next), next == ""}, nil
}
