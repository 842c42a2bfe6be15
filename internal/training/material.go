package training

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Bounds of the material of one training. The latest is taken.
const (
	maxAge          = 366 * 24 * time.Hour
	maxListed       = 50_000 // corrections that are counted by agent
	maxCorrections  = 3000
	maxRegistered   = 1000
	maxAttached     = 1000
	maxProblems     = 50   // of each department
	maxAffected     = 5000 // customers of problems whose contacts are read
	maxPageItems    = 100
	maxTextBytes    = 1500 // of one example
	collectTime     = 90 * time.Second
	parallelReaders = 8

	// The first corrections of an agent count double.
	firstCorrections = 100
	firstWeight      = 2
	registeredWeight = 0.5 // the text is the agent's

	// openingTime is how long after the first message further ones belong to what the
	// customer wrote first. maxOpening is how many messages are read.
	openingTime = 10 * time.Minute
	maxOpening  = 5
)

// material is what the organisation's own contacts teach, the newest first.
type material struct {
	since    time.Time // earlier contacts are not learned
	examples []classifier.Example
	counts   Material
}

// halve removes the older half of the examples.
func (m *material) halve() {
	m.examples = m.examples[:len(m.examples)/2]
	m.counts.Truncated = true
}

// A label is a contact whose reason a person set.
type label struct {
	customer identity.CustomerID
	at       time.Time // of its first message
	until    time.Time // when the person set the reason; zero means that it does not matter
	reason   string    // empty if the taxonomy has no reason for it
	weight   float32
}

// collect reads the material. After collectTime it returns the part that it has read.
func (t *Trainer) collect(ctx context.Context, tax *taxonomy.Taxonomy, now time.Time) (*material, error) {
	limited, cancel := context.WithTimeout(ctx, collectTime)
	defer cancel()
	m := &material{since: now.Add(-maxAge)}
	for _, read := range []func(context.Context, *taxonomy.Taxonomy, *material) error{t.addCorrections, t.addAttached, t.addRegistered} {
		err := read(limited, tax, m)
		if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
			slog.WarnContext(ctx, "the material took too long to read; the training uses what was read")
			m.counts.Truncated = true
			return m, nil
		}
		if err != nil {
			return nil, fmt.Errorf("collect the material: %w", err)
		}
	}
	return m, nil
}

// addCorrections adds the latest corrections.
func (t *Trainer) addCorrections(ctx context.Context, tax *taxonomy.Taxonomy, m *material) error {
	labels, err := t.listCorrections(ctx, m)
	if err != nil {
		return err
	}
	added, err := t.addLabels(ctx, tax, m, labels)
	for _, l := range added {
		m.counts.Corrections++
		if l.weight > 1 {
			m.counts.Doubled++
		}
	}
	return err
}

// listCorrections returns the latest corrections with one reason or none, the newest
// first.
func (t *Trainer) listCorrections(ctx context.Context, m *material) ([]label, error) {
	byAgent := map[string]int{}
	var labels []label
	cursor := ""
	for listed := 0; ; {
		page, next, err := t.Table.Contacts.Corrections(ctx, m.since, time.Time{}, maxPageItems, cursor)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			byAgent[c.By]++
			l, ok := labelOf(c)
			if !ok {
				m.counts.LeftOut++
				continue
			}
			if byAgent[c.By] <= firstCorrections {
				l.weight = firstWeight
			}
			labels = append(labels, l)
		}
		listed += len(page)
		if cursor = next; cursor == "" || listed >= maxListed {
			break
		}
	}
	if len(labels) > maxCorrections {
		labels = labels[len(labels)-maxCorrections:]
		m.counts.Truncated = true
	}
	slices.Reverse(labels)
	return labels, nil
}

// labelOf returns the label of a correction. It is false for a correction to several
// reasons: it does not say which of them the text is about.
func labelOf(c contact.Correction) (label, bool) {
	at, _, _, err := c.Message.Parse()
	if err != nil || len(c.Causes) > 1 {
		return label{}, false
	}
	l := label{customer: c.Customer, at: at, until: c.Until, weight: 1}
	if len(c.Causes) == 1 {
		l.reason = c.Causes[0].Reason
	}
	return l, true
}

// addAttached adds the contacts without a reason that persons attached to problems.
func (t *Trainer) addAttached(ctx context.Context, tax *taxonomy.Taxonomy, m *material) error {
	departments := make([]string, len(tax.Departments))
	for i, d := range tax.Departments {
		departments[i] = d.ID
	}
	ids, err := t.Table.Problems.ProblemIDs(ctx, departments, maxProblems)
	if err != nil {
		return err
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	slices.Reverse(ids) // ids are UUIDv7, so the latest come first
	var labels []label
	left := maxAffected
	for _, id := range ids {
		some, err := t.attachedTo(ctx, id, &left)
		if err != nil {
			return err
		}
		if labels = append(labels, some...); len(labels) >= maxAttached || left <= 0 {
			labels = labels[:min(len(labels), maxAttached)]
			m.counts.Truncated = true
			break
		}
	}
	added, err := t.addLabels(ctx, tax, m, labels)
	m.counts.Attached += len(added)
	return err
}

// attachedTo returns the contacts of a problem that have no reason of their own. It
// subtracts the customers whose contacts it reads from left, and ends when none is
// left.
func (t *Trainer) attachedTo(ctx context.Context, id string, left *int) ([]label, error) {
	p, err := t.Table.Problems.GetHeader(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.State == problem.Merged {
		return nil, nil // its contacts belong to the other problem
	}
	var labels []label
	cursor := ""
	for *left > 0 {
		page, next, err := t.Table.Problems.AffectedCustomers(ctx, id, maxPageItems, cursor)
		if err != nil {
			return nil, err
		}
		*left -= len(page)
		found := make([][]label, len(page))
		errs := make([]error, len(page))
		lambdabatch.Each(len(page), parallelReaders, func(i int) {
			found[i], errs[i] = t.unexplained(ctx, page[i], p.Reason)
		})
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		labels = append(labels, slices.Concat(found...)...)
		if cursor = next; cursor == "" {
			break
		}
	}
	return labels, nil
}

// unexplained returns the contacts of an affected customer that have no reason.
func (t *Trainer) unexplained(ctx context.Context, a problem.Affected, reason string) ([]label, error) {
	var labels []label
	for _, o := range a.Occurrences {
		k, ok, err := t.Table.Contacts.ContactByKey(ctx, o.Customer, o.At, o.Contact)
		if err != nil {
			return nil, err
		}
		if ok && len(k.Causes) == 0 {
			labels = append(labels, label{customer: o.Customer, at: k.Start, reason: reason, weight: 1})
		}
	}
	return labels, nil
}

// addRegistered adds what agents noted of contacts that they registered.
func (t *Trainer) addRegistered(ctx context.Context, tax *taxonomy.Taxonomy, m *material) error {
	ms, err := t.Table.Messages.RegisteredContacts(ctx, m.since, maxRegistered)
	if err != nil {
		return err
	}
	for _, x := range ms {
		if _, ok := tax.Reason(x.Reason); !ok {
			m.counts.LeftOut++
			continue
		}
		e := newExample(tax, x.Text, x.Reason, registeredWeight, x.CustomerID)
		e.Phrase = true // no customer wrote it, so the model is not measured with it
		m.examples = append(m.examples, e)
		m.counts.Registered++
	}
	return nil
}

// addLabels reads the texts of labelled contacts and adds them. It returns the labels
// that it added.
func (t *Trainer) addLabels(ctx context.Context, tax *taxonomy.Taxonomy, m *material, labels []label) (added []label, err error) {
	examples := make([]classifier.Example, len(labels))
	errs := make([]error, len(labels))
	lambdabatch.Each(len(labels), parallelReaders, func(i int) {
		l := labels[i]
		if _, ok := tax.Reason(l.reason); l.reason != "" && !ok {
			return
		}
		var text string
		var owner identity.CustomerID
		if text, owner, errs[i] = t.readOpening(ctx, l); text != "" {
			examples[i] = newExample(tax, text, l.reason, l.weight, owner)
		}
	})
	for i, e := range examples {
		switch {
		case e.Text != "":
			m.examples = append(m.examples, e)
			added = append(added, labels[i])
		case errs[i] == nil:
			m.counts.LeftOut++
		}
	}
	return added, errors.Join(errs...)
}

func newExample(tax *taxonomy.Taxonomy, text, reason string, weight float32, owner identity.CustomerID) classifier.Example {
	text = message.Cut(text, maxTextBytes)
	return classifier.Example{Text: text, Language: tax.Classify(text, taxonomy.Hints{}).Language, Reason: reason, Weight: weight, Owner: string(owner)}
}

// readOpening returns what the customer wrote first in a contact, and the surviving id
// of the customer. The text is empty if it is gone.
func (t *Trainer) readOpening(ctx context.Context, l label) (text string, owner identity.CustomerID, err error) {
	c, err := t.Table.Customers.Get(ctx, l.customer)
	if fault.Is(err, fault.NotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	end := l.at.Add(openingTime)
	if !l.until.IsZero() && l.until.Before(end) {
		end = l.until
	}
	page, err := t.Table.Messages.History(ctx, c, message.Query{
		Limit: maxOpening, Oldest: true, From: l.at, To: end.Add(time.Millisecond), Direction: message.Inbound,
	})
	if err != nil {
		return "", "", err
	}
	var texts []string
	for _, e := range page.Entries {
		isDeleted := e.State != nil && !e.State.DeletedAt.IsZero()
		if isDeleted || e.Passive {
			continue
		}
		if text := strings.TrimSpace(e.TextWithSubject()); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ". "), c.ID, nil
}
