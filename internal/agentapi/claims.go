package agentapi

import (
	"context"
	"fmt"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Bounds of a claim.
const (
	maxPartyID     = 100 // bytes
	maxReasonBytes = 200
	claimMinutes   = 15
	teamMinutes    = 7 * 24 * 60 // a team's claim excludes no agent, so it can last a week
	maxMinutes     = 24 * 60
	maxClaimTries  = 8
)

var partyKinds = []contact.PartyKind{contact.Agent, contact.Bot, contact.Team}

// A claimRequest claims the customer for the holder.
type claimRequest struct {
	Holder  *contact.Party `json:"holder"` // nil: the token's caller
	Minutes int            `json:"minutes"`
	Version int64          `json:"version"`
}

// A releaseRequest ends the claim.
type releaseRequest struct {
	Holder  *contact.Party `json:"holder"`
	Version int64          `json:"version"`
}

// A handOverRequest gives the customer to another party.
type handOverRequest struct {
	Holder  *contact.Party `json:"holder"`
	To      contact.Party  `json:"to"`
	Reason  string         `json:"reason"`
	Note    string         `json:"note"`
	Minutes int            `json:"minutes"`
	Version int64          `json:"version"`
}

func (a *API) getClaim(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	claims, err := a.Store.Contacts.Claims(ctx, c.Members)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Body: currentClaim(contact.Standing(claims, c.ID, r.Now), c.ID, r.Now)}, nil
}

// currentClaim returns a claim as answers show it: under the surviving id, and
// without a holder if it has lapsed.
func currentClaim(c contact.Claim, survivor identity.CustomerID, now time.Time) contact.Claim {
	if !c.Held(now) {
		return contact.Claim{Customer: survivor, Version: c.Version}
	}
	c.Customer = survivor
	return c
}

func (a *API) claimCustomer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body claimRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	turn, err := newTurn(r, body.Holder, body.Minutes, claimMinutes, body.Version)
	if err != nil {
		return httpapi.Response{}, err
	}
	if turn.Who.Kind == contact.Team {
		return httpapi.Response{}, fault.New(fault.Invalid, "a team cannot claim a customer; hand the customer over to the team")
	}
	next, err := a.changeClaim(ctx, r, turn, contact.Claim.Take)
	return httpapi.Response{Body: next}, err
}

func (a *API) releaseCustomer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body releaseRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	turn, err := newTurn(r, body.Holder, 0, claimMinutes, body.Version)
	if err != nil {
		return httpapi.Response{}, err
	}
	next, err := a.changeClaim(ctx, r, turn, contact.Claim.Release)
	return httpapi.Response{Body: next}, err
}

// handOverCustomer changes the claim and then stores the note of the hand-over.
// In this order, a refused hand-over leaves no note. If the second write fails,
// the caller repeats the request: the claim does not change again, and the note
// is stored under the id that the claim names.
func (a *API) handOverCustomer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body handOverRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	turn, err := body.check(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	next, err := a.changeClaim(ctx, r, turn, func(current contact.Claim, turn contact.Turn) (contact.Claim, error) {
		next, err := current.HandOver(turn, body.To, body.Reason)
		if err == nil && body.Note != "" && next.Version != current.Version {
			next.Note = message.NewID(message.Note, next.Since, fmt.Sprintf("handover-%d", next.Version))
		}
		return next, err
	})
	if err != nil || next.Note == "" {
		return httpapi.Response{Body: next}, err
	}
	at, _, key, err := next.Note.Parse()
	if err != nil {
		return httpapi.Response{}, err
	}
	_, err = a.recordMessage(ctx, r, message.Message{
		Version: message.SchemaVersion, ID: next.Note, ProviderID: key, SentAt: at, Channel: message.Note, Direction: message.Outbound,
		Kind: message.Text, Origin: message.Recorded, Passive: true, Author: turn.Who.ID, Text: body.Note,
		Note: &message.Remark{Kind: message.HandedOver},
	})
	return httpapi.Response{Body: next}, err
}

// check returns the turn that a request takes, and cleans its texts. A bot must
// leave a note, because its successor has not followed the conversation.
func (body *handOverRequest) check(r *httpapi.Request) (contact.Turn, error) {
	defaultMinutes := claimMinutes
	if body.To.Kind == contact.Team {
		defaultMinutes = teamMinutes
	}
	turn, err := newTurn(r, body.Holder, body.Minutes, defaultMinutes, body.Version)
	if err != nil {
		return turn, err
	}
	if err := checkParty("to", body.To); err != nil {
		return turn, err
	}
	if body.Reason, err = httpapi.CleanText("reason", body.Reason, maxReasonBytes, true); err != nil {
		return turn, err
	}
	body.Note, err = httpapi.CleanText("note", body.Note, message.MaxNote, turn.Who.Kind == contact.Bot)
	return turn, err
}

// newTurn returns the turn of a request: of the party that it names, else of
// the token's caller as an agent. Version is the claim's version that the
// caller saw, 0 if the request names none.
func newTurn(r *httpapi.Request, party *contact.Party, minutes, defaultMinutes int, version int64) (contact.Turn, error) {
	turn := contact.Turn{
		Who: contact.Party{Kind: contact.Agent, ID: r.Caller()}, By: r.Caller(), At: r.Now.Truncate(time.Millisecond), Minutes: minutes, Seen: version,
	}
	if party != nil {
		if err := checkParty("holder", *party); err != nil {
			return turn, err
		}
		turn.Who = *party
	}
	if minutes == 0 {
		turn.Minutes = defaultMinutes
	}
	if minutes < 0 || minutes > maxMinutes {
		return turn, fault.New(fault.Invalid, "minutes must be a number from 1 to %d", maxMinutes)
	}
	if version < 0 {
		return turn, fault.New(fault.Invalid, "version must be the version of the claim")
	}
	return turn, nil
}

func checkParty(name string, p contact.Party) error {
	for _, kind := range partyKinds {
		if p.Kind == kind && httpapi.IsPrintable(p.ID, maxPartyID) {
			return nil
		}
	}
	return fault.New(fault.Invalid, "%s must have a kind (%s) and an id of 1 to %d letters, digits or punctuation marks", name, httpapi.JoinNames(partyKinds), maxPartyID)
}

// changeClaim changes the claim on the customer in the path and returns it. If
// several requests race, one wins, and the others are refused with the claim
// that they lost against.
func (a *API) changeClaim(ctx context.Context, r *httpapi.Request, turn contact.Turn, change func(contact.Claim, contact.Turn) (contact.Claim, error)) (contact.Claim, error) {
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return contact.Claim{}, err
	}
	turn.Customer = c.ID
	if turn.Contact, err = a.openContact(ctx, c, r.Now); err != nil {
		return contact.Claim{}, err
	}
	for range maxClaimTries {
		claims, err := a.Store.Contacts.Claims(ctx, c.Members)
		if err != nil {
			return contact.Claim{}, err
		}
		current := contact.Standing(claims, c.ID, r.Now)
		next, err := change(current, turn)
		switch {
		case fault.Is(err, fault.Conflict):
			return contact.Claim{}, refuseWithClaim(err, currentClaim(current, c.ID, r.Now))
		case err != nil:
			return contact.Claim{}, err
		case next.Version == current.Version:
			return currentClaim(current, c.ID, r.Now), nil
		}
		err = a.Store.Contacts.SaveClaim(ctx, next, claims)
		if err == nil {
			return next, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return contact.Claim{}, err
		}
	}
	return contact.Claim{}, fault.New(fault.Unavailable, "other requests keep changing the claim; retry")
}

// refuseWithClaim returns a refusal whose problem document has the claim.
func refuseWithClaim(err error, c contact.Claim) error {
	return &httpapi.Refusal{Err: err, Members: map[string]any{"claim": c}}
}

// openContact returns the id of the customer's open contact, and "" without
// one.
func (a *API) openContact(ctx context.Context, c identity.Customer, now time.Time) (string, error) {
	last, _, err := a.Store.Contacts.CustomerContacts(ctx, c, 1, "")
	if err != nil || len(last) == 0 || last[0].State(now) == "closed" {
		return "", err
	}
	return last[0].ID, nil
}

// requireAnswerable refuses an answer to a customer whom another agent or bot
// has claimed, unless force says why. An answer by the holder renews the claim.
func (a *API) requireAnswerable(ctx context.Context, r *httpapi.Request, author, force string) error {
	c, err := a.resolveCustomer(ctx, r)
	if err != nil {
		return err
	}
	claims, err := a.Store.Contacts.Claims(ctx, c.Members)
	if err != nil || len(claims) == 0 {
		return err
	}
	current := contact.Standing(claims, c.ID, r.Now)
	if !current.Held(r.Now) || current.Holder.Kind == contact.Team {
		return nil
	}
	if current.Holder.ID != author && current.Holder.ID != r.Caller() {
		if force != "" {
			return nil
		}
		err := fault.New(fault.Conflict, "%s has this customer; give a reason in force to answer anyway", current.Holder)
		return refuseWithClaim(err, currentClaim(current, c.ID, r.Now))
	}
	turn := contact.Turn{Customer: c.ID, Who: *current.Holder, By: r.Caller(), At: r.Now.Truncate(time.Millisecond)}
	next, renewed := current.Renew(turn)
	if !renewed {
		return nil
	}
	if err := a.Store.Contacts.SaveClaim(ctx, next, claims); !fault.Is(err, fault.Conflict) {
		return err
	}
	return nil // the claim changed after this answer was allowed
}
