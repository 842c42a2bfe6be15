package contact

import (
	"bytes"
	"strings"

	"github.com/heard-intake/heard/internal/message"
)

// An AskReason says why a message asks for an answer, or why it does not.
type AskReason string

// The reasons why a message asks for nothing.
const (
	OnlyThanks    AskReason = "thanks"    // "Top, bedankt!"
	OnlyAgreement AskReason = "agreement" // "ok", "is goed"
	OnlyFarewell  AskReason = "farewell"  // "Fijne dag nog!"
	OnlySolved    AskReason = "solved"    // "laat maar, is al gelukt", after our answer
	OnlyEmoji     AskReason = "emoji"     // a thumb
	OnlySticker   AskReason = "sticker"   // a sticker, or Messenger's like
	OnlyReaction  AskReason = "reaction"  // a mail that reports a reaction: "👍 Anna reacted via Gmail"
	OnlyMention   AskReason = "mention"   // the customer mentioned us in a story
	NotByCustomer AskReason = "not-by-customer"
	OnlyHistory   AskReason = "history" // the message is passive
)

// The reasons why a message asks for an answer.
const (
	AsksQuestion   AskReason = "question-mark"
	AsksWords      AskReason = "words"      // it says more than thanks
	AsksGreeting   AskReason = "greeting"   // it only greets, or says only yes or no: the customer waits for us
	AsksComplaint  AskReason = "complaint"  // it has an unhappy emoji
	AsksFile       AskReason = "file"       // it has a file, a place or other content
	AsksForward    AskReason = "forward"    // it forwards another message
	AsksSubject    AskReason = "subject"    // the subject of a new mail says more than thanks
	AsksUnreadable AskReason = "unreadable" // its content is lost, or is not known
	AsksRecorded   AskReason = "recorded"   // an agent registered it
	AsksWithdrawn  AskReason = "withdrawn"  // "laat maar, is al gelukt", before any answer of ours
)

// Asks reports whether a message of a customer asks for anything. answered says whether
// an answer of ours came before it in the same conversation. See [WhyAsks].
func Asks(m message.Message, answered bool) bool {
	_, asks := WhyAsks(m, answered)
	return asks
}

// WhyAsks reports whether a message of a customer asks for anything, and why. A message
// asks unless all that it says is in a list of phrases (closing.txt): thanks, agreement
// or a goodbye, in Dutch or English, with greetings, names, wishes, misspellings and
// emojis. So a message that was not understood asks. These ask, too:
//
//   - A message with a question mark, a number, an unhappy emoji, or a file that is not
//     a sticker. A picture of up to 20 KB inside the text of a mail does not count,
//     because it is usually the logo of a signature.
//   - A greeting alone, before and after our answer: the customer waits for a person.
//   - "Yes", "no" and "yes please" alone: they answer a question of ours, and the agent
//     has to act on it. "Nee, bedankt" and "ja, prima" do not ask.
//
// Most of this does not depend on answered. Before our answer, thanks, "ok", a thumb and a
// sticker ask for nothing either: the question itself is in another message, and waits
// because of that message. Two things depend on answered:
//
//   - "Laat maar, is al gelukt" asks for nothing after our answer. Before it, the customer
//     withdraws a question that no person has read. A person should see that and decide,
//     so the message asks.
//   - "Dag" is a goodbye after our answer, and a greeting before it.
//
// Messages of ours and passive messages ask for nothing.
func WhyAsks(m message.Message, answered bool) (why AskReason, asks bool) {
	switch {
	case m.Direction == message.Outbound:
		return NotByCustomer, false
	case m.Passive:
		return OnlyHistory, false
	case m.Kind == message.Event:
		return NotByCustomer, false
	case m.Origin == message.Recorded:
		return AsksRecorded, true
	case isReactionMail(m):
		return OnlyReaction, false
	case isStoryMention(m):
		return OnlyMention, false
	case isUnreadable(m):
		return AsksUnreadable, true
	case m.ReplyTo != nil && m.ReplyTo.Forwarded:
		return AsksForward, true
	case hasFile(m):
		return AsksFile, true
	case m.Kind == message.Sticker && m.Text == "":
		return OnlySticker, false
	}
	return whyTextAsks(m, answered)
}

// isUnreadable reports whether some of what the customer sent is not known.
func isUnreadable(m message.Message) bool {
	switch m.Mark {
	case "content-lost", "unparsed", "encrypted", "truncated", "virus":
		return true
	}
	return m.Kind == message.Unsupported
}

// hasFile reports whether m has content beside its text.
func hasFile(m message.Message) bool {
	switch m.Kind {
	case message.Text, message.Mail, message.Reply, message.Sticker:
	default:
		return true
	}
	for _, a := range m.Attachments {
		isAnswerFile := isCalendarFile(a) && isCalendarAnswer(m.Subject)
		if a.Kind != message.Sticker && !isAnswerFile && !isLogo(m, a) {
			return true
		}
	}
	return false
}

// maxLogo is the size of the largest picture that counts as the logo of a signature,
// in bytes. Photos and screenshots are larger.
const maxLogo = 20 << 10

func isLogo(m message.Message, a message.Attachment) bool {
	isPicture := m.Channel == message.Email && a.Kind == message.Image && a.Inline
	return isPicture && a.Size > 0 && a.Size <= maxLogo
}

func isCalendarFile(a message.Attachment) bool {
	return a.Type == "text/calendar" || a.Type == "application/ics"
}

// isStoryMention reports whether m only tells that the customer mentioned us in a
// story. Such a message has no words of its own.
func isStoryMention(m message.Message) bool {
	return m.Kind == message.Share && m.Text == "" && bytes.Contains(m.Data, []byte(`"story_mention"`))
}

// whyTextAsks is [WhyAsks] for the words of m.
func whyTextAsks(m message.Message, answered bool) (AskReason, bool) {
	var subject cover
	if m.Channel == message.Email && !isReplySubject(m) {
		prefix, _, _ := strings.Cut(m.Subject, ":")
		if forwardMarks[strings.ToLower(strings.TrimSpace(prefix))] {
			return AsksForward, true
		}
		var t text
		t.readText(m.Subject, closings())
		if subject = t.cover(m, answered); subject == 0 {
			return AsksSubject, true
		}
	}
	var t text
	t.readText(m.Text, closings())
	switch {
	case t.question:
		return AsksQuestion, true
	case t.unread:
		return AsksWords, true
	case t.unhappy:
		return AsksComplaint, true
	case t.count == 0 && t.emoji:
		return OnlyEmoji, false
	}
	body := t.cover(m, answered)
	if body == 0 && m.Channel == message.Email {
		if words, found := withoutDetails(m.Text); found {
			var without text
			without.readText(words, closings())
			body = without.cover(m, answered)
		}
	}
	why, closes := closingReason(body|subject, m, answered)
	switch {
	case body != 0 && closes:
		return why, false
	case body == 0 && !answered && t.cover(m, true) != 0:
		return AsksWithdrawn, true
	case body == 0, t.count == 0:
		return AsksWords, true
	}
	return AsksGreeting, true
}

// cover returns the categories of the phrases that cover t, or 0.
func (t *text) cover(m message.Message, answered bool) cover {
	if !t.mayClose() {
		return 0
	}
	var excluded cover
	if !answered {
		excluded = coverOf(solved)
	}
	if covered := coverText(t, closings(), excluded); covered != 0 {
		return covered
	}
	if t.markNames(m.Name) {
		return coverText(t, closings(), excluded)
	}
	return 0
}

// withoutDetails returns the text of a mail without the address and phone number of its
// author: the lines after a closing such as "Met vriendelijke groet", if all of them are
// names or details. It reports false for other texts.
func withoutDetails(s string) (string, bool) {
	if len(s) > maxWordingBytes || !strings.Contains(s, "\n") {
		return s, false
	}
	signed := -1 // end of the closing and the name
	at := 0
	for line := range strings.Lines(s) {
		at += len(line)
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case signed >= 0 && !isContactLine(line):
			return s, false
		case signed < 0 && coverOfSentence(line)&coverOf(signOff) != 0:
			signed = at
		}
	}
	if signed < 0 {
		return s, false
	}
	return s[:signed], true
}

// markNames marks the words of t that are in a person's name. It reports whether there
// are any.
func (t *text) markNames(name string) bool {
	if name == "" {
		return false
	}
	found := false
	var own text
	own.readText(name, closings())
	for i := range own.words[:own.count] {
		for j := range t.words[:t.count] {
			w := &t.words[j]
			if w.name || !bytes.Equal(w.spelling(), own.words[i].spelling()) {
				continue
			}
			isWord := w.id != 0 || ordinaryWords()[string(w.spelling())]
			isCapitalized := w.capital && t.lowerCase
			if !isWord || isCapitalized {
				w.name = true
				found = true
			}
		}
	}
	return found
}

// closingReason returns why phrases of these categories ask for nothing. It reports
// false if they only greet or say yes or no.
func closingReason(covered cover, m message.Message, answered bool) (AskReason, bool) {
	has := func(c category) bool { return covered&coverOf(c) != 0 }
	switch {
	case has(thanks), has(praise):
		return OnlyThanks, true
	case has(solved):
		return OnlySolved, true
	case has(agreement):
		return OnlyAgreement, true
	case has(farewell), has(signOff) && m.Kind != message.Mail, has(hello) && answered:
		return OnlyFarewell, true
	}
	return "", false
}

// Marks of mail and calendar programs before the subject of a mail.
var (
	replyMarks   = wordSetOf("re aw antw antwoord sv vs odp betr")
	forwardMarks = wordSetOf("fw fwd wg tr doorst rv")

	calendarMarks = map[string]bool{
		"accepted": true, "declined": true, "tentative": true, "tentatively accepted": true, "event invitation accepted": true, "event invitation declined": true,
		"geaccepteerd": true, "geweigerd": true, "afgewezen": true, "voorlopig": true, "voorlopig geaccepteerd": true, "misschien": true,
		"uitnodiging geaccepteerd": true, "uitnodiging geweigerd": true, "onder voorbehoud": true,
	}
)

// isReplySubject reports whether the subject of a mail is that of an earlier mail, so
// that it says nothing new.
func isReplySubject(m message.Message) bool {
	prefix, _, ok := strings.Cut(m.Subject, ":")
	prefix = strings.ToLower(strings.TrimSpace(prefix))
	switch {
	case ok && forwardMarks[prefix]:
		return false
	case ok && replyMarks[prefix], isCalendarAnswer(m.Subject):
		return true
	}
	return m.ReplyTo != nil && len(m.ReplyTo.References) > 0
}

// isCalendarAnswer reports whether a calendar wrote a subject, to answer an invitation.
func isCalendarAnswer(subject string) bool {
	prefix, _, ok := strings.Cut(subject, ":")
	return ok && calendarMarks[strings.ToLower(strings.TrimSpace(prefix))]
}

// reactionType is the media type of the part that makes a mail a reaction in Gmail.
const reactionType = "text/vnd.google.email-reaction+json"

// reactionPhrases are what Gmail and Outlook write into the mail of a reaction, after
// the person's name.
var reactionPhrases = []string{
	"reacted via gmail", "reacted to your message", "reacted to your email", "heeft gereageerd via gmail", "heeft via gmail gereageerd", "reageerde via gmail",
	"heeft gereageerd op je bericht", "heeft gereageerd op uw bericht", "heeft op je bericht gereageerd", "heeft op uw bericht gereageerd", "reageerde op je bericht", "reageerde op uw bericht",
}

// maxReaction is the length of the text of a reaction, in bytes: emoji, name and
// phrase.
const maxReaction = 400

// isReactionMail reports whether m only reports that the customer reacted to a mail
// with an emoji.
func isReactionMail(m message.Message) bool {
	if m.Channel != message.Email || len(m.Text) > maxReaction || strings.Contains(m.Text, "?\n") {
		return false
	}
	for _, a := range m.Attachments {
		if a.Type == reactionType {
			return true
		}
	}
	if isReaction(m.Text) {
		return true
	}
	saysNothing := m.Text == "" || isEmojiOnly(m.Text)
	return saysNothing && isReaction(m.Subject)
}

func isEmojiOnly(s string) bool {
	var t text
	t.readText(s, closings())
	return t.emoji && t.count == 0 && !t.question
}

// isReaction reports whether a text is "<emoji> <name> reacted via Gmail", with or
// without a link.
func isReaction(s string) bool {
	if !strings.Contains(s, "eacted ") && !strings.Contains(s, "reage") {
		return false
	}
	lower := strings.ToLower(s)
	for _, phrase := range reactionPhrases {
		before, after, found := strings.Cut(lower, phrase)
		if !found {
			continue
		}
		after = strings.Trim(after, " \n\t.:<>")
		isName := len(strings.Fields(before)) <= maxReactionName && !strings.ContainsAny(before, "?,;")
		isLink := strings.HasPrefix(after, "https://www.google.com/gmail") && !strings.ContainsAny(after, " \n")
		if isName && (after == "" || isLink) {
			return true
		}
	}
	return false
}

// maxReactionName is the number of words of the longest name in a reaction, with the
// emoji.
const maxReactionName = 7
