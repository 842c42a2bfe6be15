package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// An Alias is one address of a customer. The kinds are phone, email, account,
// and with a scope bsuid, psid, igsid and visitor.
type Alias struct {
	Kind      string `json:"kind"`
	Scope     string `json:"scope,omitempty"`
	Value     string `json:"value"`
	Assurance string `json:"assurance,omitempty"` // verified or claimed
}

func (a Alias) text() string {
	if a.Scope != "" {
		return a.Scope + ":" + a.Value
	}
	return a.Value
}

// A Customer is who somebody is.
type Customer struct {
	ID      string   `json:"id"`  // the one that stands now
	IDs     []string `json:"ids"` // all of them; each works for ever
	Name    string   `json:"name"`
	Locale  string   `json:"locale"`
	Account string   `json:"account"`
	Aliases []Alias  `json:"aliases"`

	Consents []Consent `json:"consents"` // what they said last of each thing
}

// A Consent is what a customer allows on a channel, or no longer does.
type Consent struct {
	Channel  string    `json:"channel"`
	Account  string    `json:"account"`  // our side: a phone number id or a page
	Category string    `json:"category"` // "marketing_messages", ...
	Granted  bool      `json:"granted"`
	At       time.Time `json:"at"`
}

// A Message is one item of a history. Raw is all that the API says of it.
type Message struct {
	ID         string    `json:"id"`
	CustomerID string    `json:"customerId"`
	Channel    string    `json:"channel"`
	Direction  string    `json:"direction"` // inbound is the customer's, outbound is ours
	Kind       string    `json:"kind"`
	Author     string    `json:"author"`
	SentAt     time.Time `json:"sentAt"`
	Subject    string    `json:"subject"`
	Text       string    `json:"text"`
	State      *State    `json:"state"`

	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads m, and keeps it as it came.
func (m *Message) UnmarshalJSON(data []byte) error {
	type plain Message
	if err := json.Unmarshal(data, (*plain)(m)); err != nil {
		return err
	}
	m.Raw = append(json.RawMessage(nil), data...)
	return nil
}

// A State is what became of a message.
type State struct {
	Status    string               `json:"status"`
	Times     map[string]time.Time `json:"times"`
	Edited    string               `json:"edited"`
	DeletedAt time.Time            `json:"deletedAt"`
	Files     []File               `json:"files"`
}

// A File came with a message. URL serves it for some minutes.
type File struct {
	State string `json:"state"`
	Type  string `json:"type"`
	Name  string `json:"name"`
	URL   string `json:"url"`
}

// A Contact is the messages of one customer, over all channels, about one
// wish.
type Contact struct {
	ID           string    `json:"id"`
	CustomerID   string    `json:"customerId"`
	Start        time.Time `json:"start"`
	WaitingSince time.Time `json:"waitingSince"`
	Channels     []string  `json:"channels"`
	Department   string    `json:"department"`
	State        string    `json:"state"` // waiting, answered or closed
}

// Find returns the customer who has an alias; [IsNotFound] tells that nobody
// has it.
func (c *Client) Find(ctx context.Context, a Alias) (Customer, error) {
	var out Customer
	err := c.Do(ctx, http.MethodGet, "/v1/customers?"+url.Values{a.Kind: {a.text()}}.Encode(), nil, &out)
	return out, err
}

// Customer returns the customer of an id.
func (c *Client) Customer(ctx context.Context, id string) (Customer, error) {
	var out Customer
	err := c.Do(ctx, http.MethodGet, "/v1/customers/"+url.PathEscape(id), nil, &out)
	return out, err
}

// A HistoryQuery selects messages; what is empty selects all.
type HistoryQuery struct {
	Oldest                     bool // first; else the newest
	Channel, Direction, Reason string
	From, To                   time.Time // From <= sent < To
	Words                      string    // all of them
	PageSize                   int       // 1 to 200
}

func (q HistoryQuery) values() url.Values {
	v := url.Values{}
	for name, s := range map[string]string{"channel": q.Channel, "direction": q.Direction, "reason": q.Reason, "q": q.Words} {
		if s != "" {
			v.Set(name, s)
		}
	}
	for name, at := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !at.IsZero() {
			v.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	if q.Oldest {
		v.Set("order", "oldest")
	}
	if q.PageSize > 0 {
		v.Set("limit", strconv.Itoa(q.PageSize))
	}
	return v
}

// History walks over what was said, each message once, page by page as it is
// asked for. It ends at the first error.
func (c *Client) History(ctx context.Context, customer string, q HistoryQuery) iter.Seq2[Message, error] {
	type page struct {
		Messages []Message
		paging
	}
	return walk(ctx, c, "/v1/customers/"+url.PathEscape(customer)+"/messages", q.values(), func(p page) ([]Message, paging) { return p.Messages, p.paging })
}

// Contacts walks over the contacts of a customer, latest first.
func (c *Client) Contacts(ctx context.Context, customer string) iter.Seq2[Contact, error] {
	type page struct {
		Contacts []Contact
		paging
	}
	return walk(ctx, c, "/v1/customers/"+url.PathEscape(customer)+"/contacts", url.Values{}, func(p page) ([]Contact, paging) { return p.Contacts, p.paging })
}

// A Waiter is a contact whose last word is the customer's.
type Waiter struct {
	ID           string    `json:"id"` // of the contact
	CustomerID   string    `json:"customerId"`
	WaitingSince time.Time `json:"waitingSince"`
	Department   string    `json:"department"`
	Reason       string    `json:"reason"`
	Product      string    `json:"product"`
	Channels     []string  `json:"channels"`
}

// Waiting walks over who waits for a department, longest first.
func (c *Client) Waiting(ctx context.Context, department string) iter.Seq2[Waiter, error] {
	type page struct {
		Contacts []Waiter
		paging
	}
	query := url.Values{"state": {"waiting"}, "department": {department}}
	return walk(ctx, c, "/v1/contacts", query, func(p page) ([]Waiter, paging) { return p.Contacts, p.paging })
}

// Changes are what is new about a customer. Something may come twice, with the
// same id.
type Changes struct {
	CustomerID string    `json:"customerId"`
	IDs        []string  `json:"ids"`
	Regrouped  bool      `json:"regrouped"` // customers were merged or parted: read everything anew
	Messages   []Message `json:"messages"`
	Effects    []struct {
		Channel string               `json:"channel"`
		Of      string               `json:"of"` // the id of the message, without its time
		State   *State               `json:"state"`
		Until   map[string]time.Time `json:"until"`
	} `json:"effects"`
	Contacts []Contact `json:"contacts"`
	Cursor   string    `json:"cursor"` // of the next look
	Complete bool      `json:"complete"`
}

// Changes returns what was stored of a customer since the look that gave the
// cursor; without one it returns the cursor to begin with.
func (c *Client) Changes(ctx context.Context, customer, since string) (Changes, error) {
	query := url.Values{}
	if since != "" {
		query.Set("since", since)
	}
	var out Changes
	err := c.Do(ctx, http.MethodGet, "/v1/customers/"+url.PathEscape(customer)+"/changes?"+query.Encode(), nil, &out)
	return out, err
}

// A Call is a phone call, a visit or a note. ID is the caller's own, the same
// when the call is recorded again.
type Call struct {
	ID      string    `json:"id"`
	Channel string    `json:"channel"` // phone, shop or note
	At      time.Time `json:"at"`
	Reason  string    `json:"reason"`
	Product string    `json:"product,omitempty"`
	Outcome string    `json:"outcome,omitempty"` // without one the customer waits
	Text    string    `json:"text,omitempty"`
}

// Record registers a contact that no channel carried.
func (c *Client) Record(ctx context.Context, customer string, call Call) (Message, error) {
	var out Message
	err := c.Do(ctx, http.MethodPost, "/v1/customers/"+url.PathEscape(customer)+"/contacts", call, &out)
	return out, err
}

// An Entry is what the company's register says of a customer.
type Entry struct {
	Name   string   `json:"name,omitempty"`
	Locale string   `json:"locale,omitempty"`
	Phones []string `json:"phones,omitempty"`
	Mails  []string `json:"mails,omitempty"`
	Orders []Order  `json:"orders,omitempty"`
}

// An Order is what a customer bought.
type Order struct {
	Number   string   `json:"number"`
	Products []string `json:"products,omitempty"`
}

// Register puts an entry into the register, under the company's own customer
// number. It returns whose it is.
func (c *Client) Register(ctx context.Context, number string, e Entry) (customer string, err error) {
	var out struct{ CustomerID string }
	err = c.Do(ctx, http.MethodPut, "/v1/customers/account/"+url.PathEscape(number), e, &out)
	return out.CustomerID, err
}

// A paging says where a page ended.
type paging struct {
	Cursor   string `json:"cursor"`
	Complete bool   `json:"complete"`
}

// walk yields the items of a list, page by page.
func walk[P, T any](ctx context.Context, c *Client, path string, query url.Values, read func(P) ([]T, paging)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		query := url.Values(http.Header(query).Clone())
		for {
			var page P
			if err := c.Do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &page); err != nil {
				yield(none, err)
				return
			}
			items, end := read(page)
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if end.Complete {
				return
			}
			if end.Cursor == "" {
				yield(none, fmt.Errorf("a page of %s that neither ends nor goes on", path))
				return
			}
			query.Set("cursor", end.Cursor)
		}
	}
}
