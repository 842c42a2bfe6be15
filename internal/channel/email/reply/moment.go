package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A moment is the set of parts that the time in an attribution has. Mail
// programs write it as "ma 3 mrt 2025 om 10:15", "3/3/25 10:15" or
// "2025年3月3日 10:15".
type moment uint8

const (
	hasDay moment = 1 << iota
	hasMonth
	hasYear
	hasClock
	hasWeekday
)

func (m moment) has(parts moment) bool { return m&parts == parts }

// isDate reports whether m has a day and a month.
func (m moment) isDate() bool { return m.has(hasDay | hasMonth) }

// isComplete reports whether m has a day, a month, and also a year or a time of
// day. The times of most mail programs are complete; those of a few old ones
// are not.
func (m moment) isComplete() bool { return m.isDate() && m&(hasYear|hasClock) != 0 }

// isFull reports whether m has a day, a month and a time of day.
func (m moment) isFull() bool { return m.isDate() && m.has(hasClock) }

// readMoment reads the time at the start of s, which is in lower case. It
// returns the length of the time and its parts. It stops where a part comes a
// second time: "jan" in "3 mei 10:15 jan" is a writer and not January.
func readMoment(s string) (n int, m moment) {
	r := momentReader{s: s}
	for r.readPart() {
	}
	return r.end, r.parts
}

// namesTime reports whether a word of s, which is in lower case, begins a date,
// a year or a time of day.
func namesTime(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) || (i > 0 && s[i-1] != ' ') {
			continue
		}
		if _, when := readMoment(s[i:]); when.isDate() || when&(hasYear|hasClock) != 0 {
			return true
		}
	}
	return false
}

// A momentReader reads a time part by part.
type momentReader struct {
	s     string
	pos   int // how far s was read
	end   int // where the last part ends; words between parts may follow it
	parts moment
	vague bool // the name of the month may be that of a day
	plain bool // the month is a number that stands alone
}

// readPart reads one part, or one word between parts, and reports whether it
// found any.
func (r *momentReader) readPart() bool {
	r.skipSeparators()
	rest := r.s[r.pos:]
	if rest == "" {
		return false
	}
	switch c := rest[0]; {
	case isDigit(c):
		return r.readNumber()
	case c == '+', c == '-':
		return r.readOffset(rest)
	}
	for _, s := range halvesOfDay {
		if r.parts.has(hasClock) && strings.HasPrefix(rest, s) {
			r.accept(len(s), 0)
			return true
		}
	}
	if first, _ := utf8.DecodeRuneInString(rest); isIdeograph(first) {
		return r.readIdeographs(rest)
	}
	return r.readWord(wordAt(rest))
}

// skipSeparators skips the punctuation between the parts of a time.
func (r *momentReader) skipSeparators() {
	for r.pos < len(r.s) {
		switch c := r.s[r.pos]; c {
		case ' ', ',', '.', '/', '(', ')', '[', ']':
			r.pos++
		case '-': // "segunda-feira"
			if next, _ := utf8.DecodeRuneInString(r.s[r.pos+1:]); !unicode.IsLetter(next) {
				return
			}
			r.pos++
		default:
			n := separatorAt(r.s[r.pos:])
			if n == 0 {
				return
			}
			r.pos += n
		}
	}
}

// separatorAt returns the length of the wide comma at the start of s, or 0.
func separatorAt(s string) int {
	for _, p := range []string{"，", "、", "（", "）"} {
		if strings.HasPrefix(s, p) {
			return len(p)
		}
	}
	return 0
}

// accept adds the n bytes at the position to the time.
func (r *momentReader) accept(n int, part moment) {
	r.pos += n
	r.end = r.pos
	r.parts |= part
}

// readOffset reads the difference from UTC after a time of day: "+0100".
func (r *momentReader) readOffset(rest string) bool {
	n := 1
	for n < len(rest) && (isDigit(rest[n]) || rest[n] == ':') {
		n++
	}
	hasMoment := r.parts.has(hasClock) || r.parts.isDate()
	if n < 2 || n > len("+01:00") || !hasMoment {
		return false
	}
	r.accept(n, 0)
	return true
}

// readWord reads the name of a month, a day or a time zone, or a word between
// the parts.
func (r *momentReader) readWord(word string) bool {
	part := moment(0)
	role := momentWords()[word]
	switch {
	case role == linkWord:
		r.pos += len(word) // it belongs to the time only if another part follows
		return true
	case role == zoneWord && (r.parts.has(hasClock) || r.parts.isDate()), role == unitWord && r.parts&(hasClock|hasYear) != 0:
	case role&(dayName|monthName) != 0:
		if part = r.namedPart(role); part == 0 {
			return false // it is the name of the writer
		}
	default:
		return false
	}
	r.accept(len(word), part)
	r.acceptFullStop()
	if word == "th" { // Vietnamese numbers the days: "Th 2"
		r.acceptDayNumber()
	}
	return true
}

// namedPart returns the part that a name of a day or month adds, or 0 if the
// time has that part.
func (r *momentReader) namedPart(role wordRole) moment {
	switch {
	case r.parts.isFull():
		return 0
	case role&monthName != 0 && !r.parts.has(hasMonth):
		r.vague = role&dayName != 0
		return hasMonth
	case role&monthName != 0 && r.vague: // the first "mar." of "mar. 4 mars" was a Tuesday
		r.vague = false
		return hasWeekday
	case role&dayName != 0 && !r.parts.has(hasWeekday):
		return hasWeekday
	}
	return 0
}

// acceptDayNumber reads the number in the name of a day.
func (r *momentReader) acceptDayNumber() {
	rest := r.s[r.pos:]
	if len(rest) > 1 && rest[0] == ' ' && isDigit(rest[1]) {
		r.accept(2, 0)
	}
}

// acceptFullStop reads the full stop of an abbreviation.
func (r *momentReader) acceptFullStop() {
	if strings.HasPrefix(r.s[r.pos:], ".") {
		r.accept(1, 0)
	}
}

// readNumber reads a number with the digits that belong to it: "3", "03-03-25",
// "10:15:22".
func (r *momentReader) readNumber() bool {
	rest := r.s[r.pos:]
	groups, sep, n := splitNumber(rest)
	first := groups[0]
	switch {
	case groups[1] == "":
		return r.readSingle(first, rest[n:])
	case sep == ':' || sep == 'h':
		return r.readClock(groups, n)
	case groups[2] != "":
		if r.parts.isDate() {
			return sep == '.' && r.readClock(groups, n) // 10.15.22
		}
		if !isNumericDate(groups) {
			return false
		}
		r.accept(n, hasDay|hasMonth|hasYear)
		r.acceptFullStop()
		return true
	case len(first) > 2 || len(groups[1]) > 2:
		return false
	case r.parts.isDate():
		return sep == '.' && r.readClock(groups, n) // 10.15
	case isDayAndMonth(first, groups[1]):
		r.accept(n, hasDay|hasMonth)
		return true
	}
	return false
}

// splitNumber splits a number into up to three groups of digits with the same
// separator between them. It returns the length of all.
func splitNumber(s string) (groups [3]string, sep byte, n int) {
	for i := range groups {
		start := n
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		groups[i] = s[start:n]
		more := n+1 < len(s) && isDigit(s[n+1]) && strings.IndexByte(":/.-h", s[n]) >= 0
		if !more || (sep != 0 && s[n] != sep) || i == len(groups)-1 {
			return groups, sep, n
		}
		sep = s[n]
		n++
	}
	return groups, sep, n
}

// isNumericDate reports whether three numbers are a day, a month and a year, in
// any order that mail programs use.
func isNumericDate(g [3]string) bool {
	year, month, day := g[2], g[1], g[0]
	if len(year) != 4 && len(day) == 4 {
		year, day = day, year
	}
	return (len(year) == 2 || isYear(year)) && isDayAndMonth(day, month)
}

// isDayAndMonth reports whether one of two numbers is a day and the other a
// month.
func isDayAndMonth(a, b string) bool {
	return isBetween(a, 1, 31) && isBetween(b, 1, 31) && (isBetween(a, 1, 12) || isBetween(b, 1, 12))
}

func isYear(s string) bool {
	return len(s) == 4 && (s[:2] == "19" || s[:2] == "20")
}

// isBetween reports whether s is a number of one or two digits from low to
// high.
func isBetween(s string, low, high int) bool {
	if s == "" || len(s) > 2 {
		return false
	}
	n := 0
	for _, c := range []byte(s) {
		if !isDigit(c) {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return low <= n && n <= high
}

// readClock reads a time of day in hours, minutes and perhaps seconds.
func (r *momentReader) readClock(groups [3]string, n int) bool {
	if r.parts.has(hasClock) || !isBetween(groups[0], 0, 24) || len(groups[1]) != 2 || !isBetween(groups[1], 0, 59) {
		return false
	}
	r.accept(n, hasClock)
	return true
}

// readSingle reads a number that stands alone: a year, a day, or a month or
// hour in digits. after is the text that follows it.
func (r *momentReader) readSingle(number, after string) bool {
	part, n := kindOfUnit(after)
	switch {
	case part != 0:
	case isYear(number):
		part = hasYear
	case len(number) > 2:
		return false
	case r.plain && len(number) == 2 && r.parts&(hasYear|hasClock) == 0: // "25. 09. 25"
		part = hasYear
	case hourEnd(after) >= 0:
		part = hasClock
		n = hourEnd(after)
	case r.parts == hasYear && isBetween(number, 1, 12): // "2025. 09. 25."
		part = hasMonth
	case !r.parts.has(hasDay) && isBetween(number, 1, 31):
		part = hasDay
		n = ordinalLen(after)
	case !r.parts.has(hasMonth) && isBetween(number, 1, 12):
		part = hasMonth
	}
	if part == 0 || r.parts.has(part) {
		return false
	}
	r.plain = r.plain || (part == hasMonth && n == 0)
	r.accept(len(number)+n, part)
	r.acceptFullStop()
	return true
}

// units are the words that Chinese, Japanese and Korean put after a number.
var units = []struct {
	word string
	part moment
}{
	{"年", hasYear}, {"月", hasMonth}, {"日", hasDay}, {"号", hasDay}, {"號", hasDay}, {"時", hasClock}, {"时", hasClock}, {"點", hasClock}, {"点", hasClock},
	{"년", hasYear}, {"월", hasMonth}, {"일", hasDay}, {"시", hasClock},
}

// kindOfUnit returns the part that a unit at the start of s makes of the number
// before it, and the length of the unit.
func kindOfUnit(s string) (part moment, n int) {
	for _, u := range units {
		if strings.HasPrefix(s, u.word) {
			return u.part, len(u.word)
		}
	}
	return 0, 0
}

// ordinalLen returns the length of the ending of an ordinal number at the start
// of s: "3rd".
func ordinalLen(s string) int {
	switch w := wordAt(s); w {
	case "st", "nd", "rd", "th", "er", "º", "ª", "e", "de", "ste":
		return len(w)
	}
	return 0
}

// minutesAfterHour is the length of the minutes in "10 h 15".
const minutesAfterHour = len(" h 15")

// hourEnd returns the length of the text at the start of s that makes the
// number before it an hour and is not read as a word: 0 for "3 pm", the minutes
// for "10 h 15". It returns -1 if the number is not an hour.
func hourEnd(s string) int {
	switch wordAt(strings.TrimPrefix(s, " ")) {
	case "am", "pm", "uhr":
		return 0
	case "h":
		if len(s) >= minutesAfterHour && isBetween(s[minutesAfterHour-2:minutesAfterHour], 0, 59) {
			return minutesAfterHour
		}
	}
	return -1
}

// ideographWords are words of Chinese, Japanese and Korean times.
var ideographWords = []struct {
	word string
	part moment
}{
	{"星期", hasWeekday}, {"周", hasWeekday}, {"週", hasWeekday}, {"上午", 0}, {"下午", 0}, {"午前", 0}, {"午後", 0}, {"凌晨", 0}, {"晚上", 0}, {"早上", 0}, {"中午", 0}, {"分", 0}, {"秒", 0},
	{"오전", 0}, {"오후", 0}, {"분", 0}, {"초", 0},
}

// ideographDays are the names of the days of the week, after "星期" or alone.
const ideographDays = "一二三四五六日天月火水木金土화수목금월토일"

// readIdeographs reads a word of a Chinese, Japanese or Korean time.
func (r *momentReader) readIdeographs(rest string) bool {
	for _, w := range ideographWords {
		after, ok := strings.CutPrefix(rest, w.word)
		if !ok {
			continue
		}
		n := len(w.word)
		if day, size := utf8.DecodeRuneInString(after); w.part == hasWeekday && strings.ContainsRune(ideographDays, day) {
			n += size
		}
		r.accept(n, w.part)
		return true
	}
	day, size := utf8.DecodeRuneInString(rest)
	if !strings.ContainsRune(ideographDays, day) || r.parts&(hasWeekday|hasClock) != 0 || !r.parts.isDate() {
		return false
	}
	for _, ending := range []string{"曜日", "요일"} {
		if strings.HasPrefix(rest[size:], ending) {
			size += len(ending)
		}
	}
	if wide := rest[size:]; wide != "" && separatorAt(wide) == 0 && wide[0] != ')' && wide[0] != ' ' {
		return false // a name begins with the same character
	}
	r.accept(size, hasWeekday)
	return true
}

// isIdeograph reports whether r belongs to a script without blanks between
// words, or to Korean, which attaches endings to words.
func isIdeograph(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// wordAt returns the letters at the start of s.
func wordAt(s string) string {
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			return s[:i]
		}
	}
	return s
}

// halvesOfDay are abbreviations with full stops inside.
var halvesOfDay = []string{"a.m.", "p.m.", "a. m.", "p. m.", "a.m", "p.m", "π.μ.", "μ.μ."}

// A wordRole is a set of roles that a word can have in a time.
type wordRole byte

const (
	dayName   wordRole = 1 << iota // "ma", "Monday"
	monthName                      // "mrt", "March"
	linkWord                       // "om", between the parts
	zoneWord                       // "CET", "PM", after a time of day
	unitWord                       // "Uhr", "г", after a time of day or a year
)
