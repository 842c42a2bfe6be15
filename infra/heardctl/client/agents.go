package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// Brief returns what to know before answering a customer.
func (c *Client) Brief(ctx context.Context, id identity.CustomerID) (brief.Brief, error) {
	var b brief.Brief
	err := c.Call(ctx, http.MethodGet, fmt.Sprintf("/v1/customers/%s/brief", id), nil, &b)
	return b, err
}

// A ClaimAction is what somebody does with the claim on a customer.
type ClaimAction struct {
	Holder  *contact.Party `json:"holder,omitempty"` // who does it; nil: whose token it is
	To      *contact.Party `json:"to,omitempty"`     // to hand over: who gets the customer
	Reason  string         `json:"reason,omitempty"`
	Note    string         `json:"note,omitempty"`
	Minutes int            `json:"minutes,omitempty"`
	Version int64          `json:"version,omitempty"` // of the claim that was seen
}

// Claim takes a customer, so that nobody else answers.
func (c *Client) Claim(ctx context.Context, id identity.CustomerID, t ClaimAction) (contact.Claim, error) {
	return c.turn(ctx, id, "claim", t)
}

// HandOver gives a customer to somebody else.
func (c *Client) HandOver(ctx context.Context, id identity.CustomerID, t ClaimAction) (contact.Claim, error) {
	return c.turn(ctx, id, "handover", t)
}

// Release leaves a customer to anybody.
func (c *Client) Release(ctx context.Context, id identity.CustomerID, t ClaimAction) (contact.Claim, error) {
	return c.turn(ctx, id, "release", t)
}

func (c *Client) turn(ctx context.Context, id identity.CustomerID, what string, t ClaimAction) (contact.Claim, error) {
	var now contact.Claim
	err := c.Call(ctx, http.MethodPost, fmt.Sprintf("/v1/customers/%s/%s", id, what), t, &now)
	return now, err
}

// A Note is a structured note.
type Note struct {
	ID    string           `json:"id"` // empty: a new one
	Kind  contact.NoteKind `json:"kind"`
	Text  string           `json:"text"`
	Due   time.Time        `json:"due,omitzero"`
	About contact.ID       `json:"about,omitempty"`
}

// AddNote writes a structured note.
func (c *Client) AddNote(ctx context.Context, id identity.CustomerID, n Note) (contact.Message, error) {
	if n.ID == "" {
		n.ID = uuid.Must(uuid.NewV7()).String()
	}
	var m contact.Message
	err := c.Call(ctx, http.MethodPost, fmt.Sprintf("/v1/customers/%s/notes", id), n, &m)
	return m, err
}

// ContactEvents receives what is on the queue contact-events now. What is not removed
// is there again afterwards, though each look counts as a receive.
func (c *Client) ContactEvents(ctx context.Context, remove bool) ([]contact.News, error) {
	queue, err := c.Queue(ctx, c.SDK, "contact-events")
	if err != nil {
		return nil, err
	}
	var all []contact.News
	var back []types.ChangeMessageVisibilityBatchRequestEntry
	for {
		out, err := c.SDK.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 30})
		if err != nil || len(out.Messages) == 0 {
			return all, errors.Join(err, c.putBack(context.WithoutCancel(ctx), queue, back))
		}
		for _, m := range out.Messages {
			var n contact.News
			if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &n); err != nil {
				return nil, fmt.Errorf("news that is no JSON: %w", err)
			}
			all = append(all, n)
			if !remove {
				back = append(back, types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(fmt.Sprint(len(back))), ReceiptHandle: m.ReceiptHandle})
				continue
			}
			if _, err := c.SDK.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return nil, err
			}
		}
	}
}

// ParseParty reads who somebody is: "agent:agent-7".
func ParseParty(s string) (*contact.Party, error) {
	kind, id, ok := strings.Cut(s, ":")
	if !ok || id == "" {
		return nil, fmt.Errorf("%q is nobody: say agent:, bot: or team: and an id", s)
	}
	return &contact.Party{Kind: contact.PartyKind(kind), ID: id}, nil
}
