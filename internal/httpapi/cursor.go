package httpapi

import "github.com/heard-intake/heard/internal/fault"

// A Sealer encrypts and authenticates cursors. [store.Table] is one.
type Sealer interface {
	// Seal returns the same text for the same scope and plain.
	Seal(scope, plain string) string
	Open(scope, sealed string) (plain string, ok bool)
}

// SealCursor returns a cursor for the place where a page of a list ended, and
// "" for the place "". The cursor opens for that list only. It is encrypted,
// because a place can contain the key of an item that the caller may not see.
func SealCursor(s Sealer, list, place string) string {
	if place == "" {
		return ""
	}
	return s.Seal("list "+list, place)
}

// OpenCursor returns the place that [SealCursor] sealed for the same list, and
// "" for no cursor.
func OpenCursor(s Sealer, list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	if place, ok := s.Open("list "+list, cursor); ok && place != "" {
		return place, nil
	}
	return "", fault.New(fault.Invalid, "the cursor belongs to another list; start again without one")
}

// A Page is one page of a list.
type Page[T any] struct {
	Items    []T    // never nil
	Cursor   string // of the next page, "" after the last
	Complete bool   // this is the last page
}

// ReadPage reads the page of a list that begins at a cursor. Read gets the
// place that the cursor was sealed for, and returns the next page's place, ""
// after the last.
func ReadPage[T any](s Sealer, list, cursor string, read func(place string) (items []T, next string, err error)) (Page[T], error) {
	place, err := OpenCursor(s, list, cursor)
	if err != nil {
		return Page[T]{}, err
	}
	items, next, err := read(place)
	if err != nil {
		return Page[T]{}, err
	}
	return Page[T]{Items: append([]T{}, items...), Cursor: SealCursor(s, list, next), Complete: next == ""}, nil
}
