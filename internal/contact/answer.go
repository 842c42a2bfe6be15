package contact

import (
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/message"
)

// answer ends what an outbound message answers. The first rule that applies decides:
//
//  1. It says what it settles: the questions on the line of each settled message, in
//     the contacts of that message.
//  2. It replies to a message, or continues a mail thread: the questions on the line of
//     that message, or in that thread. An answer in a thread that no contact knows ends
//     nothing.
//  3. Exactly one contact waits on its line: the questions of this contact on the line.
//     A line is an address of the customer on a channel. If several wait, an answer from
//     an agent tool ends the contact of the latest question; one that the platform
//     reports ends none, because it may be about any of them.
//  4. It comes from an agent tool, and exactly one contact waits at all: its questions.
//
// In the contact that is answered, it also ends questions outside that line that name
// the contact's own cause: the customer asked the same there. Other mail threads keep
// waiting if a mail answers.
func (g *grouping) answer(m *message.Message) {
	threads := threadKeys(*m)
	asksBack := strings.Contains(m.Text, "?")
	for _, l := range linesOf(m) {
		g.answered[l] = lastWord{m.SentAt, asksBack}
	}
	if g.answerSettled(m, threads) || g.answerReplied(m, threads) {
		return
	}
	isInThread := m.Channel == message.Email && m.ReplyTo != nil && len(m.ReplyTo.References) > 0
	if isInThread {
		g.answerThread(m, threads)
		return
	}
	g.answerLine(m, threads)
}

// answerSettled ends what the message says it settles. It reports false if no contact
// has one of these questions.
func (g *grouping) answerSettled(m *message.Message, threads []string) bool {
	found := false
	for _, s := range m.Settles {
		for _, at := range g.settledBy(s) {
			g.settleAt(at, m, threads, g.all[at].sharesLine(s.Message))
			found = true
		}
	}
	return found
}

// settledBy returns the contacts that an answer settles: those of its message with the
// reason that it names. If none has this reason, an agent corrected it since, and the
// answer settles all contacts of the message.
func (g *grouping) settledBy(s message.Settled) []int {
	all := g.byMessage[s.Message]
	named := slices.DeleteFunc(slices.Clone(all), func(at int) bool {
		causes := g.all[at].Causes
		return len(causes) == 0 || causes[0].Reason != s.Reason
	})
	if s.Reason == "" || len(named) == 0 {
		return all
	}
	return named
}

// Questions returns what an answer settles that ends the wait of one of the contacts of
// a customer: its latest message on each address of the customer. A message that is in
// several of the contacts is named with the reason of this one.
func Questions(contacts []Contact, of int) []message.Settled {
	var out []message.Settled
	var asked []line
	for _, m := range slices.Backward(contacts[of].Messages) {
		lines := linesOf(&m)
		isAsked := slices.ContainsFunc(lines, func(l line) bool { return slices.Contains(asked, l) })
		isEarlier := isAsked && m.Channel != message.Email // each mail may be in a thread of its own
		if m.Direction != message.Inbound || isEarlier {
			continue
		}
		asked = append(asked, lines...)
		s := message.Settled{Message: m.ID}
		if isShared(contacts, of, m.ID) && len(contacts[of].Causes) > 0 {
			s.Reason = contacts[of].Causes[0].Reason
		}
		if out = append(out, s); len(out) == maxQuestions {
			break
		}
	}
	return out
}

// maxQuestions bounds how many messages of one contact an answer names.
const maxQuestions = 20

// isShared reports whether another contact has the message, too.
func isShared(contacts []Contact, of int, id message.ID) bool {
	for i, k := range contacts {
		if i != of && k.has(id) {
			return true
		}
	}
	return false
}

// answerReplied ends the questions of the message that a chat message replies to.
func (g *grouping) answerReplied(m *message.Message, threads []string) bool {
	if m.ReplyTo == nil || m.ReplyTo.ProviderID == "" || m.Channel == message.Email {
		return false
	}
	id, ok := g.byProvider[providerRef{m.Channel, m.ReplyTo.ProviderID}]
	if !ok {
		return false
	}
	for _, at := range g.byMessage[id] {
		g.settleAt(at, m, threads, g.all[at].sharesLine(id))
	}
	return len(g.byMessage[id]) > 0
}

// answerThread ends the questions in the threads of a mail. If none waits, the mail
// continues the latest contact of the thread.
func (g *grouping) answerThread(m *message.Message, threads []string) {
	inThread := func(q question) bool {
		return slices.ContainsFunc(q.threads, func(th string) bool { return slices.Contains(threads, th) })
	}
	known := g.knowing(threads)
	waiting := slices.DeleteFunc(slices.Clone(known), func(at int) bool { return !slices.ContainsFunc(g.all[at].questions, inThread) })
	for _, at := range waiting {
		g.settleAt(at, m, threads, inThread)
	}
	if at := g.latest(known, m, anyContact); len(waiting) == 0 && at >= 0 {
		g.settleAt(at, m, threads, inThread)
	}
}

// answerLine ends the questions of the only contact that waits on the line of a
// message. If none waits there, the message continues the latest open contact of the
// line.
func (g *grouping) answerLine(m *message.Message, threads []string) {
	lines := linesOf(m)
	onLine := func(q question) bool {
		return slices.ContainsFunc(q.lines, func(l line) bool { return slices.Contains(lines, l) })
	}
	waiting := g.waiting(m, onLine)
	if len(waiting) == 0 && m.Channel != message.Email {
		// A platform may name the customer in another way than in the question.
		onChannel := func(q question) bool { return q.lines[0].channel == m.Channel }
		if byChannel := g.waiting(m, onChannel); len(byChannel) == 1 {
			onLine = onChannel
			waiting = byChannel
		}
	}
	isFromTool := m.Origin == message.Recorded || m.Origin == message.Composed
	if len(waiting) == 0 && isFromTool && m.Automated == "" {
		anywhere := func(question) bool { return true }
		if all := g.waiting(m, anywhere); len(all) == 1 {
			onLine = anywhere
			waiting = all
		}
	}
	switch {
	case len(waiting) == 1:
		g.settleAt(waiting[0], m, threads, onLine)
	case len(waiting) > 1 && isFromTool:
		g.settleAt(g.latestAsked(waiting, onLine), m, threads, onLine)
	case len(waiting) == 0:
		if at := g.latestOpen(g.onLines(m), m, anyContact); at >= 0 {
			g.settleAt(at, m, threads, onLine)
		}
	}
}

// waiting returns the contacts with an unanswered question that fits.
func (g *grouping) waiting(m *message.Message, fits func(question) bool) (waiting []int) {
	g.open = g.prune(g.open, m)
	for _, at := range g.open {
		if slices.ContainsFunc(g.all[at].questions, fits) {
			waiting = append(waiting, at)
		}
	}
	return waiting
}

// latestAsked returns the contact with the latest of the questions that fit.
func (g *grouping) latestAsked(list []int, fits func(question) bool) int {
	latest := list[0]
	var asked time.Time
	for _, at := range list {
		for _, q := range g.all[at].questions {
			if fits(q) && !q.at.Before(asked) {
				latest = at
				asked = q.at
			}
		}
	}
	return latest
}

// sharesLine returns a condition for questions that were asked on the line of the
// message with an id, in the same thread.
func (c *group) sharesLine(id message.ID) func(question) bool {
	i := slices.IndexFunc(c.Messages, func(m message.Message) bool { return m.ID == id })
	m := &c.Messages[i]
	lines := linesOf(m)
	threads := threadKeys(*m)
	return func(q question) bool {
		if m.Channel == message.Email && q.lines[0].channel == message.Email && len(threads) > 0 {
			return q.id == id || slices.ContainsFunc(q.threads, func(th string) bool { return slices.Contains(threads, th) })
		}
		return slices.ContainsFunc(q.lines, func(l line) bool { return slices.Contains(lines, l) })
	}
}

// settleAt answers the contact at an index with m, and ends the questions that fit.
func (g *grouping) settleAt(at int, m *message.Message, threads []string, fits func(question) bool) {
	c := g.all[at]
	c.Messages = append(c.Messages, *m)
	if !slices.Contains(c.Channels, m.Channel) {
		c.Channels = append(c.Channels, m.Channel)
	}
	c.addThreads(threads)
	answersOne := slices.ContainsFunc(c.questions, fits)
	c.settle(m, func(q question) bool {
		isOtherThread := m.Channel == message.Email && q.lines[0].channel == message.Email
		return fits(q) || (answersOne && q.caused && !isOtherThread)
	})
	g.touch(at, m, c.Threads)
}

// settle records the answer m of a contact, and ends the questions that fit.
func (c *group) settle(m *message.Message, fits func(question) bool) {
	c.endQuestions(fits)
	if c.FirstAnswer.IsZero() {
		c.FirstAnswer = m.SentAt
	}
	c.LastAnswer = m.SentAt
	c.ClosesAt = m.SentAt.Add(Silence(m.Channel))
}

// dismiss ends the question m, for which an agent decided that no answer is needed.
func (c *group) dismiss(m *message.Message) {
	c.endQuestions(func(q question) bool { return q.id == m.ID })
	if closes := m.SentAt.Add(Silence(m.Channel)); closes.After(c.ClosesAt) {
		c.ClosesAt = closes
	}
}

func (c *group) endQuestions(fits func(question) bool) {
	c.questions = slices.DeleteFunc(c.questions, fits)
	c.WaitingSince = time.Time{}
	if len(c.questions) > 0 {
		c.WaitingSince = c.questions[0].at
	}
}
