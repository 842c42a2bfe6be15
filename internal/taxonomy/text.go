package taxonomy

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWords limits the words of a text that are read. The first words normally say the
// reason of a longer text.
const maxWords = 4000

// A textWord is a word or an order number of a text.
type textWord struct {
	at       Span
	word     *wordEntry
	stop     bool     // it begins a sentence
	clause   bool     // it begins a clause, for example after a comma
	language language // of its sentence
}

// A wordEntry is the meaning of a word in the taxonomy. It does not change.
type wordEntry struct {
	text       string  // the folded word
	slots      []int32 // the slots that the word fills
	typo       bool    // it fills them with a typing error
	language   language
	isFollower bool               // it may follow the particle of a separated verb
	wide       [languages][]int32 // by language: the slots that it fills by the lexicon
	wideTypo   bool               // it fills them with a typing error
	isCompound bool               // it is a Dutch compound of two words of the lexicon
}

// readWords splits text into words and decides the language of each sentence.
func (m *matcher) readWords(s *scanState, text string) {
	stop := true
	clause := true
	for i := 0; i < len(text) && len(s.words) < maxWords; {
		start := i
		s.word = s.word[:0]
		for i < len(text) {
			r, size := utf8.DecodeRuneInString(text[i:])
			var inWord bool
			if s.word, inWord = appendFold(s.word, r); !inWord {
				if len(s.word) > 0 {
					break
				}
				stop = stop || endsSentence(text, i, r)
				clause = clause || stop || endsClause(r)
			}
			i += size
		}
		if len(s.word) == 0 {
			break
		}
		one := textWord{at: wordSpan(text, start, i), stop: stop, clause: clause}
		stop = false
		clause = false
		if end := m.orderNumberAt(text, int(one.at.From)); end > 0 {
			one.at.To = int32(end) //nolint:gosec // texts are shorter
			one.word = &m.orderWord
			i = end
		} else if entries, ok := m.chat[string(s.word)]; ok {
			for _, e := range entries {
				one.word = e
				s.words = append(s.words, one)
				one.stop = false
				one.clause = false
			}
			continue
		} else {
			one.word = m.lookupWord(s)
		}
		s.words = append(s.words, one)
	}
	s.decideLanguages()
}

// endsSentence reports whether r, at text[at:], ends a sentence. A full stop between
// digits does not, and neither does a line break within a long line of a mail.
func endsSentence(text string, at int, r rune) bool {
	switch r {
	case '!', '?':
		return true
	case '.':
		return at == 0 || at+1 == len(text) || !isDigit(text[at-1]) || !isDigit(text[at+1])
	case '\n':
		next, _ := utf8.DecodeRuneInString(text[at+1:])
		line := at - 1 - strings.LastIndexByte(text[:at], '\n')
		return line < wrappedLine || !unicode.IsLower(next)
	default:
		return false
	}
}

// wrappedLine is the length from which a line may have been broken by a mail program.
const wrappedLine = 50

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// endsClause reports whether r ends a clause within a sentence.
func endsClause(r rune) bool {
	switch r {
	case ',', ';', ':', '(', ')':
		return true
	default:
		return false
	}
}

// decideLanguages decides the language of the text and of each sentence. A sentence
// without a decision has the language of the text.
func (s *scanState) decideLanguages() {
	var text wordCounts
	for i := range s.words {
		text[s.words[i].word.language]++
	}
	text[undecided] = 0
	s.language = text.guess()
	all := text.decide()
	for begin, end := 0, 0; begin < len(s.words); begin = end {
		end = s.sentenceEnd(begin)
		var here wordCounts
		for i := begin; i < end; i++ {
			here[s.words[i].word.language]++
		}
		l := here.decide()
		if l == undecided {
			l = all
		}
		for i := begin; i < end; i++ {
			s.words[i].language = l
		}
	}
}

// sentenceEnd returns the index after the last word of the sentence that begins at
// begin.
func (s *scanState) sentenceEnd(begin int) int {
	end := begin + 1
	for end < len(s.words) && !s.words[end].stop {
		end++
	}
	return end
}

// orderNumberAt returns the end of the order number that begins at text[from:], or 0
// without one.
func (m *matcher) orderNumberAt(text string, from int) int {
	if m.orderToken == nil {
		return 0
	}
	end := from
	digits := false
	for end < len(text) && text[end] > ' ' && end-from < maxPattern {
		digits = digits || isDigit(text[end])
		end++
	}
	for end > from && strings.IndexByte(".,;:!?)]}\"'", text[end-1]) >= 0 {
		end--
	}
	if !digits || !m.orderToken.MatchString(text[from:end]) {
		return 0
	}
	return end
}

// compileOrderToken compiles the pattern of order numbers for a whole token. It
// returns nil without a pattern.
func compileOrderToken(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	return regexp.MustCompile(`(?i)^(?:` + pattern + `)$`)
}
