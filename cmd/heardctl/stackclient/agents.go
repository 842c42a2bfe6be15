package stackclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Brief returns the summary of a customer for an agent who is about to answer.
func (c *Client) Brief(ctx context.Context, id identity.CustomerID) (brief.Brief, error) {
	var b brief.Brief
	err := c.Call(ctx, http.MethodGet, fmt.Sprintf("/v1/customers/%s/brief", id), nil, &b)
	if err != nil {
		return brief.Brief{}, fmt.Errorf("read the brief: %w", err)
	}
	return b, nil
}

// ClaimAction is a change of the claim on a customer.
type ClaimAction struct {
	Holder  *contact.Party `json:"holder,omitempty"` // the agent, bot or team that acts; nil for the token's owner
	To      *contact.Party `json:"to,omitempty"`     // with HandOver: the next holder
	Reason  string         `json:"reason,omitempty"`
	Note    string         `json:"note,omitempty"`
	Minutes int            `json:"minutes,omitempty"`
	Version int64          `json:"version,omitempty"` // of the claim that the caller saw; 0 to skip the check
}

// Claim claims a customer, so that no other agent answers.
func (c *Client) Claim(ctx context.Context, id identity.CustomerID, action ClaimAction) (contact.Claim, error) {
	return c.changeClaim(ctx, id, "claim", action)
}

// HandOver passes the claim on a customer to another agent, bot or team.
func (c *Client) HandOver(ctx context.Context, id identity.CustomerID, action ClaimAction) (contact.Claim, error) {
	return c.changeClaim(ctx, id, "handover", action)
}

// Release ends the claim on a customer, so that any agent may answer.
func (c *Client) Release(ctx context.Context, id identity.CustomerID, action ClaimAction) (contact.Claim, error) {
	return c.changeClaim(ctx, id, "release", action)
}

func (c *Client) changeClaim(ctx context.Context, id identity.CustomerID, path string, action ClaimAction) (contact.Claim, error) {
	var now contact.Claim
	err := c.Call(ctx, http.MethodPost, fmt.Sprintf("/v1/customers/%s/%s", id, path), action, &now)
	if err != nil {
		return contact.Claim{}, fmt.Errorf("%s: %w", path, err)
	}
	return now, nil
}

// Note is a structured note about a customer.
type Note struct {
	ID    string           `json:"id"` // empty for a new note
	Kind  message.NoteKind `json:"kind"`
	Text  string           `json:"text"`
	Due   time.Time        `json:"due,omitzero"`
	About message.ID       `json:"about,omitempty"`
}

// AddNote writes a structured note.
func (c *Client) AddNote(ctx context.Context, id identity.CustomerID, n Note) (message.Message, error) {
	if n.ID == "" {
		n.ID = uuid.Must(uuid.NewV7()).String()
	}
	var m message.Message
	err := c.Call(ctx, http.MethodPost, fmt.Sprintf("/v1/customers/%s/notes", id), n, &m)
	if err != nil {
		return message.Message{}, fmt.Errorf("write the note: %w", err)
	}
	return m, nil
}

// Decision is a decision about a message: whether it asks for an answer, and whether a
// program wrote it. A nil field keeps the earlier decision; JSON's null withdraws it.
type Decision struct {
	Message message.ID      `json:"messageId"`
	Asks    json.RawMessage `json:"asks,omitempty"`
	Machine json.RawMessage `json:"machine,omitempty"`
}

// Decide stores a decision about a message. It returns the message's complete decision.
func (c *Client) Decide(ctx context.Context, id identity.CustomerID, d Decision) (contact.Decision, error) {
	var decided contact.Decision
	err := c.Call(ctx, http.MethodPost, fmt.Sprintf("/v1/customers/%s/decisions", id), d, &decided)
	if err != nil {
		return contact.Decision{}, fmt.Errorf("store the decision: %w", err)
	}
	return decided, nil
}

// Placed says to which contact messages belong since a split or a join.
type Placed struct {
	Contact  string `json:"contactId"`
	Messages int    `json:"messages"` // how many were moved
}

// SplitContact makes a message of a contact begin a contact of its own.
func (c *Client) SplitContact(ctx context.Context, id identity.CustomerID, contactID string, m message.ID) (Placed, error) {
	return c.placeMessages(ctx, id, contactID, "split", map[string]any{"messageId": m})
}

// JoinContacts makes two contacts of a customer one.
func (c *Client) JoinContacts(ctx context.Context, id identity.CustomerID, contactID, into string) (Placed, error) {
	return c.placeMessages(ctx, id, contactID, "join", map[string]any{"into": into})
}

func (c *Client) placeMessages(ctx context.Context, id identity.CustomerID, contactID, action string, body map[string]any) (Placed, error) {
	var placed Placed
	path := fmt.Sprintf("/v1/customers/%s/contacts/%s/%s", id, url.PathEscape(contactID), action)
	if err := c.Call(ctx, http.MethodPost, path, body, &placed); err != nil {
		return Placed{}, fmt.Errorf("%s the contact: %w", action, err)
	}
	return placed, nil
}

// ContactEvents receives the messages on the queue contact-events. If remove is
// false they return to the queue, but each read counts as one receive.
func (c *Client) ContactEvents(ctx context.Context, remove bool) ([]contact.Event, error) {
	queue, err := c.Queue(ctx, c.SDK, "contact-events")
	if err != nil {
		return nil, fmt.Errorf("find the queue contact-events: %w", err)
	}
	var all []contact.Event
	var back []types.ChangeMessageVisibilityBatchRequestEntry
	for {
		out, err := c.SDK.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 30})
		if err != nil {
			err = fmt.Errorf("receive the events: %w", err)
		}
		if err != nil || len(out.Messages) == 0 {
			return all, errors.Join(err, c.returnMessages(context.WithoutCancel(ctx), queue, back))
		}
		for _, m := range out.Messages {
			var n contact.Event
			if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &n); err != nil {
				return nil, fmt.Errorf("a message of the queue contact-events is not valid JSON: %w", err)
			}
			all = append(all, n)
			if !remove {
				back = append(back, types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(fmt.Sprint(len(back))), ReceiptHandle: m.ReceiptHandle})
				continue
			}
			if _, err := c.SDK.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return nil, fmt.Errorf("delete an event from the queue: %w", err)
			}
		}
	}
}

// ParseParty reads an agent, a bot or a team, such as "agent:agent-7".
func ParseParty(s string) (*contact.Party, error) {
	kind, id, ok := strings.Cut(s, ":")
	if !ok || id == "" {
		return nil, fmt.Errorf("%q is not an agent, bot or team: write agent:ID, bot:ID or team:ID, such as agent:agent-7", s)
	}
	return &contact.Party{Kind: contact.PartyKind(kind), ID: id}, nil
}
