package stackclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// Person is a customer as the API returns it.
type Person struct {
	ID      identity.CustomerID `json:"id"`
	Name    string              `json:"name"`
	Account string              `json:"account"`
	Aliases []identity.Address  `json:"aliases"`
}

// FindCustomer returns the customer of an alias, such as "phone:31612345678".
func (c *Client) FindCustomer(ctx context.Context, alias string) (Person, error) {
	var p Person
	err := c.Call(ctx, http.MethodGet, "/v1/customers?alias="+url.QueryEscape(alias), nil, &p)
	if err != nil {
		return Person{}, fmt.Errorf("find the customer: %w", err)
	}
	return p, nil
}

// FoundCustomer is a customer whom a search found.
type FoundCustomer struct {
	ID      identity.CustomerID `json:"id"`
	Name    string              `json:"name"`
	Account string              `json:"account"`
	Matches []string            `json:"matches"`
}

// SearchCustomers returns the customers whom a text describes, such as a full
// name. complete is false if there are more.
func (c *Client) SearchCustomers(ctx context.Context, text string) (found []FoundCustomer, complete bool, err error) {
	var out struct {
		Customers []FoundCustomer `json:"customers"`
		Complete  bool            `json:"complete"`
	}
	if err := c.Call(ctx, http.MethodGet, "/v1/customers/search?q="+url.QueryEscape(text), nil, &out); err != nil {
		return nil, false, fmt.Errorf("search customers: %w", err)
	}
	return out.Customers, out.Complete, nil
}

// Messages returns the last messages of a customer, oldest first.
func (c *Client) Messages(ctx context.Context, id identity.CustomerID, limit int) ([]message.Entry, error) {
	var page struct{ Messages []message.Entry }
	path := fmt.Sprintf("/v1/customers/%s/messages?limit=%d", id, limit)
	if err := c.Call(ctx, http.MethodGet, path, nil, &page); err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	slices.Reverse(page.Messages)
	return page.Messages, nil
}

// Contact is a contact and its state.
type Contact struct {
	contact.Contact
	State string `json:"state"`
}

// Contacts returns the last contacts of a customer, latest first.
func (c *Client) Contacts(ctx context.Context, id identity.CustomerID) ([]Contact, error) {
	var page struct{ Contacts []Contact }
	err := c.Call(ctx, http.MethodGet, fmt.Sprintf("/v1/customers/%s/contacts", id), nil, &page)
	if err != nil {
		return nil, fmt.Errorf("read the contacts: %w", err)
	}
	return page.Contacts, nil
}

// A WaitingRow is a contact that waits, and who has its customer.
type WaitingRow struct {
	contact.WaitingContact
	Claim *contact.Claim `json:"claim"` // nil without a holder
}

// Waiting returns the contacts that wait, the first ones first. query has the
// parameters of the API, such as department; empty ones are left out. complete is
// false if there are more.
func (c *Client) Waiting(ctx context.Context, query map[string]string) (rows []WaitingRow, complete bool, err error) {
	parameters := url.Values{"state": {"waiting"}}
	for name, value := range query {
		if value != "" {
			parameters.Set(name, value)
		}
	}
	var page struct {
		Contacts []WaitingRow
		Complete bool
	}
	if err := c.Call(ctx, http.MethodGet, "/v1/contacts?"+parameters.Encode(), nil, &page); err != nil {
		return nil, false, fmt.Errorf("read the waiting list: %w", err)
	}
	return page.Contacts, page.Complete, nil
}

// Problems returns the problems of a department, the latest first. An empty
// department means all departments.
func (c *Client) Problems(ctx context.Context, department string) ([]problem.Problem, error) {
	var all []problem.Problem
	query := url.Values{"limit": {"200"}}
	if department != "" {
		query.Set("department", department)
	}
	for {
		var page struct {
			Problems []problem.Problem
			Cursor   string
		}
		if err := c.Call(ctx, http.MethodGet, "/v1/problems?"+query.Encode(), nil, &page); err != nil {
			return nil, fmt.Errorf("list the problems: %w", err)
		}
		all = append(all, page.Problems...)
		if page.Cursor == "" {
			return all, nil
		}
		query.Set("cursor", page.Cursor)
	}
}

// ResendItem sends the latest item of a problem to its department's queue again.
func (c *Client) ResendItem(ctx context.Context, problemID string) error {
	if err := c.Call(ctx, http.MethodPost, "/v1/problems/"+url.PathEscape(problemID)+"/resend", nil, nil); err != nil {
		return fmt.Errorf("resend the item of problem %s: %w", problemID, err)
	}
	return nil
}

// Entry is one customer in the company's own register.
type Entry struct {
	Number string           `json:"-"`
	Name   string           `json:"name,omitempty"`
	Locale string           `json:"locale,omitempty"`
	Phones []string         `json:"phones,omitempty"`
	Mails  []string         `json:"mails,omitempty"`
	Orders []identity.Order `json:"orders,omitempty"`
}

// Item is one message on a department's queue.
type Item struct {
	problem.Item
	Raw []byte // the body as received
}

// QueueItems receives the items on a department's queue. If remove is false they
// return to the queue, but each read counts as one receive.
func (c *Client) QueueItems(ctx context.Context, department string, remove bool) ([]Item, error) {
	queue, err := c.problemQueue(ctx, department)
	if err != nil {
		return nil, err
	}
	var items []Item
	var back []types.ChangeMessageVisibilityBatchRequestEntry
	for {
		out, err := c.SDK.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 30})
		if err != nil {
			err = fmt.Errorf("receive the items of department %s: %w", department, err)
		}
		if err != nil || len(out.Messages) == 0 {
			return items, errors.Join(err, c.returnMessages(context.WithoutCancel(ctx), queue, back))
		}
		for _, m := range out.Messages {
			i := Item{Raw: []byte(aws.ToString(m.Body))}
			if err := json.Unmarshal(i.Raw, &i.Item); err != nil {
				return nil, fmt.Errorf("a message of the department's queue is not valid JSON: %w", err)
			}
			items = append(items, i)
			if !remove {
				id := fmt.Sprint(len(back))
				back = append(back, types.ChangeMessageVisibilityBatchRequestEntry{Id: &id, ReceiptHandle: m.ReceiptHandle})
				continue
			}
			if _, err := c.SDK.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return nil, fmt.Errorf("delete an item from the queue of department %s: %w", department, err)
			}
		}
	}
}

// CountHeldItems returns the number of items on a department's queue that cannot
// be received now: a consumer holds them, or holds an earlier item of the same
// problem.
func (c *Client) CountHeldItems(ctx context.Context, department string) (int, error) {
	queue, err := c.problemQueue(ctx, department)
	if err != nil {
		return 0, err
	}
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	got, err := c.SDK.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("count the held items of department %s: %w", department, err)
	}
	sum := 0
	for _, name := range names {
		n, err := strconv.Atoi(got.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("queue attribute %s: %w", name, err)
		}
		sum += n
	}
	return sum, nil
}

// problemQueue returns the URL of a department's queue.
func (c *Client) problemQueue(ctx context.Context, department string) (string, error) {
	queue, err := c.Queue(ctx, c.SDK, "problems-"+department+".fifo")
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); ok {
		return "", fmt.Errorf("department %q has no queue: check its name, and add it to the taxonomy and to the parameter Departments", department)
	}
	if err != nil {
		return "", fmt.Errorf("find the queue of department %s: %w", department, err)
	}
	return queue, nil
}

// returnMessages makes received messages visible on their queue again.
func (c *Client) returnMessages(ctx context.Context, queue string, entries []types.ChangeMessageVisibilityBatchRequestEntry) error {
	for some := range slices.Chunk(entries, 10) {
		_, err := c.SDK.SQS.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &queue, Entries: some})
		if err != nil {
			return fmt.Errorf("return messages to the queue, they stay hidden for up to 30 seconds: %w", err)
		}
	}
	return nil
}
