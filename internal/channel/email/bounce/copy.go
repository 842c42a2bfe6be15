package bounce

import (
	"strings"
)

// copyMarkPattern matches the lines that precede the returned mail in a text.
var copyMarkPattern = lazyPattern(`(?mi)^(?:[- ]*below this line is a copy of the message.*|-+ ?this is a copy of (?:the|your) message.*|[- ]*original message (?:follows|headers|header|text)?[- :.]*|-+ ?original message ?-+|-+ ?message header follows.*|[-=*]+ ?original mail.*|-+ ?returned (?:message|mail).*|-+ ?undelivered message.*|original message follows\.?|-+ ?unsent message (?:below|follows).*|-+ ?start of returned message.*|the (?:following is|header|first .* lines).*(?:headers|message).*:|message headers? follows?:?|received message follows.*|---- the original message ----|\*\*\* original message .*|--------- ?header of the original.*|[- ]*the (?:header|headers) of the original message.*)\s*$`)

// cutReturnedMail removes the returned mail from the text for people. The
// addresses and numbers in it say nothing about the delivery.
func (p *reportPieces) cutReturnedMail() {
	end := len(p.text)
	next := end // start of the text after the returned header
	start := end
	if loc := copyMarkPattern().FindStringIndex(p.text); loc != nil {
		end = loc[0]
		start = loc[1]
	}
	if from, to := findReturnedHeader(p.text[:end]); from < end {
		before := p.text[:from]
		isWhole := strings.Contains(strings.ToLower(p.text[from:to]), "received:") || addressPattern().MatchString(before)
		if !isWhole {
			next = to // a summary above the report itself
		}
		end = from
		start = from
	}
	if start == len(p.text) {
		return
	}
	if len(p.original.Fields) == 0 {
		p.readReturnedMail(strings.TrimLeft(p.text[start:], "\r\n >"))
	}
	p.text = p.text[:end] + p.text[next:]
}

// Fields of the header of a mail. A report lists some of the common ones when
// it describes a mail. Only a copy of the header has the technical ones.
var (
	technicalFields = map[string]bool{"received": true, "return-path": true, "message-id": true, "mime-version": true, "dkim-signature": true}
	commonFields    = map[string]bool{"from": true, "to": true, "cc": true, "subject": true, "date": true, "reply-to": true, "content-type": true}
)

// findReturnedHeader returns the start and the end of the first lines in text
// that copy the header of a mail. It needs a technical field and two common
// ones, with no blank line between them. Without such lines, start is len(text).
func findReturnedHeader(text string) (start, end int) {
	start = len(text)
	technical := 0
	common := 0
	pos := 0
	for line := range strings.Lines(text) {
		name := fieldName(line)
		isField := technicalFields[name] || commonFields[name]
		switch {
		case isField:
			start = min(start, pos)
			if technicalFields[name] {
				technical++
			} else {
				common++
			}
		case strings.Trim(line, "> \t\r\n") == "":
			if technical > 0 && common > 1 {
				return start, pos
			}
			start = len(text)
			technical = 0
			common = 0
		}
		pos += len(line)
	}
	if technical > 0 && common > 1 {
		return start, len(text)
	}
	return len(text), len(text)
}

// fieldName returns the name of the field that begins on a line, in lower
// case. The line may be indented or quoted. It is empty for any other line.
func fieldName(line string) string {
	name, _, ok := strings.Cut(strings.TrimLeft(line, "> \t"), ":")
	if !ok || len(name) > 20 {
		return ""
	}
	return strings.ToLower(name)
}
