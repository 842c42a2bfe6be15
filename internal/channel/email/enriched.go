package email

import "strings"

// enrichedText returns the words of text/enriched (RFC 1896) and of its
// forerunner text/richtext (RFC 1341), without their commands. In both a single
// line break is a blank.
func enrichedText(s string) string {
	s = strings.ReplaceAll(s, "<<", "\x00") // a "<" in text/enriched
	var b strings.Builder
	for s != "" {
		before, rest, ok := strings.Cut(s, "<")
		b.WriteString(before)
		if !ok {
			break
		}
		command, after, ok := strings.Cut(rest, ">")
		if !ok {
			b.WriteString("<" + rest)
			break
		}
		s = after
		switch name := strings.ToLower(command); {
		case name == "lt":
			b.WriteByte('<')
		case name == "nl", name == "np":
			b.WriteString("\n\n") // joined below like any other
		case name == "param":
			if _, after, ok := strings.Cut(s, "</param>"); ok {
				s = after
			}
		case !isEnrichedCommand(name):
			b.WriteString("<" + command + ">")
		}
	}
	return strings.ReplaceAll(joinSingleBreaks(b.String()), "\x00", "<")
}

// isEnrichedCommand reports whether the text between "<" and ">" is a command.
func isEnrichedCommand(name string) bool {
	name = strings.TrimPrefix(name, "/")
	if name == "" || len(name) > 60 {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' })
}

// joinSingleBreaks replaces a single line break with a blank, and removes one
// from several.
func joinSingleBreaks(s string) string {
	var b strings.Builder
	breaks := 0
	for _, r := range s {
		if r == '\n' {
			breaks++
			continue
		}
		if breaks == 1 {
			b.WriteByte(' ')
		}
		if breaks > 1 {
			b.WriteString(strings.Repeat("\n", breaks-1))
		}
		breaks = 0
		b.WriteRune(r)
	}
	return b.String()
}
