package api

import (
	"context"
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// Bounds of a claim.
const (
	maxParty      = 100 // bytes of an id
	maxReason     = 200 // bytes
	claimMinutes  = 15
	teamMinutes   = 7 * 24 * 60 // a team keeps nobody off, and so may be as slow as a mail
	maxMinutes    = 24 * 60
	maxClaimTries = 8
)

var parties = []contact.PartyKind{contact.Agent, contact.Bot, contact.Team}

// A taking is what a claim, a release and the common part of a hand-over ask.
type taking struct {
	Holder  *contact.Party `json:"holder"`
	Minutes int            `json:"minutes"`
	Version int64          `json:"version"`
}

// A releasing leaves the customer to anybody.
type releasing struct {
	Holder  *contact.Party `json:"holder"`
	Version int64          `json:"version"`
}

// A handing gives the customer to somebody else.
type handing struct {
	Holder  *contact.Party `json:"holder"`
	To      contact.Party  `json:"to"`
	Reason  string         `json:"reason"`
	Note    string         `json:"note"`
	Minutes int            `json:"minutes"`
	Version int64          `json:"version"`
}

func (a *Agents) claim(ctx context.Context, r *request) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	all, err := a.Store.Claims(ctx, c.Members)
	if err != nil {
		return reply{}, err
	}
	return reply{body: shownClaim(contact.Standing(all, c.ID, r.now), c.ID, r.now)}, nil
}

// shownClaim is a claim as it is now: one that lapsed is nobody's.
func shownClaim(c contact.Claim, stands identity.CustomerID, now time.Time) contact.Claim {
	if !c.Held(now) {
		return contact.Claim{Customer: stands, Version: c.Version}
	}
	c.Customer = stands
	return c
}

func (a *Agents) take(ctx context.Context, r *request) (reply, error) {
	var b taking
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	t, err := turn(r, b.Holder, b.Minutes, claimMinutes, b.Version)
	if err != nil {
		return reply{}, err
	}
	if t.Who.Kind == contact.Team {
		return reply{}, fault.New(fault.Invalid, "a team cannot claim; hand the customer over to it")
	}
	next, err := a.change(ctx, r, t, func(cur contact.Claim, t contact.Turn) (contact.Claim, error) { return cur.Take(t) })
	return reply{body: next}, err
}

func (a *Agents) release(ctx context.Context, r *request) (reply, error) {
	var b releasing
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	t, err := turn(r, b.Holder, 0, claimMinutes, b.Version)
	if err != nil {
		return reply{}, err
	}
	next, err := a.change(ctx, r, t, func(cur contact.Claim, t contact.Turn) (contact.Claim, error) { return cur.Release(t) })
	return reply{body: next}, err
}

func (a *Agents) handOver(ctx context.Context, r *request) (reply, error) {
	var b handing
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	usual := claimMinutes
	if b.To.Kind == contact.Team {
		usual = teamMinutes
	}
	t, err := turn(r, b.Holder, b.Minutes, usual, b.Version)
	if err == nil {
		err = checkParty("to", b.To)
	}
	if err == nil {
		b.Reason, err = clean("reason", b.Reason, maxReason, true)
	}
	if err == nil {
		b.Note, err = clean("note", b.Note, contact.MaxNote, t.Who.Kind == contact.Bot)
	}
	if err != nil {
		return reply{}, err
	}
	next, err := a.change(ctx, r, t, func(cur contact.Claim, t contact.Turn) (contact.Claim, error) {
		next, err := cur.HandOver(t, b.To, b.Reason)
		if err == nil && b.Note != "" && next.Version != cur.Version {
			next.Note = contact.NewID(contact.Note, next.Since, fmt.Sprintf("handover-%d", next.Version))
		}
		return next, err
	})
	if err != nil || next.Note == "" {
		return reply{body: next}, err
	}
	// The note is written after the claim, so that a hand-over which was refused
	// leaves none; whoever repeats the request writes it then.
	at, _, key, err := next.Note.Parse()
	if err != nil {
		return reply{}, err
	}
	_, err = a.record(ctx, r, contact.Message{
		Version: contact.SchemaVersion, ID: next.Note, ProviderID: key, SentAt: at, Channel: contact.Note, Direction: contact.Outbound,
		Kind: contact.Text, Origin: contact.Recorded, Passive: true, Author: t.Who.ID, Text: b.Note,
		Note: &contact.Remark{Kind: contact.HandedOver},
	})
	return reply{body: next}, err
}

// turn is who does something with a claim: whom the request names, else whose
// token it is.
func turn(r *request, who *contact.Party, minutes, usual int, seen int64) (contact.Turn, error) {
	t := contact.Turn{Who: contact.Party{Kind: contact.Agent, ID: r.caller()}, By: r.caller(), At: r.now.Truncate(time.Millisecond), Minutes: minutes, Seen: seen}
	if who != nil {
		if err := checkParty("holder", *who); err != nil {
			return t, err
		}
		t.Who = *who
	}
	if minutes == 0 {
		t.Minutes = usual
	}
	if minutes < 0 || minutes > maxMinutes {
		return t, fault.New(fault.Invalid, "minutes must be a number from 1 to %d", maxMinutes)
	}
	if seen < 0 {
		return t, fault.New(fault.Invalid, "version must be that of the claim")
	}
	return t, nil
}

func checkParty(name string, p contact.Party) error {
	for _, k := range parties {
		if p.Kind == k && printable(p.ID, maxParty) {
			return nil
		}
	}
	return fault.New(fault.Invalid, "%s must have a kind (%s) and an id of 1 to %d letters, digits and signs", name, list(parties), maxParty)
}

// change does something with the claim on the customer in the path. Of those
// who race one is first, and the others are told who.
func (a *Agents) change(ctx context.Context, r *request, t contact.Turn, do func(contact.Claim, contact.Turn) (contact.Claim, error)) (contact.Claim, error) {
	c, err := a.known(ctx, r)
	if err != nil {
		return contact.Claim{}, err
	}
	t.Customer = c.ID
	if t.Contact, err = a.openContact(ctx, c, r.now); err != nil {
		return contact.Claim{}, err
	}
	for range maxClaimTries {
		all, err := a.Store.Claims(ctx, c.Members)
		if err != nil {
			return contact.Claim{}, err
		}
		cur := contact.Standing(all, c.ID, r.now)
		next, err := do(cur, t)
		switch {
		case fault.KindOf(err) == fault.Conflict:
			return contact.Claim{}, &refusal{error: err, more: map[string]any{"claim": shownClaim(cur, c.ID, r.now)}}
		case err != nil:
			return contact.Claim{}, err
		case next.Version == cur.Version:
			return shownClaim(cur, c.ID, r.now), nil
		}
		err = a.Store.SaveClaim(ctx, next, all)
		if err == nil {
			return next, nil
		}
		if fault.KindOf(err) != fault.Conflict {
			return contact.Claim{}, err
		}
	}
	return contact.Claim{}, fault.New(fault.Unavailable, "the claim keeps changing")
}

// openContact returns the id of the contact that is open, empty for none.
func (a *Agents) openContact(ctx context.Context, c identity.Customer, now time.Time) (string, error) {
	last, _, err := a.Store.CustomerContacts(ctx, c, 1, "")
	if err != nil || len(last) == 0 || last[0].State(now) == "closed" {
		return "", err
	}
	return last[0].ID, nil
}

// mayAnswer refuses the answer of an author while somebody else has the
// customer, unless it is forced. Who has the customer keeps them by answering.
func (a *Agents) mayAnswer(ctx context.Context, r *request, author, force string) error {
	c, err := a.customer(ctx, r)
	if err != nil {
		return err
	}
	all, err := a.Store.Claims(ctx, c.Members)
	if err != nil || len(all) == 0 {
		return err
	}
	cur := contact.Standing(all, c.ID, r.now)
	if !cur.Held(r.now) || cur.Holder.Kind == contact.Team {
		return nil
	}
	if cur.Holder.ID != author && cur.Holder.ID != r.caller() {
		if force != "" {
			return nil
		}
		return &refusal{
			error: fault.New(fault.Conflict, "%s has this customer; to answer all the same, say in force why", cur.Holder),
			more:  map[string]any{"claim": shownClaim(cur, c.ID, r.now)},
		}
	}
	next, renewed := cur.Renew(contact.Turn{Customer: c.ID, Who: *cur.Holder, By: r.caller(), At: r.now.Truncate(time.Millisecond)})
	if !renewed {
		return nil
	}
	if err := a.Store.SaveClaim(ctx, next, all); fault.KindOf(err) != fault.Conflict {
		return err
	}
	return nil // somebody changed it meanwhile, after this answer was let through
}
