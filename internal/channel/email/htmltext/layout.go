package htmltext

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// newlinesAround returns the number of newlines around an element.
func newlinesAround(tag atom.Atom, a attributes) int {
	switch tag {
	case atom.P:
		if strings.Contains(a.class, "mso") || strings.Contains(a.style, "margin:0") || strings.Contains(a.style, "margin: 0") {
			return 1
		}
		return 2
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return 2
	case atom.Div, atom.Tr, atom.Li, atom.Ul, atom.Ol, atom.Table, atom.Blockquote, atom.Pre, atom.Section, atom.Article,
		atom.Header, atom.Footer, atom.Dl, atom.Dt, atom.Dd, atom.Form, atom.Fieldset, atom.Address, atom.Center, atom.Body,
		atom.Tbody, atom.Thead, atom.Option, atom.Main, atom.Nav, atom.Aside, atom.Figure, atom.Figcaption, atom.Hr:
		return 1
	}
	return 0
}

// isStructural reports whether the end of an element must be matched by name.
func isStructural(tag atom.Atom) bool {
	switch tag {
	case atom.Div, atom.Ul, atom.Ol, atom.Table, atom.Tr, atom.Blockquote, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article:
		return true
	}
	return false
}

// blankLength returns the length of the white space or invisible character at
// the start of b.
func blankLength(b []byte) int {
	switch b[0] {
	case ' ', '\n', '\t', '\r', '\f':
		return 1
	}
	if b[0] < utf8.RuneSelf {
		return 0
	}
	r, n := utf8.DecodeRune(b)
	switch r {
	case '\u00a0', '\u200b', '\u200c', '\u00ad', '\u034f', '\ufeff', '\u2007':
		return n
	}
	return 0
}
