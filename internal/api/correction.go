package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/redact"
)

// maxReasons bounds what one contact is about.
const maxReasons = 5

// A verdict is what an agent says a contact is about; no reasons at all says
// that it is none of those known.
type verdict struct {
	Reasons *[]struct {
		Reason  string `json:"reason"`
		Product string `json:"product"`
	} `json:"reasons"`
}

// correct keeps what an agent says a contact is about. Triage, which hears of
// it by the table's stream, makes the contact anew with it, and has problems
// count as if it had been known at once.
func (a *Agents) correct(ctx context.Context, r *request) (reply, error) {
	var b verdict
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	causes, err := a.causes(b)
	if err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	k, first, member, err := a.Store.ContactByID(ctx, c, r.param("contact"))
	if err != nil {
		return reply{}, err
	}
	now := r.now.Truncate(time.Millisecond)
	said := contact.Correction{
		Customer: member, Message: first, Causes: causes, Until: now, By: r.caller(), At: now,
		Was: append([]contact.Cause{}, k.Causes...), Taxonomy: k.Taxonomy,
	}
	if err := a.Store.PutCorrection(ctx, said); err != nil {
		return reply{}, err
	}
	return reply{body: said}, nil
}

// causes checks what an agent says against the taxonomy.
func (a *Agents) causes(b verdict) ([]contact.Cause, error) {
	if b.Reasons == nil || len(*b.Reasons) > maxReasons {
		return nil, fault.New(fault.Invalid, "reasons must be a list of at most %d; an empty one says that none is known", maxReasons)
	}
	t, causes := a.Taxonomy(), []contact.Cause{}
	for _, x := range *b.Reasons {
		if _, ok := t.Reason(x.Reason); !ok {
			return nil, t.NoReason(x.Reason)
		}
		if x.Product != "" {
			if err := a.checkProduct("product", x.Product); err != nil {
				return nil, err
			}
		}
		cause := contact.Cause{Reason: x.Reason, Product: x.Product, Department: t.Owner(x.Reason, x.Product), Confidence: 1, Corrected: true}
		for _, c := range causes {
			if c.Same(cause) {
				return nil, fault.New(fault.Invalid, "reasons holds the same reason and product twice")
			}
		}
		causes = append(causes, cause)
	}
	return causes, nil
}

// A correctionPage is what agents corrected: labelled examples.
type correctionPage struct {
	Corrections []contact.Correction `json:"corrections"`
	Cursor      string               `json:"cursor,omitempty"`
	Complete    bool                 `json:"complete"`
}

func (a *Agents) corrections(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	all, err := a.corrected(ctx, q)
	return reply{body: correctionPage{Corrections: all.items, Cursor: all.cursor, Complete: all.complete}}, err
}

// corrected reads a page of what agents corrected in a range of time.
func (a *Agents) corrected(ctx context.Context, q *query) (part[contact.Correction], error) {
	limit, cursor, since, until := q.limit(), q.text("cursor"), q.time("since"), q.time("until")
	if err := q.done(); err != nil {
		return part[contact.Correction]{}, err
	}
	return walk(a.Store, "corrections", cursor, func(place string) ([]contact.Correction, string, error) {
		return a.Store.Corrections(ctx, since, until, limit, place)
	})
}

// An example is what customers said, and what an agent says it is about. It
// names nobody: neither the customer, nor the message, nor the agent.
type example struct {
	Text     string          `json:"text,omitempty"` // masked; absent when it may hold personal data
	Reasons  []contact.Cause `json:"reasons"`
	Was      []contact.Cause `json:"was"`
	Taxonomy string          `json:"taxonomy"`
	At       time.Time       `json:"at"`
}

type examplePage struct {
	Examples []example `json:"examples"`
	Cursor   string    `json:"cursor,omitempty"`
	Complete bool      `json:"complete"`
}

// examples are the corrections as they may leave: for a file that a classifier
// learns from. Who took them is kept.
func (a *Agents) examples(ctx context.Context, r *request) (reply, error) {
	all, err := a.corrected(ctx, r.query())
	if err != nil {
		return reply{}, err
	}
	page := examplePage{Examples: []example{}, Cursor: all.cursor, Complete: all.complete}
	for _, c := range all.items {
		text, err := a.masked(ctx, c)
		if err != nil {
			return reply{}, err
		}
		page.Examples = append(page.Examples, example{Text: text, Reasons: bare(c.Causes), Was: bare(c.Was), Taxonomy: c.Taxonomy, At: c.At})
	}
	return reply{body: page}, a.Store.RecordBulkAction(ctx, "examples", r.caller(), r.ev.RawQueryString, len(page.Examples), r.now)
}

// bare leaves of causes what says nothing of whose they are.
func bare(causes []contact.Cause) []contact.Cause {
	out := []contact.Cause{}
	for _, c := range causes {
		out = append(out, contact.Cause{Reason: c.Reason, Product: c.Product, Department: c.Department, Words: c.Words, Confidence: c.Confidence, Corrected: c.Corrected})
	}
	return out
}

// masked returns what a customer said until an agent corrected what it is
// about, by the rule for quotes: in doubt nothing.
func (a *Agents) masked(ctx context.Context, c contact.Correction) (string, error) {
	at, _, _, err := c.Message.Parse()
	if err != nil {
		return "", nil
	}
	who, err := a.Store.Customer(ctx, c.Customer)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	ms, err := a.Store.RecentMessages(ctx, who, at)
	if err != nil {
		return "", err
	}
	var said []string
	for _, k := range contact.Contacts(ms) {
		if !slices.ContainsFunc(k.Messages, func(m contact.Message) bool { return m.ID == c.Message }) {
			continue
		}
		for _, m := range k.Messages {
			if m.Direction == contact.Inbound && !m.SentAt.After(c.Until) {
				said = append(said, strings.TrimSpace(m.Subject+" "+m.Text))
			}
		}
	}
	text, _ := redact.Mask(strings.Join(said, " "), problems.PersonalData(a.Taxonomy(), who, ms))
	return text, nil
}

// A renewal asks for contacts of a reason to be classified anew.
type renewal struct {
	Reason  string `json:"reason"`
	Retired bool   `json:"retired"` // the reason is of an older taxonomy only
	Since   string `json:"since"`
	Until   string `json:"until"`
	DryRun  bool   `json:"dryRun"`
	Cursor  string `json:"cursor"`
}

// A renewed is what one go at it did, or would do.
type renewed struct {
	Taxonomy string       `json:"taxonomy"` // by which
	DryRun   bool         `json:"dryRun"`
	Examined int          `json:"examined"` // items of the table
	Found    int          `json:"found"`    // contacts
	Changes  []difference `json:"changes"`  // of a dry run
	Cursor   string       `json:"cursor,omitempty"`
	Complete bool         `json:"complete"`
}

// A difference is what some contacts would be about, and no longer.
type difference struct {
	Was      []string           `json:"was"`
	Now      []string           `json:"now"`
	Contacts int                `json:"contacts"`
	One      problem.ContactRef `json:"one"` // of them, to look at
}

// Bounds of one go.
const (
	maxExamined = 10_000
	maxRenewed  = 100
	forRenewing = 4 * time.Second
	unknown     = "unknown" // stands for no reason
)

// renew has triage classify the contacts of a reason anew that an older
// taxonomy classified, or tells what that would change. It walks over the
// table, a piece with each request.
func (a *Agents) renew(ctx context.Context, r *request) (reply, error) {
	var b renewal
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	from, to, err := b.check(r.now)
	if err != nil {
		return reply{}, err
	}
	reason := b.Reason
	switch _, known := a.Taxonomy().Reason(reason); {
	case reason == unknown:
		reason = ""
	case !known && !b.Retired:
		return reply{}, fault.New(fault.Invalid, "%s; for one that only an older taxonomy had, give retired: true", fault.Message(a.Taxonomy().NoReason(reason)))
	}
	out := renewed{Taxonomy: a.Taxonomy().Version, DryRun: b.DryRun}
	var old []contact.Contact
	begun := time.Now()
	all, err := walk(a.Store, fmt.Sprintf("renewal %s %s %s", b.Reason, b.Since, b.Until), b.Cursor, func(place string) ([]contact.Contact, string, error) {
		for {
			found, n, next, err := a.Store.ScanContacts(ctx, reason, from, to, place)
			if err != nil {
				return nil, "", err
			}
			old = append(old, slices.DeleteFunc(found, func(k contact.Contact) bool { return k.Taxonomy == out.Taxonomy })...)
			out.Examined += n
			if next == "" || out.Examined >= maxExamined || len(old) >= maxRenewed || time.Since(begun) > forRenewing {
				return old, next, nil
			}
			place = next
		}
	})
	if err != nil {
		return reply{}, err
	}
	out.Found, out.Cursor, out.Complete = len(old), all.cursor, all.complete
	if out.Changes, err = a.askOrTell(ctx, old, b.DryRun, r.now); err != nil {
		return reply{}, err
	}
	if !b.DryRun && len(old) > 0 {
		err = a.Store.RecordBulkAction(ctx, "reclassify", r.caller(), b.Reason+" "+b.Since+" "+out.Taxonomy, len(old), r.now)
	}
	return reply{body: out}, err
}

func (b renewal) check(now time.Time) (from, to time.Time, err error) {
	if !printable(b.Reason, maxID) || strings.ContainsAny(b.Reason, `"\`) {
		return from, to, fault.New(fault.Invalid, "reason is missing: the id of one, also of an older taxonomy, or unknown")
	}
	if from, err = instant("since", b.Since); err != nil {
		return from, to, err
	}
	if to = now; b.Until != "" {
		if to, err = instant("until", b.Until); err != nil {
			return from, to, err
		}
	}
	if !from.Before(to) {
		return from, to, fault.New(fault.Invalid, "since must lie before until, and in the past")
	}
	return from, to, nil
}

// askOrTell asks triage to classify contacts anew, or tells what would differ.
func (a *Agents) askOrTell(ctx context.Context, old []contact.Contact, tell bool, now time.Time) ([]difference, error) {
	next, errs := make([]contact.Contact, len(old)), make([]error, len(old))
	there := make([]bool, len(old))
	batch.Each(len(old), parallel, func(i int) {
		if tell {
			next[i], there[i], errs[i] = a.Preview(ctx, old[i])
			return
		}
		errs[i] = a.Store.RequestContactReclassify(ctx, old[i], now)
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	out := []difference{}
	for i, k := range old {
		was, is := about(k), about(next[i])
		if !there[i] || slices.Equal(was, is) {
			continue
		}
		same := func(d difference) bool { return slices.Equal(d.Was, was) && slices.Equal(d.Now, is) }
		if j := slices.IndexFunc(out, same); j >= 0 {
			out[j].Contacts++
			continue
		}
		out = append(out, difference{was, is, 1, problem.ContactRef{Customer: k.Customer, Contact: k.ID}})
	}
	slices.SortStableFunc(out, func(x, y difference) int { return cmp.Compare(y.Contacts, x.Contacts) })
	return out, nil
}

// parallel bounds how many contacts are looked at at a time.
const parallel = 8

// about names what a contact is about, each with its product if it has one.
func about(k contact.Contact) []string {
	out := []string{}
	for _, c := range k.Causes {
		out = append(out, strings.TrimSpace(c.Reason+" "+c.Product))
	}
	return out
}

// A reclassifying asks for contacts to be classified anew.
type reclassifying struct {
	Since string `json:"since"`
}

// reclassify has triage classify the contacts of a customer by the taxonomy
// as it is now: those in which something was said since a time.
func (a *Agents) reclassify(ctx context.Context, r *request) (reply, error) {
	var b reclassifying
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	since, err := instant("since", b.Since)
	if err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	if err := a.Store.RequestReclassify(ctx, c.ID, since, r.now); err != nil {
		return reply{}, err
	}
	return reply{status: 202, body: map[string]any{"customerId": c.ID, "since": since.UTC()}}, nil
}
