package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email/compose"
	"github.com/heard-intake/heard/internal/problem"
)

// A letter is a mail about an item: its subject, and its text in parts with a
// line between them.
type letter struct {
	subject string
	parts   []string
}

func (l *letter) add(format string, args ...any) {
	if format != "" {
		l.parts = append(l.parts, fmt.Sprintf(format, args...))
	}
}

// under adds lines below a heading, if there are any.
func (l *letter) under(heading string, lines ...string) {
	lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	if len(lines) > 0 {
		l.parts = append(l.parts, heading+"\n"+strings.Join(lines, "\n"))
	}
}

// write writes the mail of an item. All mails of a problem are one thread.
func (m *mailer) write(i problem.Item, l letter) ([]byte, error) {
	return compose.Mail(compose.Letter{
		From: compose.Person{Address: m.from}, To: compose.Person{Address: m.to}, Subject: l.subject, Text: strings.Join(l.parts, "\n\n") + "\n",
		Date: m.now(), ID: fmt.Sprintf("%s.%d@heard.invalid", i.ID, i.Version), Automatic: "auto-generated",
		References: []string{i.ID + "@heard.invalid"},
	})
}

// letter says what happened to which problem, what is asked, by which links to
// answer, and then the rest.
func (m *mailer) letter(i problem.Item) letter {
	t := m.tongue
	head := t.event(i) + ": " + t.title(i)
	l := letter{subject: head, parts: []string{head}}
	if i.Customers > 0 {
		l.subject += " (" + t.people(i.Customers) + ")"
	}
	m.happened(&l, i)
	m.asked(&l, i)
	if i.State == problem.Detected {
		l.under(t.ack, m.link("acknowledge", i.ID))
	}
	if len(i.Next) > 0 {
		l.under(t.answer, m.link("answer", i.ID))
	}
	heading := t.comment
	if i.By != "" {
		heading = fmt.Sprintf(t.wrote, m.who(i))
	}
	l.under(heading, i.Comment)
	l.under(t.cause, i.Cause)
	l.under(t.workaround, i.Workaround)
	if !i.ExpectedAt.IsZero() && i.Event != problem.EventOverdue && i.State.Open() {
		l.add(t.expected, t.date(i.ExpectedAt.In(m.zone)))
	}
	if len(i.Quotes) > 0 {
		l.under(t.said, "- "+strings.Join(i.Quotes, "\n- "))
	}
	l.under(t.links, i.Links...)
	state := t.states[i.State]
	if s := t.severity[i.Severity]; s != "" {
		state += ", " + s
	}
	l.add(t.state+" "+t.number, state, i.ID, i.Version)
	return l
}

// happened adds what happened, and how many are touched.
func (m *mailer) happened(l *letter, i problem.Item) {
	t := m.tongue
	switch i.Event {
	case problem.EventOpened:
		if i.OpenedBy != "" {
			l.add(t.byHand, i.OpenedBy)
		}
	case problem.EventMilestone:
		l.add(t.toldOf, i.Milestone)
	case problem.EventReopened:
		if e := i.Evidence; e != nil {
			l.add(t.cameBack, t.date(e.Since.In(m.zone)), e.Contacts)
			break
		}
		m.by(l, i)
	case problem.EventState:
		m.by(l, i)
	case problem.EventMoved:
		l.add(t.movedTo, t.label(i.Names.Department))
	case problem.EventMerged:
		l.add(t.merged+" "+t.other, ref(i.Other))
	case problem.EventSplit:
		l.add(t.split+" "+t.other, ref(i.Other))
	case problem.EventEscalated:
		if i.Department == i.EscalatedTo {
			l.add(t.lead, t.label(i.Names.Department))
			break
		}
		l.add(t.escalated, i.EscalatedTo)
	case problem.EventOverdue:
		l.add(t.overdue, t.date(i.ExpectedAt.In(m.zone)))
	case problem.EventUpdated:
		if i.Other != "" && i.Other == i.SplitFrom {
			l.add("%s", t.part)
		}
	}
	if p := i.Proof; p != nil {
		proof := fmt.Sprintf(t.proof, t.amount(p.Avoided, 1), t.amount(p.Low, 1), t.amount(p.High, 1))
		if p.Saved > 0 {
			proof += " " + fmt.Sprintf(t.saved, t.amount(p.Saved, 2), p.Currency)
		}
		l.add("%s", proof)
	}
	if i.Contacts > 0 {
		m.volume(l, i)
	}
}

// volume adds how many contacts there were, and when.
func (m *mailer) volume(l *letter, i problem.Item) {
	t := m.tongue
	first, last := t.date(i.FirstSeen.In(m.zone)), t.date(i.LastSeen.In(m.zone))
	if first == last {
		l.add(t.contactsOn, t.people(i.Customers), i.Contacts, first)
		return
	}
	l.add(t.contacts, t.people(i.Customers), i.Contacts, first, last)
}

func (m *mailer) by(l *letter, i problem.Item) {
	if i.By != "" && i.Comment == "" { // else the comment says who
		l.add(m.tongue.byPerson, m.who(i))
	}
	if i.MergedInto != "" {
		l.add(m.tongue.other, ref(i.MergedInto))
	}
}

// who names the author of an item. Who answered by a queue is its department.
func (m *mailer) who(i problem.Item) string {
	department, byQueue := strings.CutPrefix(i.By, "queue:")
	if byQueue && department == i.Department && i.Event != problem.EventMoved {
		return m.tongue.label(i.Names.Department)
	}
	return department
}

// asked adds what is asked of the department.
func (m *mailer) asked(l *letter, i problem.Item) {
	t := m.tongue
	switch {
	case i.Event == problem.EventOverdue:
		l.add("%s", t.askNewTime)
	case i.State == problem.Detected && i.AcknowledgeBy.After(m.now()):
		l.add(t.ackBy, t.moment(i.AcknowledgeBy.In(m.zone)))
	case i.State == problem.Detected:
		l.add("%s", t.ackNow)
	case t.asks[i.State] != "":
		l.add("%s", t.asks[i.State])
	default:
		l.add("%s", t.noMore)
	}
}
