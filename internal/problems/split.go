package problems

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/schedule"
)

// A SplitRequest takes a second cause out of a problem: the contacts that it
// names, and those that hold one of its words. Later contacts with one of the
// words join the part; without words, contacts join it by hand only.
type SplitRequest struct {
	Contacts []problem.ContactRef
	Words    []string
	Comment  string
	Version  int // of the problem that the caller read; 0: any version
	At       time.Time
	// Key recognizes a repetition, which returns the same part; the zero value
	// recognizes none.
	Key problem.IdempotencyKey
}

// Split splits a problem, and returns the part. A split that one call does
// not finish is finished by the scheduler, or by a repetition with the same Key.
//
// The part of an escalated problem is escalated to the same department, until it is
// acknowledged itself.
//
// The caller must reach the problem, and may name only customers that it was
// shown; else the error is [fault.Forbidden]. A repetition is refused likewise if
// the caller does not reach the part any more. A split that does not fit the
// problem is a [*ConflictError].
func (s *Service) Split(ctx context.Context, caller problem.Caller, id string, r SplitRequest) (problem.Record, error) {
	comment, err := checkContactsChange(r.Contacts, r.Comment, r.Version)
	if err != nil {
		return problem.Record{}, err
	}
	r.Comment = comment
	whole, err := s.Header(ctx, caller, id)
	if err != nil {
		return problem.Record{}, err
	}
	words, ok := problem.NormalizeWords(r.Words)
	if !ok {
		return problem.Record{}, fault.New(fault.Invalid, "words must have at most 20 entries, each of at most 60 characters")
	}
	if len(words) == 0 && len(r.Contacts) == 0 {
		return problem.Record{}, fault.New(fault.Invalid, "give contacts or words to select the contacts of the new problem")
	}
	partID := uuid.Must(uuid.NewV7()).String()
	if r.Key.Key != "" {
		partID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(id+" "+r.Key.Key)).String()
	}
	repeated, err := s.wasApplied(ctx, id, r.Key, r.At)
	if err != nil {
		return problem.Record{}, withState(err, whole)
	}
	if repeated {
		return s.continueRepeatedSplit(ctx, caller, partID)
	}
	if err := s.refuseUnshownCustomers(ctx, caller, r.Contacts, id, r.At); err != nil {
		return problem.Record{}, err
	}
	named, err := s.findAllContacts(ctx, r.Contacts)
	if err != nil {
		return problem.Record{}, err
	}
	err = retryLostWrites(ctx, func() (lost bool, err error) {
		from, err := s.Problem(ctx, caller, id) // refused if it was handed over meanwhile
		if err != nil {
			return false, err
		}
		if err := checkSplit(from, r.Version, words); err != nil {
			return false, err
		}
		if err := s.refuseForeignContacts(ctx, from, named); err != nil {
			return false, err
		}
		rest, part := s.newPart(caller, from, r, words, partID)
		return isLostWrite(s.Store.Problems.Split(ctx, rest, part))
	})
	if err != nil {
		return problem.Record{}, err
	}
	return s.fillPart(ctx, partID)
}

// continueRepeatedSplit fills the part of a split that was requested before, and
// returns the part if the caller reaches it.
func (s *Service) continueRepeatedSplit(ctx context.Context, caller problem.Caller, partID string) (problem.Record, error) {
	part, err := s.fillPart(ctx, partID)
	if err != nil {
		return problem.Record{}, err
	}
	if !caller.Reaches(part.Problem) {
		return problem.Record{}, fault.New(fault.Forbidden, "the problem was split, and the new problem now belongs to another department")
	}
	return part, nil
}

// ContinueSplit fills the part of a split that was not finished.
func (s *Service) ContinueSplit(ctx context.Context, e schedule.Entry, now time.Time) (again time.Time, err error) {
	part, err := s.fillPart(ctx, e.Of)
	if err != nil || part.Filling == nil {
		return time.Time{}, ignoreNotFound(err)
	}
	return now.Add(time.Minute), nil
}

// checkSplit refuses to split a problem that has another version or cannot be
// split by these words.
func checkSplit(from problem.Record, version int, words []string) error {
	if err := checkVersion(from, version); err != nil {
		return err
	}
	sameWords := func(p problem.Part) bool { return len(words) > 0 && slices.Equal(p.Words, words) }
	switch {
	case from.State == problem.Merged:
		return conflict(from, "the problem was merged into %s; split that one", from.MergedInto)
	case !from.State.Open():
		return conflict(from, "a problem that is %s cannot be split; reopen it first", from.State)
	case len(from.Parts) >= problem.MaxParts:
		return conflict(from, "the problem has %d parts already; split one of those", problem.MaxParts)
	case slices.ContainsFunc(from.Parts, sameWords):
		return conflict(from, "a part has these words already; attach contacts to that one")
	default:
		return nil
	}
}

// refuseForeignContacts refuses contacts that are not part of a problem, and
// names them.
func (s *Service) refuseForeignContacts(ctx context.Context, p problem.Record, named []problem.Occurrence) error {
	own, err := s.contactsOfProblems(ctx, named, p.ID)
	if err != nil || len(own) == len(named) {
		return err
	}
	var foreign []string
	for _, o := range named {
		if !slices.Contains(own, o) && !slices.Contains(foreign, o.Contact) {
			foreign = append(foreign, o.Contact)
		}
	}
	return conflict(p, "contacts: not of this problem: %s; nothing was changed", strings.Join(foreign, ", "))
}

// newPart returns a problem without its new part, and the part without contacts.
func (s *Service) newPart(caller problem.Caller, from problem.Record, r SplitRequest, words []string, id string) (rest, part problem.Record) {
	opened, events := problem.Open(problem.Seed{
		ID: id, Reason: from.Reason, Product: from.Product, Department: from.Department, Names: from.Names,
		Severity: from.Severity, TaxonomyVersion: from.TaxonomyVersion, By: caller.Name,
	}, r.At)
	events[0].Comment = r.Comment
	opened, events = problem.InheritEscalation(opened, from.Problem, events)
	opened = problem.SetAcknowledgeBy(opened, s.acknowledgeBy)
	opened.SplitFrom = from.ID
	rest = from
	rest.Once = r.Key
	rest.Parts = append(slices.Clip(from.Parts), problem.Part{ID: id, Words: words})
	rest.Problem, rest.Events = problem.AddEvent(rest.Problem, problem.Event{Kind: problem.EventSplit, By: caller.Name, At: r.At, Comment: r.Comment, Other: id})
	filling := &problem.SplitProgress{Contacts: r.Contacts, Words: words, By: caller.Name, Comment: r.Comment, At: r.At}
	return rest, problem.Record{Problem: opened, Events: events, Filling: filling}
}

// One call of fillPart looks at up to fillPages times fillPage customers.
const (
	fillPage  = 25
	fillPages = 20
)

// fillPart moves to a part the contacts that belong to it, and returns it. When
// the part has them all, its department is notified. Every step can be repeated.
func (s *Service) fillPart(ctx context.Context, partID string) (problem.Record, error) {
	part, err := s.Store.Problems.Get(ctx, partID)
	if err != nil || part.Filling == nil {
		return part, err
	}
	filling := *part.Filling
	moving, _, err := s.findContacts(ctx, filling.Contacts)
	if err != nil {
		return problem.Record{}, err
	}
	for range fillPages {
		matching, next, err := s.findMatchingContacts(ctx, part.SplitFrom, filling)
		if err != nil {
			return problem.Record{}, err
		}
		if err := s.moveContacts(ctx, part, append(moving, matching...)); err != nil {
			return problem.Record{}, err
		}
		moving = nil
		filling.After = identity.CustomerID(next)
		if next == "" {
			return s.finishFilling(ctx, partID, filling)
		}
		if err := s.saveFillingProgress(ctx, partID, filling); err != nil {
			return problem.Record{}, err
		}
	}
	return s.Store.Problems.Get(ctx, partID)
}

// findMatchingContacts reads the page of a problem's customers after
// filling.After. It returns their contacts that hold one of the split's words,
// and the last customer of the page, "" for the last page.
func (s *Service) findMatchingContacts(ctx context.Context, problemID string, filling problem.SplitProgress) (found []problem.Occurrence, next string, err error) {
	if len(filling.Words) == 0 {
		return nil, "", nil
	}
	page, next, err := s.Store.Problems.AffectedCustomers(ctx, problemID, fillPage, string(filling.After))
	if err != nil {
		return nil, "", err
	}
	part := problem.Part{Words: filling.Words}
	for _, affected := range page {
		contacts, err := s.readContacts(ctx, affected)
		if err != nil {
			return nil, "", err
		}
		for _, o := range affected.Occurrences {
			matches := func(k contact.Contact) bool { return k.ID == o.Contact && part.MatchesText(inboundText(k.Messages)) }
			if slices.ContainsFunc(contacts, matches) {
				found = append(found, o)
			}
		}
	}
	return found, next, nil
}

// readContacts returns the contacts of an affected customer with their messages,
// from the first one that affects the customer on.
func (s *Service) readContacts(ctx context.Context, a problem.Affected) ([]contact.Contact, error) {
	c, err := s.Store.Customers.Get(ctx, a.Customer)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	contacts, _, err := s.Store.Contacts.WithMessages(ctx, c, a.Since())
	return contacts, err
}

func inboundText(messages []message.Message) string {
	var b strings.Builder
	for _, m := range messages {
		if m.Direction == message.Inbound {
			b.WriteString(m.Text + "\n")
		}
	}
	return b.String()
}

// moveContacts moves contacts to a part from the problem that it was split off,
// and from the problem that this one was merged into since. A contact that left
// both since it was read stays out.
func (s *Service) moveContacts(ctx context.Context, part problem.Record, moving []problem.Occurrence) error {
	from, err := problem.FollowMerges(ctx, part.SplitFrom, s.Store.Problems.GetHeader)
	if err != nil {
		return err
	}
	to, err := problem.FollowMerges(ctx, part.ID, s.Store.Problems.GetHeader)
	if err != nil || from.ID == to.ID {
		return err
	}
	origins := slices.Compact([]string{from.ID, part.SplitFrom})
	for chunk := range slices.Chunk(moving, MaxContacts) {
		chunk, err = s.contactsOfProblems(ctx, chunk, origins...)
		if err != nil {
			return err
		}
		if _, err := s.changeAffected(ctx, to.ID, nil, chunk); err != nil {
			return err
		}
		for _, id := range origins {
			if _, err := s.changeAffected(ctx, id, chunk, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// contactsOfProblems returns those contacts that are part of one of some
// problems.
func (s *Service) contactsOfProblems(ctx context.Context, contacts []problem.Occurrence, problemIDs ...string) ([]problem.Occurrence, error) {
	customers := customersOf(contacts)
	affected := make([]map[identity.CustomerID]problem.Affected, len(problemIDs))
	for i, id := range problemIDs {
		var err error
		if affected[i], err = s.Store.Problems.AffectedAmong(ctx, id, customers); err != nil {
			return nil, err
		}
	}
	foreign := func(o problem.Occurrence) bool {
		return !slices.ContainsFunc(affected, func(known map[identity.CustomerID]problem.Affected) bool {
			return known[o.Customer].Has(o.Contact)
		})
	}
	return slices.DeleteFunc(slices.Clone(contacts), foreign), nil
}

// finishFilling records that a part has all its contacts, and notifies its
// department, once.
func (s *Service) finishFilling(ctx context.Context, partID string, filling problem.SplitProgress) (problem.Record, error) {
	quotes, words, err := s.describeProblem(ctx, partID, filling.At)
	if err != nil {
		return problem.Record{}, err
	}
	return s.editProblem(ctx, partID, func(p problem.Record) (problem.Record, bool, error) {
		if p.Filling == nil {
			return p, false, nil
		}
		p.Filling = nil
		p.Quotes = quotes
		p.Words = words
		p.Problem = reachMilestone(p.Problem)
		event := problem.Event{Kind: problem.EventUpdated, By: filling.By, At: filling.At, Comment: filling.Comment, Other: p.SplitFrom}
		p.Problem, p.Events = problem.AddEvent(p.Problem, event)
		return p, true, nil
	})
}

// saveFillingProgress records up to which customer the words were looked for. A
// lost write is ignored: the page is then read again, which changes nothing.
func (s *Service) saveFillingProgress(ctx context.Context, partID string, filling problem.SplitProgress) error {
	p, err := s.Store.Problems.GetHeader(ctx, partID)
	if err != nil || p.Filling == nil || p.Filling.After >= filling.After {
		return err
	}
	p.Filling = &filling
	_, err = isLostWrite(s.Store.Problems.Save(ctx, p))
	return err
}
