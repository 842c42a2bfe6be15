package agentapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/message"
)

// A decideMessageRequest says whether a message asks for an answer, and whether a
// program wrote it. Each of the two is true, false or null. A missing member keeps the
// earlier decision, and null withdraws it.
type decideMessageRequest struct {
	MessageID message.ID      `json:"messageId"`
	Asks      json.RawMessage `json:"asks"`
	Machine   json.RawMessage `json:"machine"`
}

// parseChoice returns the choice in a member of a request.
func parseChoice(name string, member json.RawMessage) (contact.Choice, error) {
	switch string(member) {
	case "":
		return contact.Keep, nil
	case "true":
		return contact.Yes, nil
	case "false":
		return contact.No, nil
	case "null":
		return contact.Withdraw, nil
	}
	return contact.Keep, fault.New(fault.Invalid, "%s must be true, false or null", name)
}

// decideMessage stores a decision about a message. Triage receives it by the table's
// stream, and computes the contacts of the message again. A repeated request stores
// the same decision.
func (a *API) decideMessage(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body decideMessageRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	change, err := newMessageDecision(body, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	found, err := a.Store.Messages.Find(ctx, c, body.MessageID)
	switch {
	case err != nil:
		return httpapi.Response{}, err
	case len(found) == 0:
		return httpapi.Response{}, fault.New(fault.NotFound, "the customer has no such message; take messageId from the history")
	case found[0].Direction == message.Outbound && change.Asks != contact.Keep:
		return httpapi.Response{}, fault.New(fault.Invalid, "asks is for messages of the customer, and this message is ours; leave asks out")
	}
	change.Customer = found[0].CustomerID
	decided, err := a.Store.Contacts.Decide(ctx, change)
	return httpapi.Response{Body: decided}, err
}

// maxMessageID is the length of the longest message id, in bytes: 13 digits, a channel
// and 200 bytes of the provider's id.
const maxMessageID = 256

// newMessageDecision returns the decision of a request, without its customer.
func newMessageDecision(body decideMessageRequest, r *httpapi.Request) (contact.DecisionChange, error) {
	change := contact.DecisionChange{Message: body.MessageID, By: r.Caller(), At: r.Now.Truncate(time.Millisecond)}
	if _, _, _, err := body.MessageID.Parse(); err != nil || len(body.MessageID) > maxMessageID {
		return change, fault.New(fault.Invalid, "messageId must be the id of a message of the history")
	}
	var err error
	if change.Asks, err = parseChoice("asks", body.Asks); err != nil {
		return change, err
	}
	if change.Machine, err = parseChoice("machine", body.Machine); err != nil {
		return change, err
	}
	if change.Asks == contact.Keep && change.Machine == contact.Keep {
		return change, fault.New(fault.Invalid, "asks or machine is needed: true, false, or null to withdraw an earlier decision")
	}
	return change, nil
}
