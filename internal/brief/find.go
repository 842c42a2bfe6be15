package brief

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Maximum lengths of the lists, before lines are removed to fit MaxBytes.
const (
	maxWants       = 3
	maxSent        = 3
	maxReasons     = 3
	maxMentions    = 4
	maxPromises    = 3
	maxProblems    = 3
	maxSuggestions = 3
	maxCites       = 3
)

// A finder finds the lines of a brief. Its slices do not depend on the order of the
// input.
type finder struct {
	Known
	now          time.Time
	open         contact.Contact // all open contacts together, or a contact with a zero Start
	sorted       []message.Entry // oldest first
	openMessages []message.Entry // messages of the open contacts, oldest first
	language     string
}

// newFinder sorts the input and determines the open contact.
func newFinder(k Known, now time.Time) *finder {
	f := &finder{Known: k, now: now, sorted: slices.Clone(k.Messages)}
	slices.SortFunc(f.sorted, func(a, b message.Entry) int {
		return cmp.Or(a.SentAt.Compare(b.SentAt), strings.Compare(string(a.ID), string(b.ID)))
	})
	f.Contacts = slices.SortedFunc(slices.Values(k.Contacts), func(a, b contact.Contact) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.ID, b.ID))
	})
	f.Problems = slices.SortedFunc(slices.Values(k.Problems), func(a, b problem.Record) int { return strings.Compare(a.ID, b.ID) })
	var open []contact.Contact
	for _, c := range f.Contacts {
		if c.State(now) != "closed" {
			open = append(open, c)
		}
	}
	f.open = together(open)
	isOpen := func(c contact.Contact) bool {
		return slices.ContainsFunc(open, func(o contact.Contact) bool { return o.ID == c.ID })
	}
	// Triage runs a little later than storage. A new message that is not part of a
	// contact yet is used as the beginning of one.
	for _, m := range f.sorted {
		c, known := contact.Of(k.Contacts, m.Message)
		switch {
		case m.Passive:
		case known:
			if isOpen(c) {
				f.openMessages = append(f.openMessages, m)
			}
		case f.startsContact(m):
			if f.open.Start.IsZero() {
				f.open = contact.Contact{Start: m.SentAt, WaitingSince: m.SentAt}
			}
			f.openMessages = append(f.openMessages, m)
		}
	}
	return f
}

// together returns one contact with the causes of all open ones: the one that has
// waited longest first, and those that are answered last.
func together(open []contact.Contact) contact.Contact {
	if len(open) == 0 {
		return contact.Contact{}
	}
	open = slices.Clone(open)
	slices.SortStableFunc(open, func(a, b contact.Contact) int {
		if a.Waiting() != b.Waiting() {
			if a.Waiting() {
				return -1
			}
			return 1
		}
		if a.Waiting() {
			return a.WaitingSince.Compare(b.WaitingSince)
		}
		return b.Start.Compare(a.Start)
	})
	all := open[0]
	all.Causes = slices.Clone(all.Causes)
	for _, c := range open[1:] {
		all.Causes = append(all.Causes, c.Causes...)
		if c.Start.Before(all.Start) {
			all.Start = c.Start
		}
	}
	return all
}

// isUnanswered reports whether a message is a question of a contact that waits for the
// answer.
func (f *finder) isUnanswered(m message.Entry) bool {
	if m.Direction != message.Inbound || !f.open.Waiting() {
		return false
	}
	c, known := contact.Of(f.Contacts, m.Message)
	if !known {
		return true // triage has not read it yet
	}
	return c.Waiting() && !m.SentAt.Before(c.WaitingSince)
}

// startsContact reports whether m, which is not part of a contact, continues the open
// contact or opens one.
func (f *finder) startsContact(m message.Entry) bool {
	if m.Direction != message.Inbound || !m.SentAt.After(f.open.Start) {
		return false
	}
	return f.now.Sub(m.SentAt) < contact.Silence(m.Channel)
}

// isDeletedMessage reports whether the message was deleted.
func isDeletedMessage(m message.Entry) bool { return m.State != nil && !m.State.DeletedAt.IsZero() }

// currentText returns the text of a message after its latest edit. It returns "" for
// a deleted or automated message.
func currentText(m message.Entry) string {
	switch {
	case m.Automated != "" || isDeletedMessage(m):
		return ""
	case m.State != nil && !m.State.EditedAt.IsZero():
		return m.State.Edited
	default:
		return m.Text
	}
}

// citeMessages cites the first maxCites of ids.
func citeMessages(ids ...message.ID) Cited { return Cited{ids: ids[:min(len(ids), maxCites)]} }

// findLanguage returns the language of the latest inbound message whose language can
// be determined. Later names are in this language.
func (f *finder) findLanguage() *Language {
	for _, m := range slices.Backward(f.sorted) {
		if m.Direction != message.Inbound || m.Origin == message.Recorded {
			continue
		}
		if f.language = guessLanguage(currentText(m)); f.language != "" {
			return &Language{f.language, citeMessages(m.ID)}
		}
	}
	return nil
}

// localizedName returns t in the customer's language; the default is Dutch.
func (f *finder) localizedName(t taxonomy.Text) string {
	if f.language == "en" {
		return t.EN
	}
	return t.NL
}

// findWants returns the requests of the open contact. The request that an agent noted
// comes first. It is followed by the first sentence, the questions and the wishes of
// the unanswered messages. If these have none, all messages of the contact are used.
func (f *finder) findWants() []Line {
	wants := f.findNotes(message.Wanted, 1)
	var open []message.Entry
	for _, m := range f.openMessages {
		if f.isUnanswered(m) {
			open = append(open, m)
		}
	}
	n := len(wants)
	for _, from := range [][]message.Entry{open, f.openMessages} {
		for _, m := range from {
			for i, s := range splitSentences(currentText(m)) {
				if m.Direction == message.Inbound && (isQuestionOrWish(s) || i == 0) {
					wants = addOrMergeWant(wants, s, m.ID)
				}
			}
		}
		if len(wants) > n {
			break
		}
	}
	if len(wants) == 0 { // for example only a greeting or an emoji
		for _, m := range open {
			if s := singleLine(currentText(m)); s != "" {
				wants = []Line{{s, citeMessages(m.ID)}}
			}
		}
	}
	if more := len(wants) - maxWants; more > 0 { // keep the first and the latest
		wants = slices.Delete(wants, 1, 1+more)
	}
	return wants
}

// kindNames are the display names of messages that are not text.
var kindNames = map[message.Kind]taxonomy.Text{
	message.Image: {NL: "foto", EN: "photo"}, message.Video: {NL: "video", EN: "video"}, message.Audio: {NL: "geluid", EN: "sound"},
	message.File: {NL: "bestand", EN: "file"}, message.Sticker: {NL: "sticker", EN: "sticker"}, message.Location: {NL: "locatie", EN: "location"},
	message.Cards: {NL: "contactkaart", EN: "contact card"}, message.Order: {NL: "winkelmand", EN: "shopping basket"},
	message.Share: {NL: "gedeelde link", EN: "shared link"}, message.Form: {NL: "formulier", EN: "form"}, message.Call: {NL: "oproep", EN: "call"},
	message.Unsupported: {NL: "bericht dat niet te lezen is", EN: "message that cannot be read"},
}

var voiceName = taxonomy.Text{NL: "spraakbericht", EN: "voice message"}

// findSentMedia returns the non-text messages of the customer in the open contact, latest
// first. Text is the caption, or else the names of the files or the location.
func (f *finder) findSentMedia() []Sent {
	var out []Sent
	for _, m := range slices.Backward(f.openMessages) {
		if m.Direction != message.Inbound || m.Origin == message.Recorded {
			continue
		}
		if m.Automated != "" || isDeletedMessage(m) {
			continue
		}
		s := Sent{Kind: m.Kind, Name: f.localizedName(kindNames[m.Kind]), At: m.SentAt, Cited: citeMessages(m.ID)}
		files := slices.DeleteFunc(slices.Clone(m.Attachments), func(a message.Attachment) bool { return a.Inline })
		var names []string
		for _, a := range files {
			names = append(names, a.Name)
		}
		if len(files) > 0 {
			s.Kind = files[0].Kind
			s.Name = f.localizedName(kindNames[s.Kind])
			if files[0].Voice {
				s.Name = f.localizedName(voiceName)
			}
		}
		if m.Kind != message.Mail {
			s.Text = singleLine(currentText(m))
		}
		if s.Text == "" {
			s.Text = singleLine(cmp.Or(strings.Join(slices.DeleteFunc(names, func(n string) bool { return n == "" }), ", "), locationText(m)))
		}
		if s.Name != "" && len(out) < maxSent {
			out = append(out, s)
		}
	}
	return out
}

// locationText returns the name and address of a location message, or "" if it has
// neither.
func locationText(m message.Entry) string {
	var p struct{ Name, Address string }
	if m.Kind != message.Location || json.Unmarshal(m.Data, &p) != nil || p.Address == "" {
		return p.Name
	}
	if strings.HasPrefix(p.Address, p.Name) {
		return p.Address
	}
	return p.Name + ", " + p.Address
}

// addOrMergeWant adds a sentence. If a similar sentence is listed, it adds a citation there
// and keeps the longer text.
func addOrMergeWant(wants []Line, s string, id message.ID) []Line {
	for i, w := range wants {
		a := normalizeText(w.Text)
		b := normalizeText(s)
		if !strings.Contains(a, b) && !strings.Contains(b, a) {
			continue
		}
		if len(b) > len(a) {
			wants[i].Text = s
		}
		if !slices.Contains(w.ids, id) && len(w.ids) < maxCites {
			wants[i].ids = append(w.ids, id)
		}
		return wants
	}
	return append(wants, Line{s, citeMessages(id)})
}
