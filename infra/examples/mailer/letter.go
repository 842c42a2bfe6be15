package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/compose"
	"github.com/heard-intake/heard/internal/problem"
)

// A letter is the content of a mail: a subject, and paragraphs of text with an
// empty line between them.
type letter struct {
	subject string
	parts   []string
}

// addPart adds a formatted paragraph, unless format is empty.
func (l *letter) addPart(format string, args ...any) {
	if format != "" {
		l.parts = append(l.parts, fmt.Sprintf(format, args...))
	}
}

// addSection adds a heading with lines below it. It leaves out empty lines, and
// adds nothing if all are empty.
func (l *letter) addSection(heading string, lines ...string) {
	lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	if len(lines) > 0 {
		l.parts = append(l.parts, heading+"\n"+strings.Join(lines, "\n"))
	}
}

// composeMail returns the mail about an item. All mails of a problem are one
// thread, because they refer to the same message id.
func (m *mailer) composeMail(i problem.Item, l letter) ([]byte, error) {
	return compose.Mail(compose.Letter{
		From: compose.Person{Address: m.from}, To: compose.Person{Address: m.to}, Subject: l.subject, Text: strings.Join(l.parts, "\n\n") + "\n",
		Date: m.now(), ID: fmt.Sprintf("%s.%d@heard.invalid", i.ID, i.Version), Automatic: "auto-generated",
		References: []string{i.ID + "@heard.invalid"},
	})
}

// composeLetter returns the text about an item: the event and the problem, the
// request to the department, the links to answer, and then the details.
func (m *mailer) composeLetter(i problem.Item) letter {
	t := m.wording
	head := t.eventText(i) + ": " + t.problemTitle(i)
	l := letter{subject: head, parts: []string{head}}
	if i.Customers > 0 {
		l.subject += " (" + t.customerCount(i.Customers) + ")"
	}
	m.addEvent(&l, i)
	m.addRequest(&l, i)
	if i.State == problem.Detected {
		l.addSection(t.ack, m.signedLink("acknowledge", i.ID))
	}
	if len(i.Next) > 0 {
		l.addSection(t.answer, m.signedLink("answer", i.ID))
	}
	heading := t.comment
	if i.By != "" {
		heading = fmt.Sprintf(t.wrote, m.authorName(i))
	}
	l.addSection(heading, i.Comment)
	l.addSection(t.cause, i.Cause)
	l.addSection(t.workaround, i.Workaround)
	if !i.ExpectedAt.IsZero() && i.Event != problem.EventOverdue && i.State.Open() {
		l.addPart(t.expected, t.formatDate(i.ExpectedAt.In(m.zone)))
	}
	if len(i.Quotes) > 0 {
		l.addSection(t.said, "- "+strings.Join(i.Quotes, "\n- "))
	}
	l.addSection(t.links, i.Links...)
	state := t.states[i.State]
	if s := t.severity[i.Severity]; s != "" {
		state += ", " + s
	}
	l.addPart(t.state+" "+t.number, state, i.ID, i.Version)
	return l
}

// addEvent adds the details of the event and the number of contacts.
func (m *mailer) addEvent(l *letter, i problem.Item) {
	t := m.wording
	switch i.Event {
	case problem.EventOpened:
		if i.OpenedBy != "" {
			l.addPart(t.byHand, i.OpenedBy)
		}
	case problem.EventMilestone:
		l.addPart(t.toldOf, i.Milestone)
	case problem.EventReopened:
		if e := i.Evidence; e != nil {
			l.addPart(t.cameBack, t.formatDate(e.Since.In(m.zone)), e.Contacts)
			break
		}
		m.addAuthor(l, i)
	case problem.EventState:
		m.addAuthor(l, i)
	case problem.EventMoved:
		l.addPart(t.movedTo, t.labelText(i.Names.Department))
	case problem.EventMerged:
		l.addPart(t.merged+" "+t.other, shortID(i.Other))
	case problem.EventSplit:
		l.addPart(t.split+" "+t.other, shortID(i.Other))
	case problem.EventEscalated:
		if i.Department == i.EscalatedTo {
			l.addPart(t.lead, t.labelText(i.Names.Department))
			break
		}
		l.addPart(t.escalated, i.EscalatedTo)
	case problem.EventOverdue:
		l.addPart(t.overdue, t.formatDate(i.ExpectedAt.In(m.zone)))
	case problem.EventUpdated:
		if i.Other != "" && i.Other == i.SplitFrom {
			l.addPart("%s", t.part)
		}
	}
	if p := i.Proof; p != nil {
		proof := fmt.Sprintf(t.proof, t.formatAmount(p.Avoided, 1), t.formatAmount(p.Low, 1), t.formatAmount(p.High, 1))
		if p.Saved > 0 {
			proof += " " + fmt.Sprintf(t.saved, t.formatAmount(p.Saved, 2), p.Currency)
		}
		l.addPart("%s", proof)
	}
	if i.Contacts > 0 {
		m.addVolume(l, i)
	}
}

// addVolume adds the number of customers and contacts, with the dates.
func (m *mailer) addVolume(l *letter, i problem.Item) {
	t := m.wording
	first := t.formatDate(i.FirstSeen.In(m.zone))
	last := t.formatDate(i.LastSeen.In(m.zone))
	if first == last {
		l.addPart(t.contactsOn, t.customerCount(i.Customers), i.Contacts, first)
		return
	}
	l.addPart(t.contacts, t.customerCount(i.Customers), i.Contacts, first, last)
}

// addAuthor adds the author of a change and the problem that this one was merged
// into.
func (m *mailer) addAuthor(l *letter, i problem.Item) {
	if i.By != "" && i.Comment == "" { // the heading of a comment names its author
		l.addPart(m.wording.byPerson, m.authorName(i))
	}
	if i.MergedInto != "" {
		l.addPart(m.wording.other, shortID(i.MergedInto))
	}
}

// authorName returns the author of an item. For an update from a department's
// queue this is the department.
func (m *mailer) authorName(i problem.Item) string {
	department, byQueue := strings.CutPrefix(i.By, "queue:")
	if byQueue && department == i.Department && i.Event != problem.EventMoved {
		return m.wording.labelText(i.Names.Department)
	}
	return department
}

// addRequest adds the request to the department.
func (m *mailer) addRequest(l *letter, i problem.Item) {
	t := m.wording
	switch {
	case i.Event == problem.EventOverdue:
		l.addPart("%s", t.askNewTime)
	case i.State == problem.Detected && i.AcknowledgeBy.After(m.now()):
		l.addPart(t.ackBy, t.formatTime(i.AcknowledgeBy.In(m.zone)))
	case i.State == problem.Detected:
		l.addPart("%s", t.ackNow)
	case t.requests[i.State] != "":
		l.addPart("%s", t.requests[i.State])
	default:
		l.addPart("%s", t.noMore)
	}
}
