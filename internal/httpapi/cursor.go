package httpapi

import (
	"encoding/base64"

	"github.com/heard-intake/heard/internal/fault"
)

// A Hasher makes keyed hashes. [store.Table] is one.
type Hasher interface {
	Hash(parts ...string) string
}

// sealLength is how many characters of a hash begin a cursor.
const sealLength = 16

// SealCursor returns a cursor for the place where a page of a list ended, and
// "" for the place "". The hash in it binds it to the list, so that a cursor
// of one customer's list opens no other list.
func SealCursor(h Hasher, list, place string) string {
	if place == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(h.Hash("cursor", list, place)[:sealLength] + place))
}

// OpenCursor returns the place that [SealCursor] sealed for the same list, and
// "" for no cursor.
func OpenCursor(h Hasher, list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && len(raw) > sealLength {
		seal := string(raw[:sealLength])
		place := string(raw[sealLength:])
		if h.Hash("cursor", list, place)[:sealLength] == seal {
			return place, nil
		}
	}
	return "", fault.New(fault.Invalid, "the cursor is not of this list; start again without one")
}

// A Page is one page of a list.
type Page[T any] struct {
	Items    []T    // never nil
	Cursor   string // of the next page, "" after the last
	Complete bool   // there is no next page
}

// ReadPage reads the page of a list that begins at a cursor. Read gets the
// place that the cursor was sealed for, and returns the next page's place, ""
// after the last.
func ReadPage[T any](h Hasher, list, cursor string, read func(place string) (items []T, next string, err error)) (Page[T], error) {
	place, err := OpenCursor(h, list, cursor)
	if err != nil {
		return Page[T]{}, err
	}
	items, next, err := read(place)
	if err != nil {
		return Page[T]{}, err
	}
	return Page[T]{Items: append([]T{}, items...), Cursor: SealCursor(h, list, next), Complete: next == ""}, nil
}
