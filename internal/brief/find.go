package brief

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Bounds of the lists, before any is cut for want of room.
const (
	maxWants    = 3
	maxSent     = 3
	maxReasons  = 3
	maxAbout    = 4
	maxPromises = 3
	maxProblems = 3
	maxSuspects = 3
	maxCites    = 3
)

// A finder is what is known, put in order.
type finder struct {
	Known
	now  time.Time
	open contact.Contact // the contact that is open; none has no start
	all  []contact.Entry // oldest first
	here []contact.Entry // of the open contact
	lang string
}

func find(k Known, now time.Time) *finder {
	f := &finder{Known: k, now: now, all: slices.Clone(k.Messages)}
	slices.SortFunc(f.all, func(a, b contact.Entry) int {
		return cmp.Or(a.SentAt.Compare(b.SentAt), strings.Compare(string(a.ID), string(b.ID)))
	})
	f.Contacts = slices.SortedFunc(slices.Values(k.Contacts), func(a, b contact.Contact) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.ID, b.ID))
	})
	f.Problems = slices.SortedFunc(slices.Values(k.Problems), func(a, b problem.Record) int { return strings.Compare(a.ID, b.ID) })
	for _, c := range f.Contacts {
		if c.State(now) != "closed" && c.Start.After(f.open.Start) {
			f.open = c
		}
	}
	// Triage is a little behind: what belongs to no contact yet is the
	// beginning of one.
	for _, m := range f.all {
		c, known := contact.Of(k.Contacts, m.Message)
		switch {
		case m.Passive || known && c.ID != f.open.ID:
		case known:
			f.here = append(f.here, m)
		case m.Direction == contact.Inbound && m.SentAt.After(f.open.Start) && now.Sub(m.SentAt) < contact.Silence(m.Channel):
			if f.open.Start.IsZero() {
				f.open = contact.Contact{Start: m.SentAt, WaitingSince: m.SentAt}
			}
			f.here = append(f.here, m)
		}
	}
	return f
}

// said is what a message says now; nothing when the customer took it back, or
// a machine wrote it.
func said(m contact.Entry) string {
	switch {
	case m.Automated != "" || m.State != nil && !m.State.DeletedAt.IsZero():
		return ""
	case m.State != nil && !m.State.EditedAt.IsZero():
		return m.State.Edited
	default:
		return m.Text
	}
}

func cite(ids ...contact.ID) Cited { return Cited{ids: ids[:min(len(ids), maxCites)]} }

func (f *finder) language() *Language {
	for _, m := range slices.Backward(f.all) {
		if m.Direction != contact.Inbound || m.Origin == contact.Recorded {
			continue
		}
		if f.lang = languageOf(said(m)); f.lang != "" {
			return &Language{f.lang, cite(m.ID)}
		}
	}
	return nil
}

// name is a name in the customer's language.
func (f *finder) name(t taxonomy.Text) string {
	if f.lang == "en" {
		return t.EN
	}
	return t.NL
}

// wants returns what was asked: what an agent noted of it, then what is not
// answered yet; where that says nothing, all of the contact. Of each message
// that is how it begins, and its questions and wishes.
func (f *finder) wants() []Line {
	wants := f.noted(contact.Wanted, 1)
	var open []contact.Entry
	for _, m := range f.here {
		if m.Direction == contact.Inbound && f.open.Waiting() && !m.SentAt.Before(f.open.WaitingSince) {
			open = append(open, m)
		}
	}
	n := len(wants)
	for _, from := range [][]contact.Entry{open, f.here} {
		for _, m := range from {
			for i, s := range sentences(said(m)) {
				if m.Direction == contact.Inbound && (asks(s) || i == 0) {
					wants = addWant(wants, s, m.ID)
				}
			}
		}
		if len(wants) > n {
			break
		}
	}
	if len(wants) == 0 { // a greeting, or a face that says it all
		for _, m := range open {
			if s := line(said(m)); s != "" {
				wants = []Line{{s, cite(m.ID)}}
			}
		}
	}
	if more := len(wants) - maxWants; more > 0 { // what it began with, and the latest
		wants = slices.Delete(wants, 1, 1+more)
	}
	return wants
}

// kinds are the names of what is no words.
var kinds = map[contact.Kind]taxonomy.Text{
	contact.Image: {NL: "foto", EN: "photo"}, contact.Video: {NL: "video", EN: "video"}, contact.Audio: {NL: "geluid", EN: "sound"},
	contact.File: {NL: "bestand", EN: "file"}, contact.Sticker: {NL: "sticker", EN: "sticker"}, contact.Location: {NL: "locatie", EN: "location"},
	contact.Cards: {NL: "contactkaart", EN: "contact card"}, contact.Order: {NL: "winkelmand", EN: "shopping basket"},
	contact.Share: {NL: "gedeelde link", EN: "shared link"}, contact.Form: {NL: "formulier", EN: "form"}, contact.Call: {NL: "oproep", EN: "call"},
	contact.Unsupported: {NL: "bericht dat niet te lezen is", EN: "message that cannot be read"},
}

var voice = taxonomy.Text{NL: "spraakbericht", EN: "voice message"}

// sent returns what the customer sent in the open contact that is no words,
// with what was written beside it, else with its name.
func (f *finder) sent() []Sent {
	var out []Sent
	for _, m := range slices.Backward(f.here) {
		if m.Direction != contact.Inbound || m.Origin == contact.Recorded || m.Automated != "" || m.State != nil && !m.State.DeletedAt.IsZero() {
			continue
		}
		s := Sent{Kind: m.Kind, Name: f.name(kinds[m.Kind]), At: m.SentAt, Cited: cite(m.ID)}
		files := slices.DeleteFunc(slices.Clone(m.Attachments), func(a contact.Attachment) bool { return a.Inline })
		var names []string
		for _, a := range files {
			names = append(names, a.Name)
		}
		if len(files) > 0 {
			s.Kind, s.Name = files[0].Kind, f.name(kinds[files[0].Kind])
			if files[0].Voice {
				s.Name = f.name(voice)
			}
		}
		if m.Kind != contact.Mail {
			s.Text = line(said(m))
		}
		if s.Text == "" {
			s.Text = line(cmp.Or(strings.Join(slices.DeleteFunc(names, func(n string) bool { return n == "" }), ", "), place(m)))
		}
		if s.Name != "" && len(out) < maxSent {
			out = append(out, s)
		}
	}
	return out
}

// place returns the name and address of a location, where the customer chose
// one that has these.
func place(m contact.Entry) string {
	var p struct{ Name, Address string }
	if m.Kind != contact.Location || json.Unmarshal(m.Data, &p) != nil || p.Address == "" {
		return p.Name
	}
	if strings.HasPrefix(p.Address, p.Name) {
		return p.Address
	}
	return p.Name + ", " + p.Address
}

// addWant adds a sentence, or cites where it was said again.
func addWant(wants []Line, s string, id contact.ID) []Line {
	for i, w := range wants {
		a, b := bare(w.Text), bare(s)
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
	return append(wants, Line{s, cite(id)})
}

// reasons returns what the open contact is about, by the taxonomy.
func (f *finder) reasons() []Reason {
	var out []Reason
	for _, c := range f.open.Causes[:min(len(f.open.Causes), maxReasons)] {
		r, ok := f.Taxonomy.Reason(c.Reason)
		if ids := f.because(c.Reason); ok && len(ids) > 0 {
			out = append(out, Reason{c.Reason, f.name(r.Names), c.Product, c.Department, cite(ids...)})
		}
	}
	return out
}

// because returns the messages of the open contact that have a reason; the
// first of it when it takes them together.
func (f *finder) because(reason string) []contact.ID {
	var ids []contact.ID
	var buffer [8]taxonomy.Result
	for _, m := range f.here {
		if m.Reason == reason {
			ids = append(ids, m.ID)
			continue
		}
		if m.Direction != contact.Inbound {
			continue
		}
		for _, r := range f.Taxonomy.ClassifyAll(m.Subject+".\n"+said(m), taxonomy.Hints{}, buffer[:0]) {
			if r.Reason == reason {
				ids = append(ids, m.ID)
			}
		}
	}
	if ids == nil && len(f.here) > 0 {
		ids = append(ids, f.here[0].ID)
	}
	return ids
}

// about returns the products and orders that were mentioned.
func (f *finder) about() []About {
	var out []About
	add := func(a About, id contact.ID) {
		for i, have := range out {
			if have.Product == a.Product && have.Order == a.Order {
				if len(have.ids) < maxCites && !slices.Contains(have.ids, id) {
					out[i].ids = append(have.ids, id)
				}
				return
			}
		}
		a.Cited = cite(id)
		out = append(out, a)
	}
	for _, m := range f.here {
		if m.Product != "" {
			add(About{Product: m.Product}, m.ID)
		}
		if m.Direction != contact.Inbound {
			continue
		}
		text := m.Subject + ".\n" + said(m)
		if p := f.Taxonomy.Mentioned(text); p != "" {
			add(About{Product: p}, m.ID)
		}
		for _, o := range f.Taxonomy.OrderNumbers(text) {
			add(About{Order: o}, m.ID)
		}
	}
	return out[:min(len(out), maxAbout)]
}

// noted returns the structured notes of a kind since the open contact began,
// the latest first.
func (f *finder) noted(kind contact.NoteKind, most int) []Line {
	var out []Line
	for _, m := range slices.Backward(f.all) {
		if m.Note != nil && m.Note.Kind == kind && !m.SentAt.Before(f.open.Start) && len(out) < most {
			out = append(out, Line{line(m.Text), cite(m.ID)})
		}
	}
	return out
}

// promised returns what was promised and not kept, the soonest first.
func (f *finder) promised() []Promise {
	kept := map[contact.ID]bool{}
	for _, m := range f.all {
		if m.Note != nil && m.Note.Kind == contact.Kept {
			kept[m.Note.About] = true
		}
	}
	var out []Promise
	for _, m := range f.all {
		if m.Note != nil && m.Note.Kind == contact.Promised && !kept[m.ID] {
			out = append(out, Promise{line(m.Text), m.Note.Due, f.now.After(m.Note.Due), cite(m.ID)})
		}
	}
	slices.SortStableFunc(out, func(a, b Promise) int { return a.Due.Compare(b.Due) })
	return out[:min(len(out), maxPromises)]
}

// holder cites what was written at the hand-over, else the message that waits.
func (f *finder) holder() *Holder {
	c := f.Claim
	if !c.Held(f.now) {
		return nil
	}
	h := &Holder{Party: *c.Holder, Until: c.Until, From: c.From, Reason: line(c.Reason)}
	for _, m := range f.all {
		switch {
		case c.Note != "" && m.ID == c.Note:
			h.Note, h.Cited = line(m.Text), cite(m.ID)
			return h
		case !m.SentAt.After(c.Since) && m.Note == nil:
			h.Cited = cite(m.ID)
		}
	}
	if h.ids == nil {
		return nil
	}
	return h
}

// problems returns those that are not solved, and those that were solved
// lately.
func (f *finder) problems() []Problem {
	var out []Problem
	for _, p := range f.Problems {
		if !p.State.Open() && (!p.State.Solved() || f.now.Sub(p.ChangedAt) > RepeatDays*24*time.Hour) {
			continue
		}
		if ids := f.touched(p); len(ids) > 0 && len(out) < maxProblems {
			out = append(out, Problem{p.ID, p.Reason, p.Product, p.State, line(p.Workaround), p.ExpectedAt, cite(ids...)})
		}
	}
	return out
}

// touched returns the messages by which a problem touches the customer.
func (f *finder) touched(p problem.Record) []contact.ID {
	for _, c := range f.open.Causes {
		if c.Reason == p.Reason && c.Product == p.Product {
			return f.because(p.Reason)
		}
	}
	var ids []contact.ID
	for _, c := range f.Contacts {
		if slices.ContainsFunc(c.Causes, func(x contact.Cause) bool { return x.Reason == p.Reason && x.Product == p.Product }) {
			ids = append(ids, f.first(c)...)
		}
	}
	return ids
}

// first returns the message that a contact began with, if it is at hand.
func (f *finder) first(c contact.Contact) []contact.ID {
	for _, m := range f.all {
		if m.SentAt.Equal(c.Start) && !m.Passive && m.Direction == contact.Inbound {
			return []contact.ID{m.ID}
		}
	}
	return nil
}

// repeats counts the contacts of the last days, when there is more than one.
func (f *finder) repeats() *Repeats {
	r := &Repeats{Days: RepeatDays}
	var ids []contact.ID
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
		ids = append(ids, f.first(c)...)
	}
	if r.Contacts < 2 || len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	r.Cited = cite(slices.Compact(ids)...)
	return r
}

// windows are how long after the customer's last message a platform lets us
// answer freely; a visitor of the chat is gone by then.
var windows = map[contact.Channel]time.Duration{
	contact.WhatsApp: 24 * time.Hour, contact.Messenger: 24 * time.Hour, contact.Instagram: 24 * time.Hour, contact.WebChat: 4 * time.Hour,
	contact.Email: 0, contact.Phone: 0,
}

// channel returns the channel that the customer used last of those on which
// they can be answered.
func (f *finder) channel() *Channel {
	for _, m := range slices.Backward(f.all) {
		window, answers := windows[m.Channel]
		if m.Direction != contact.Inbound || m.Automated != "" || m.Origin == contact.History || !answers {
			continue
		}
		c := &Channel{Channel: m.Channel, Cited: cite(m.ID)}
		if window == 0 {
			return c
		}
		if c.Until = m.SentAt.Add(window); f.now.Before(c.Until) {
			return c
		}
	}
	return nil
}

// suggestions cite the message that shows them, else what the customer said
// last: it is about who said it.
func (f *finder) suggestions() []Suggestion {
	var last contact.ID
	for _, m := range f.all {
		if m.Direction == contact.Inbound {
			last = m.ID
		}
	}
	var out []Suggestion
	for _, s := range f.Suggestions {
		if s.Dismissed || last == "" || len(out) == maxSuspects {
			continue
		}
		shown := last
		if slices.ContainsFunc(f.all, func(m contact.Entry) bool { return string(m.ID) == s.Ref }) {
			shown = contact.ID(s.Ref)
		}
		out = append(out, Suggestion{s.Customer, s.Score, s.Reasons, cite(shown)})
	}
	return out
}

// reason returns the first reason of the open contact, and what it rests on.
func (f *finder) reason() (taxonomy.Reason, []contact.ID) {
	if len(f.open.Causes) == 0 {
		return taxonomy.Reason{}, nil
	}
	r, _ := f.Taxonomy.Reason(f.open.Causes[0].Reason)
	return r, f.because(r.ID)
}

// ask returns what the taxonomy asks beforehand and the customer has not said.
func (f *finder) ask() []Line {
	r, ids := f.reason()
	if len(ids) == 0 || !f.open.Waiting() {
		return nil
	}
	order := slices.ContainsFunc(f.about(), func(a About) bool { return a.Order != "" })
	photo := slices.ContainsFunc(f.here, func(m contact.Entry) bool { return m.Direction == contact.Inbound && len(m.Attachments) > 0 })
	var out []Line
	for _, q := range r.Questions {
		if q.Kind == "order_number" && order || q.Kind == "photo" && photo {
			continue
		}
		out = append(out, Line{line(f.name(q.Ask)), cite(ids[0])})
	}
	return out
}

func (f *finder) selfService() *SelfService {
	r, ids := f.reason()
	if r.SelfService == nil || len(ids) == 0 || !f.open.Waiting() {
		return nil
	}
	return &SelfService{line(f.name(r.SelfService.Answer)), f.name(r.SelfService.Link), cite(ids[0])}
}
