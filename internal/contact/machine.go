package contact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// The reasons of [WrittenByMachine] beside the values of [message.Message.Automated].
const (
	MachineSpam    = "spam"     // SES calls the mail spam
	MachineNoReply = "no-reply" // its sender is an address such as noreply@shop.example
	MachineAbsence = "absence"  // its words are those of an absence notice
	MachineReceipt = "receipt"  // its words confirm that a message was received
	MachineApp     = "app"      // it is a greeting or away message of the company's own app
)

// WrittenByMachine reports whether a program wrote m, in either direction, and why.
// Messages of programs never wait, never answer a customer, are no evidence of a
// problem and are never quoted. These are written by a program:
//
//   - A message with [message.Message.Automated]: automatic replies, reports of mail
//     servers, generated mail, newsletters, answers of calendars, and receipts that were
//     sent through the API.
//   - A mail that SES calls spam. A mail whose sender DMARC does not prove may be a
//     person's.
//   - A mail from an address that no person reads, such as noreply@shop.example. With
//     another address in Reply-To it may come from a web form, and is a person's.
//   - A mail of which every sentence is typical of an absence notice, or of a receipt
//     with a ticket number. A sentence of another kind makes it a person's mail: "I am out
//     of office until Friday" is a notice, and "... so please deliver on Saturday" is not.
//   - A message that an app of the company sent, if it is in the list own, or if it
//     is a receipt.
//
// In doubt a person wrote the message, so that no question is lost.
func WrittenByMachine(m message.Message, own AppTexts) (why string, yes bool) {
	switch {
	case m.Automated != "":
		return m.Automated, true
	case m.Mark == "spam":
		return MachineSpam, true
	case m.Direction == message.Outbound:
		return writtenByApp(m, own)
	case m.Channel == message.Email && isNoReply(m):
		return MachineNoReply, true
	case m.Origin == message.Recorded:
		return "", false
	case hasFile(m):
		return "", false
	}
	if isMail := m.Channel == message.Email; isMail && isMadeOf(m, absencePhrases()) {
		return MachineAbsence, true
	}
	if isMadeOf(m, receiptPhrases()) {
		return MachineReceipt, true
	}
	return "", false
}

// writtenByApp is [WrittenByMachine] for messages of our side. Only a message that an
// app sent is in doubt: messages that Heard sends for a program have a mark.
func writtenByApp(m message.Message, own AppTexts) (string, bool) {
	switch {
	case m.Origin != message.Echo:
		return "", false
	case own.Has(m.Text), defaultAppTexts.Has(m.Text):
		return MachineApp, true
	case isMadeOf(m, receiptPhrases()):
		return MachineReceipt, true
	}
	return "", false
}

// isNoReply reports whether a mail came from an address that no person reads, and names
// no other address for an answer.
func isNoReply(m message.Message) bool {
	if m.Customer.Kind != identity.Email || m.Customer.Scope != "" || !IsNoReplyAddress(m.Customer.Value) {
		return false
	}
	for _, a := range m.Aliases {
		if a.Kind == identity.Email && !IsNoReplyAddress(a.Value) {
			return false
		}
	}
	return true
}

// separatorsInAddress removes the signs between the words of an address.
var separatorsInAddress = strings.NewReplacer("-", "", "_", "", ".", "")

// IsNoReplyAddress reports whether an address, such as no-reply@shop.example,
// says that no one reads its mail.
func IsNoReplyAddress(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	switch separatorsInAddress.Replace(local) {
	case "noreply", "donotreply", "dontreply", "nietbeantwoorden", "nereponderpas", "mailerdaemon", "postmaster", "notifications", "notification":
		return true
	}
	return false
}

// NamePlaceholder marks the place of the customer's name in an [AppTexts] entry.
// Messenger writes the name into an instant reply.
const NamePlaceholder = "{name}"

// AppTextSeparator separates the texts of a list for [ParseAppTexts].
const AppTextSeparator = "||"

// AppTexts are messages that an app of the company sends by itself, such as the
// greeting and away messages of the WhatsApp Business app and the instant reply of
// Messenger. The platforms report them like an answer of staff. The zero value is empty.
type AppTexts struct {
	whole map[string]bool
	named [][2]string // before and after the name
}

// Bounds of a text that an app sends by itself, in bytes. Staff often send shorter
// texts, too.
const (
	maxAppText = 4 << 10
	minAppText = 10
)

// ParseAppTexts reads texts with [AppTextSeparator] between them. Case and white space
// do not matter. A text may have one [NamePlaceholder]. If an entry is not valid, the
// error describes the first such entry, and the result has the others.
func ParseAppTexts(list string) (AppTexts, error) {
	a := AppTexts{whole: map[string]bool{}}
	var first error
	for entry := range strings.SplitSeq(list, AppTextSeparator) {
		if entry = NormalizeAppText(entry); entry == "" {
			continue
		}
		if err := a.addText(entry); err != nil && first == nil {
			first = err
		}
	}
	return a, first
}

func (a *AppTexts) addText(entry string) error {
	before, after, hasName := strings.Cut(entry, NamePlaceholder)
	switch {
	case len(before)+len(after) < minAppText:
		return fault.New(fault.Invalid, "the text %q is too short: staff may write the same; a text has at least %d letters", entry, minAppText)
	case len(entry) > maxAppText:
		return fault.New(fault.Invalid, "the text that begins with %q is too long: a text has at most %d letters", message.Cut(entry, 40), maxAppText)
	case strings.Contains(after, NamePlaceholder):
		return fault.New(fault.Invalid, "the text %q has %s twice; it may have it once", entry, NamePlaceholder)
	case hasName:
		a.named = append(a.named, [2]string{before, after})
	default:
		a.whole[entry] = true
	}
	return nil
}

// maxNameInText is the length of the longest name in place of a [NamePlaceholder], in
// bytes.
const maxNameInText = 60

// Has reports whether text is one of the messages.
func (a AppTexts) Has(text string) bool {
	if len(text) > maxAppText || len(a.whole)+len(a.named) == 0 {
		return false
	}
	text = NormalizeAppText(text)
	if a.whole[text] {
		return true
	}
	for _, n := range a.named {
		rest, begins := strings.CutPrefix(text, n[0])
		name, ends := strings.CutSuffix(rest, n[1])
		isName := name != "" && len(name) <= maxNameInText
		if begins && ends && isName {
			return true
		}
	}
	return false
}

// NormalizeAppText returns a text in lower case, with single spaces. Texts that are equal
// in this form are the same message of an app.
func NormalizeAppText(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// defaultAppTexts are the texts that the WhatsApp Business app proposes to a company.
var defaultAppTexts = AppTexts{whole: map[string]bool{
	"thank you for your message. we're unavailable right now, but will respond as soon as possible.": true,
	"bedankt voor je bericht. we zijn momenteel niet beschikbaar, maar reageren zo snel mogelijk.":   true,
	"bedankt voor uw bericht. we zijn momenteel niet beschikbaar, maar reageren zo snel mogelijk.":   true,
}}

// machinePhrases describe the sentences of one kind of automatic message.
type machinePhrases struct {
	stems   []string         // a message without any of them is of another kind
	proof   []*regexp.Regexp // one sentence must match
	company []*regexp.Regexp // other sentences of such messages
	refuted *regexp.Regexp   // no sentence may match
}

// maxMachineText is the length of the longest text that may be a machine's because of
// its words, in bytes.
const maxMachineText = 4 << 10

// isMadeOf reports whether every sentence of m belongs to one kind of automatic
// message, and at least one proves it.
func isMadeOf(m message.Message, p *machinePhrases) bool {
	if len(m.Text) > maxMachineText || len(m.Text)+len(m.Subject) == 0 {
		return false
	}
	subject := ""
	if m.Channel == message.Email && !isReplySubject(m) {
		subject = m.Subject
	}
	whole := strings.ToLower(subject + "\n" + m.Text)
	if !containsAny(whole, p.stems) {
		return false
	}
	proven := subject != "" && p.proves(strings.ToLower(subject))
	signed := false
	for sentence := range sentences(m.Text) {
		lower := strings.ToLower(sentence)
		covered := coverOfSentence(sentence)
		switch {
		case covered&coverOf(signOff) != 0:
			signed = true
		case signed:
			if strings.Contains(sentence, "?") {
				return false
			}
		case covered != 0:
		case p.refuted.MatchString(lower):
			return false
		case p.proves(lower):
			proven = true
		case !matchesAny(lower, p.company) && !isContactLine(sentence):
			return false
		}
	}
	return proven
}

// proves reports whether a sentence shows that a program wrote its message.
func (p *machinePhrases) proves(sentence string) bool {
	return matchesAny(sentence, p.proof) && !p.refuted.MatchString(sentence)
}

func coverOfSentence(sentence string) cover {
	var t text
	t.readText(sentence, closings())
	if t.count == 0 || !t.mayClose() {
		return 0
	}
	return coverText(&t, closings(), coverOf(solved))
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

func matchesAny(s string, all []*regexp.Regexp) bool {
	for _, re := range all {
		if re.MatchString(s) {
			return true
		}
	}
	return false
}

// Bounds of a line of a signature.
const (
	maxContactWords = 6
	minPhoneDigits  = 9
)

// isContactLine reports whether a line is part of a signature: a name, a function, an
// address or a phone number. Each of its words begins with a capital letter, or is part
// of a web address or phone number. Ordinary words such as "bestelling", and short
// numbers, are something that the customer says.
func isContactLine(line string) bool {
	words := strings.Fields(line)
	digits := 0
	for _, w := range words {
		digits += countDigits(w)
		var t text
		t.readText(w, closings())
		isAddress := strings.ContainsAny(w, "@") || strings.Contains(w, "www.") || strings.HasPrefix(w, "http")
		switch {
		case isAddress:
			digits -= countDigits(w)
		case t.question:
			return false
		case t.count == 0 || t.words[0].number:
		case ordinaryWords()[string(t.words[0].spelling())]:
			return false
		case !t.words[0].capital && !nameParticles()[w] && len(w) > len("tel."):
			return false
		}
	}
	isPhone := digits >= minPhoneDigits
	return len(words) <= maxContactWords && (digits == 0 || isPhone)
}

func countDigits(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// wrappedLine is the length from which a line may have been broken by a mail program,
// in bytes.
const wrappedLine = 50

// sentences yields the sentences of a text, without white space around them. A line
// ends a sentence, unless a mail program broke it.
func sentences(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		lineStart := 0
		for i, r := range s {
			if r == '\n' {
				length := i - lineStart
				lineStart = i + 1
				next, _ := utf8.DecodeRuneInString(s[i+1:])
				if length >= wrappedLine && unicode.IsLower(next) {
					continue
				}
			} else if !endsSentence(s, i, r) {
				continue
			}
			end := i + utf8.RuneLen(r)
			if one := strings.TrimSpace(s[start:end]); one != "" && !yield(one) {
				return
			}
			start = end
		}
		if one := strings.TrimSpace(s[start:]); one != "" {
			yield(one)
		}
	}
}

// endsSentence reports whether r, at s[i:], ends a sentence: a full stop, exclamation or
// question mark before a blank. A full stop before a small letter ends an abbreviation.
func endsSentence(s string, i int, r rune) bool {
	if r != '.' && r != '!' && r != '?' {
		return false
	}
	rest := s[i+1:]
	next := strings.TrimLeft(rest, " ")
	if rest == next {
		return rest == ""
	}
	first, _ := utf8.DecodeRuneInString(next)
	return r != '.' || !unicode.IsLower(first)
}
