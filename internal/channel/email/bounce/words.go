package bounce

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// lazyPattern compiles a pattern at its first use. Most mails are not reports
// and need none of the patterns.
func lazyPattern(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// A wordMatcher finds a pattern in plain words, see [plainWords]. Most patterns
// do not occur in a text. A search for the literals in the pattern tells so
// faster than the pattern itself.
type wordMatcher struct {
	pattern  *regexp.Regexp
	literals []string // a match contains one of them; empty if that is not known
}

// wordPattern returns a matcher of a pattern for text in lower case.
func wordPattern(pattern string) func() wordMatcher {
	return sync.OnceValue(func() wordMatcher {
		m := wordMatcher{pattern: regexp.MustCompile(pattern)}
		if tree, err := syntax.Parse(pattern, syntax.Perl); err == nil {
			m.literals = requiredLiterals(tree)
		}
		return m
	})
}

// find returns the position of the first match in words, or nil.
func (m wordMatcher) find(words string) []int {
	if !m.mayMatch(words) {
		return nil
	}
	return m.pattern.FindStringIndex(words)
}

// isIn reports whether words have a match.
func (m wordMatcher) isIn(words string) bool {
	return m.mayMatch(words) && m.pattern.MatchString(words)
}

func (m wordMatcher) mayMatch(words string) bool {
	if len(m.literals) == 0 {
		return true
	}
	for _, s := range m.literals {
		if strings.Contains(words, s) {
			return true
		}
	}
	return false
}

// requiredLiterals returns literal texts. Every match of the pattern contains
// at least one of them: "foo" and "bar" for (foo|bar)\d. It returns nil if the
// pattern has no such texts.
func requiredLiterals(tree *syntax.Regexp) []string {
	switch tree.Op {
	case syntax.OpLiteral:
		if tree.Flags&syntax.FoldCase == 0 {
			return []string{string(tree.Rune)}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return requiredLiterals(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return requiredLiterals(tree.Sub[0])
		}
	case syntax.OpAlternate:
		var all []string
		for _, branch := range tree.Sub {
			literals := requiredLiterals(branch)
			if len(literals) == 0 {
				return nil
			}
			all = append(all, literals...)
		}
		return all
	case syntax.OpConcat:
		var best []string
		for _, part := range tree.Sub {
			if literals := requiredLiterals(part); shortest(literals) > shortest(best) {
				best = literals
			}
		}
		return best
	default: // of other operations no text is certain
	}
	return nil
}

// shortest returns the length of the shortest text in all, and 0 for none.
func shortest(all []string) int {
	n := 0
	for i, s := range all {
		if i == 0 || len(s) < n {
			n = len(s)
		}
	}
	return n
}
