package brief

import (
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// findReasons returns the reasons of the open contact.
func (f *finder) findReasons() []Reason {
	var out []Reason
	for _, c := range f.open.Causes[:min(len(f.open.Causes), maxReasons)] {
		r, ok := f.Taxonomy.Reason(c.Reason)
		if ids := f.messagesForReason(c.Reason); ok && len(ids) > 0 {
			out = append(out, Reason{c.Reason, f.localizedName(r.Names), c.Product, c.Department, citeMessages(ids...)})
		}
	}
	return out
}

// messagesForReason returns the messages of the open contact that have a reason. If
// none has it alone, it returns the first message of the contact.
func (f *finder) messagesForReason(reason string) []message.ID {
	var ids []message.ID
	var buffer [8]taxonomy.Result
	for _, m := range f.openMessages {
		if m.Reason == reason {
			ids = append(ids, m.ID)
			continue
		}
		if m.Direction != message.Inbound {
			continue
		}
		for _, r := range f.Taxonomy.ClassifyAll(m.Subject+".\n"+currentText(m), taxonomy.Hints{}, buffer[:0]) {
			if r.Reason == reason {
				ids = append(ids, m.ID)
			}
		}
	}
	if ids == nil && len(f.openMessages) > 0 {
		ids = append(ids, f.openMessages[0].ID)
	}
	return ids
}

// findMentions returns the products and orders that the open contact mentions.
func (f *finder) findMentions() []About {
	var out []About
	add := func(a About, id message.ID) {
		for i, have := range out {
			if have.Product == a.Product && have.Order == a.Order {
				if len(have.ids) < maxCites && !slices.Contains(have.ids, id) {
					out[i].ids = append(have.ids, id)
				}
				return
			}
		}
		a.Cited = citeMessages(id)
		out = append(out, a)
	}
	for _, m := range f.openMessages {
		if m.Product != "" {
			add(About{Product: m.Product}, m.ID)
		}
		if m.Direction != message.Inbound {
			continue
		}
		text := m.Subject + ".\n" + currentText(m)
		if p := f.Taxonomy.Mentioned(text); p != "" {
			add(About{Product: p}, m.ID)
		}
		for _, o := range f.Taxonomy.OrderNumbers(text) {
			add(About{Order: o}, m.ID)
		}
	}
	return out[:min(len(out), maxMentions)]
}

// findNotes returns at most most notes of a kind since the open contact began, latest
// first.
func (f *finder) findNotes(kind message.NoteKind, most int) []Line {
	var out []Line
	for _, m := range slices.Backward(f.sorted) {
		if m.Note == nil || m.Note.Kind != kind {
			continue
		}
		if !m.SentAt.Before(f.open.Start) && len(out) < most {
			out = append(out, Line{singleLine(m.Text), citeMessages(m.ID)})
		}
	}
	return out
}

// findPromises returns the promises that are not kept yet, soonest first.
func (f *finder) findPromises() []Promise {
	kept := map[message.ID]bool{}
	for _, m := range f.sorted {
		if m.Note != nil && m.Note.Kind == message.Kept {
			kept[m.Note.About] = true
		}
	}
	var out []Promise
	for _, m := range f.sorted {
		if m.Note != nil && m.Note.Kind == message.Promised && !kept[m.ID] {
			out = append(out, Promise{singleLine(m.Text), m.Note.Due, f.now.After(m.Note.Due), citeMessages(m.ID)})
		}
	}
	slices.SortStableFunc(out, func(a, b Promise) int { return a.Due.Compare(b.Due) })
	return out[:min(len(out), maxPromises)]
}

// findHolder returns the holder of the current claim. It cites the note of the
// hand-over, or else the last message before the claim.
func (f *finder) findHolder() *Holder {
	c := f.Claim
	if !c.Held(f.now) {
		return nil
	}
	h := &Holder{Party: *c.Holder, Until: c.Until, From: c.From, Reason: singleLine(c.Reason)}
	for _, m := range f.sorted {
		switch {
		case c.Note != "" && m.ID == c.Note:
			h.Note = singleLine(m.Text)
			h.Cited = citeMessages(m.ID)
			return h
		case !m.SentAt.After(c.Since) && m.Note == nil:
			h.Cited = citeMessages(m.ID)
		}
	}
	if h.ids == nil {
		return nil
	}
	return h
}

// findProblems returns the open problems, and those that were solved in the last
// RepeatDays days.
func (f *finder) findProblems() []Problem {
	var out []Problem
	for _, p := range f.Problems {
		if !p.State.Open() && (!p.State.Solved() || f.now.Sub(p.ChangedAt) > RepeatDays*24*time.Hour) {
			continue
		}
		if ids := f.messagesForProblem(p); len(ids) > 0 && len(out) < maxProblems {
			out = append(out, Problem{p.ID, p.Reason, p.Product, p.State, singleLine(p.Workaround), p.ExpectedAt, citeMessages(ids...)})
		}
	}
	return out
}

// messagesForProblem returns the messages that show that p affects the customer.
func (f *finder) messagesForProblem(p problem.Record) []message.ID {
	for _, c := range f.open.Causes {
		if c.Reason == p.Reason && c.Product == p.Product {
			return f.messagesForReason(p.Reason)
		}
	}
	var ids []message.ID
	for _, c := range f.Contacts {
		if slices.ContainsFunc(c.Causes, func(x contact.Cause) bool { return x.Reason == p.Reason && x.Product == p.Product }) {
			ids = append(ids, f.firstMessage(c)...)
		}
	}
	return ids
}

// firstMessage returns the first message of a contact, or nothing if it is not in the
// input.
func (f *finder) firstMessage(c contact.Contact) []message.ID {
	for _, m := range f.sorted {
		if m.SentAt.Equal(c.Start) && !m.Passive && m.Direction == message.Inbound {
			return []message.ID{m.ID}
		}
	}
	return nil
}

// countRepeats counts the contacts of the last RepeatDays days. It returns nil for
// fewer than two.
func (f *finder) countRepeats() *Repeats {
	r := &Repeats{Days: RepeatDays}
	var ids []message.ID
	for _, c := range f.Contacts {
		if f.now.Sub(c.Start) > RepeatDays*24*time.Hour {
			continue
		}
		r.Contacts++
		if slices.ContainsFunc(c.Causes, func(x contact.Cause) bool {
			return slices.ContainsFunc(f.open.Causes, func(y contact.Cause) bool { return x.Reason == y.Reason })
		}) {
			r.Same++
		}
		ids = append(ids, f.firstMessage(c)...)
	}
	if r.Contacts < 2 || len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	r.Cited = citeMessages(slices.Compact(ids)...)
	return r
}

// replyWindows are the channels on which a customer can be answered, with the time
// after the customer's last message in which the platform allows free answers; 0
// means no limit. For the web chat, a visitor is expected to be gone after the window.
var replyWindows = map[message.Channel]time.Duration{
	message.WhatsApp: 24 * time.Hour, message.Messenger: 24 * time.Hour, message.Instagram: 24 * time.Hour, message.WebChat: 4 * time.Hour,
	message.Email: 0, message.Phone: 0,
}

// chooseChannel returns the channel that the customer used last and that still allows
// an answer.
func (f *finder) chooseChannel() *Channel {
	for _, m := range slices.Backward(f.sorted) {
		window, answers := replyWindows[m.Channel]
		if !answers || m.Direction != message.Inbound {
			continue
		}
		if m.Automated != "" || m.Origin == message.History {
			continue
		}
		c := &Channel{Channel: m.Channel, Cited: citeMessages(m.ID)}
		if window == 0 {
			return c
		}
		if c.Until = m.SentAt.Add(window); f.now.Before(c.Until) {
			return c
		}
	}
	return nil
}

// findChannels returns every channel that the customer wrote on and that takes answers:
// first those whose window is open, the one used last first.
func (f *finder) findChannels() []Channel {
	var open, closed []Channel
	var seen []message.Channel
	for _, m := range slices.Backward(f.sorted) {
		window, answers := replyWindows[m.Channel]
		isAutomatic := m.Automated != "" || m.Origin == message.History
		if !answers || m.Direction != message.Inbound || isAutomatic || slices.Contains(seen, m.Channel) {
			continue
		}
		seen = append(seen, m.Channel)
		c := Channel{Channel: m.Channel, Cited: citeMessages(m.ID)}
		if window > 0 {
			c.Until = m.SentAt.Add(window)
			c.Closed = !f.now.Before(c.Until)
		}
		if c.Closed {
			closed = append(closed, c)
		} else {
			open = append(open, c)
		}
	}
	if len(open)+len(closed) < 2 {
		return nil // the best channel is the only one
	}
	return append(open, closed...)
}

// findName returns the customer's name: in the register, else as a channel showed it last.
func (f *finder) findName() string {
	if f.Name != "" {
		return singleLine(f.Name)
	}
	for _, m := range slices.Backward(f.sorted) {
		if m.Direction == message.Inbound && m.Name != "" && m.Automated == "" {
			return singleLine(m.Name)
		}
	}
	return ""
}

// findWaiting returns since when the customer waits, and the messages since then.
func (f *finder) findWaiting() *Waiting {
	if !f.open.Waiting() {
		return nil
	}
	w := &Waiting{Since: f.open.WaitingSince}
	var ids []message.ID
	for _, m := range f.openMessages {
		if f.isUnanswered(m) && !isDeletedMessage(m) {
			w.Messages++
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	w.Cited = citeMessages(ids[0])
	return w
}

// isAnswer reports whether m is an answer that a person wrote and that the customer
// received.
func isAnswer(m message.Entry) bool {
	isOurs := m.Direction == message.Outbound && m.Note == nil && !m.Passive
	return isOurs && m.Automated == "" && !m.Lost && !isDeletedMessage(m)
}

// findAnswer returns our last answer.
func (f *finder) findAnswer() *Answered {
	for _, m := range slices.Backward(f.sorted) {
		if text := singleLine(m.Text); isAnswer(m) && text != "" {
			return &Answered{Text: text, Channel: m.Channel, At: m.SentAt, Author: m.Author, Cited: citeMessages(m.ID)}
		}
	}
	return nil
}

// maxSaid is how many promises of our answers a brief has.
const maxSaid = 2

// findSaid returns the sentences of our answers in the open contact that promise
// something, latest first.
func (f *finder) findSaid() []Line {
	var out []Line
	for _, m := range slices.Backward(f.openMessages) {
		if !isAnswer(m) {
			continue
		}
		for _, s := range splitSentences(m.Text) {
			if len(out) < maxSaid && promisePattern.MatchString(s) {
				out = append(out, Line{s, citeMessages(m.ID)})
			}
		}
	}
	return out
}

// findSuggestions returns the open suggestions. Each cites the message that caused
// it, or else the latest message of the customer.
func (f *finder) findSuggestions() []Suggestion {
	var last message.ID
	for _, m := range f.sorted {
		if m.Direction == message.Inbound {
			last = m.ID
		}
	}
	var out []Suggestion
	for _, s := range f.Suggestions {
		if s.Dismissed || last == "" || len(out) == maxSuggestions {
			continue
		}
		shown := last
		if slices.ContainsFunc(f.sorted, func(m message.Entry) bool { return string(m.ID) == s.Ref }) {
			shown = message.ID(s.Ref)
		}
		out = append(out, Suggestion{s.Customer, s.Score, s.Reasons, citeMessages(shown)})
	}
	return out
}

// findMainReason returns the first reason of the open contact and the messages that have
// it.
func (f *finder) findMainReason() (taxonomy.Reason, []message.ID) {
	if len(f.open.Causes) == 0 {
		return taxonomy.Reason{}, nil
	}
	r, _ := f.Taxonomy.Reason(f.open.Causes[0].Reason)
	return r, f.messagesForReason(r.ID)
}

// findQuestions returns the questions of the main reason that the customer has not
// answered yet.
func (f *finder) findQuestions() []Line {
	r, ids := f.findMainReason()
	if len(ids) == 0 || !f.open.Waiting() {
		return nil
	}
	hasOrder := slices.ContainsFunc(f.findMentions(), func(a About) bool { return a.Order != "" })
	hasFile := slices.ContainsFunc(f.openMessages, func(m message.Entry) bool { return m.Direction == message.Inbound && len(m.Attachments) > 0 })
	var out []Line
	for _, q := range r.Questions {
		answered := map[string]bool{"order_number": hasOrder, "photo": hasFile}[q.Kind]
		if answered {
			continue
		}
		out = append(out, Line{singleLine(f.localizedName(q.Ask)), citeMessages(ids[0])})
	}
	return out
}

// hasOpenProblem reports whether an open problem with a reason affects the customer.
// What customers can do themselves does not help them then.
func (f *finder) hasOpenProblem(reason string) bool {
	return slices.ContainsFunc(f.Problems, func(p problem.Record) bool { return p.Reason == reason && p.State.Open() })
}

// findSelfService returns the self-service answer of the main reason, unless a problem
// with this reason is open.
func (f *finder) findSelfService() *SelfService {
	r, ids := f.findMainReason()
	if r.SelfService == nil || len(ids) == 0 || !f.open.Waiting() || f.hasOpenProblem(r.ID) {
		return nil
	}
	return &SelfService{singleLine(f.localizedName(r.SelfService.Answer)), f.localizedName(r.SelfService.Link), citeMessages(ids[0])}
}
