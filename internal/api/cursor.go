package api

import "github.com/heard-intake/heard/internal/fault"

// A Sealer encrypts and authenticates cursors. [store.Table] is one.
type Sealer interface {
	// Seal returns the same text for the same scope and plain.
	Seal(scope, plain string) string
	Open(scope, sealed string) (plain string, ok bool)
}

// seal returns the cursor of a page of list that ended at place. The cursor
// opens for that list only, so that a caller cannot read one list with the
// cursor of another. It is sealed, because a place can contain the key of an
// item that the caller may not see.
func seal(s Sealer, list, place string) string {
	if place == "" {
		return ""
	}
	return s.Seal("list "+list, place)
}

// unseal returns the place of a cursor, "" for no cursor.
func unseal(s Sealer, list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	if place, ok := s.Open("list "+list, cursor); ok && place != "" {
		return place, nil
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
func walk[T any](s Sealer, list, cursor string, read func(place string) ([]T, string, error)) (part[T], error) {
	place, err := unseal(s, list, cursor)
	if err != nil {
		return part[T]{}, err
	}
	items, next, err := read(place)
	if err != nil {
		return part[T]{}, err
	}
	return part[T]{append([]T{}, items...), seal(s, list, next), next == ""}, nil
}
