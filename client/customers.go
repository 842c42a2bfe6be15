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

// An Alias is one address of a customer. The kinds phone, email and account have
// no scope. The kinds bsuid, psid, igsid and visitor have one.
type Alias struct {
	Kind      string `json:"kind"`
	Scope     string `json:"scope,omitempty"`
	Value     string `json:"value"`
	Assurance string `json:"assurance,omitempty"` // verified or claimed
}

// queryValue returns a as the value of a query parameter.
func (a Alias) queryValue() string {
	if a.Scope != "" {
		return a.Scope + ":" + a.Value
	}
	return a.Value
}

// A Customer is a person with the aliases that are known of them.
type Customer struct {
	ID      string   `json:"id"`  // the current id
	IDs     []string `json:"ids"` // all ids, also those from before a merge; each stays valid
	Name    string   `json:"name"`
	Locale  string   `json:"locale"`
	Account string   `json:"account"`
	Aliases []Alias  `json:"aliases"`

	Consents []Consent `json:"consents"` // the latest consent per channel, account and category
}

// A Consent is a customer's permission for one category of messages, granted or
// withdrawn.
type Consent struct {
	Channel  string    `json:"channel"`
	Account  string    `json:"account"`  // our account on the channel: a phone number id or a page id
	Category string    `json:"category"` // "marketing_messages", ...
	Granted  bool      `json:"granted"`
	At       time.Time `json:"at"`
}

// A Message is one item of a history. Raw is its complete JSON, also with the
// properties that have no field here.
type Message struct {
	ID         string    `json:"id"`
	CustomerID string    `json:"customerId"`
	Channel    string    `json:"channel"`
	Direction  string    `json:"direction"` // inbound (from the customer) or outbound (from us)
	Kind       string    `json:"kind"`
	Author     string    `json:"author"`
	SentAt     time.Time `json:"sentAt"`
	Subject    string    `json:"subject"`
	Text       string    `json:"text"`
	State      *State    `json:"state"`

	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON decodes m and stores a copy of data in Raw.
func (m *Message) UnmarshalJSON(data []byte) error {
	type plain Message
	if err := json.Unmarshal(data, (*plain)(m)); err != nil {
		return err
	}
	m.Raw = append(json.RawMessage(nil), data...)
	return nil
}

// A State holds the later changes of a message: delivery, edits, deletion and
// fetched files.
type State struct {
	Status    string               `json:"status"`
	Times     map[string]time.Time `json:"times"`
	Edited    string               `json:"edited"`
	DeletedAt time.Time            `json:"deletedAt"`
	Pricing   *Pricing             `json:"pricing"` // nil if the platform states none
	Files     []File               `json:"files"`
}

// Pricing is how a platform charges for a message. Billable is nil if the
// platform does not say it.
type Pricing struct {
	Billable *bool  `json:"billable"`
	Type     string `json:"type"`
	Category string `json:"category"`
	Model    string `json:"model"`
}

// A File was attached to a message. URL expires after some minutes.
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

// Find returns the customer who owns an alias. The error satisfies [IsNotFound] if
// no customer owns it.
func (c *Client) Find(ctx context.Context, a Alias) (Customer, error) {
	var out Customer
	err := c.Do(ctx, http.MethodGet, "/v1/customers?"+url.Values{a.Kind: {a.queryValue()}}.Encode(), nil, &out)
	return out, err
}

// A FoundCustomer is a customer whom a search found. Matches says with what: phone,
// email, account, order or name.
type FoundCustomer struct {
	ID          string   `json:"id"`
	IDs         []string `json:"ids"`
	Name        string   `json:"name"`
	Account     string   `json:"account"`
	Matches     []string `json:"matches"`
	LastMessage *struct {
		Channel string    `json:"channel"`
		At      time.Time `json:"at"`
	} `json:"lastMessage"` // nil if the customer wrote none
}

// Search returns the customers who have text as phone number, mail address, customer
// number, order number or full name, at most 20. complete is false if more
// customers have this name.
func (c *Client) Search(ctx context.Context, text string) (found []FoundCustomer, complete bool, err error) {
	var out struct {
		Customers []FoundCustomer
		Complete  bool
	}
	err = c.Do(ctx, http.MethodGet, "/v1/customers/search?"+url.Values{"q": {text}}.Encode(), nil, &out)
	return out.Customers, out.Complete, err
}

// Names is a text for display, in both languages.
type Names struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

// A Taxonomy lists the departments, reasons and products of a stack.
type Taxonomy struct {
	Version     string          `json:"version"`
	Departments []TaxonomyEntry `json:"departments"`
	Reasons     []TaxonomyEntry `json:"reasons"`
	Products    []TaxonomyEntry `json:"products"`
}

// A TaxonomyEntry is a department, reason or product. Department is the owner of
// a reason, except for the products in Owners.
type TaxonomyEntry struct {
	ID         string            `json:"id"`
	Names      Names             `json:"names"`
	Department string            `json:"department"`
	Owners     map[string]string `json:"owners"` // departments by product
}

// Taxonomy returns the taxonomy that the stack uses.
func (c *Client) Taxonomy(ctx context.Context) (Taxonomy, error) {
	var out Taxonomy
	err := c.Do(ctx, http.MethodGet, "/v1/taxonomy", nil, &out)
	return out, err
}

// Customer returns the customer with an id, current or former.
func (c *Client) Customer(ctx context.Context, id string) (Customer, error) {
	var out Customer
	err := c.Do(ctx, http.MethodGet, "/v1/customers/"+url.PathEscape(id), nil, &out)
	return out, err
}

// A HistoryQuery selects messages. An empty field does not restrict the selection.
type HistoryQuery struct {
	Oldest                     bool // oldest first; the default is newest first
	Channel, Direction, Reason string
	From, To                   time.Time // From <= SentAt < To
	Words                      string    // words that the message must all contain
	PageSize                   int       // 1 to 200
}

func (q HistoryQuery) urlValues() url.Values {
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

// History returns the messages of a customer, each once. It requests a page when
// the loop reaches it. The sequence ends at the first error.
func (c *Client) History(ctx context.Context, customer string, q HistoryQuery) iter.Seq2[Message, error] {
	type page struct {
		Messages []Message
		pageEnd
	}
	return iteratePages(ctx, c, "/v1/customers/"+url.PathEscape(customer)+"/messages", q.urlValues(), func(p page) ([]Message, pageEnd) { return p.Messages, p.pageEnd })
}

// Contacts returns the contacts of a customer, latest first. The sequence ends at
// the first error.
func (c *Client) Contacts(ctx context.Context, customer string) iter.Seq2[Contact, error] {
	type page struct {
		Contacts []Contact
		pageEnd
	}
	return iteratePages(ctx, c, "/v1/customers/"+url.PathEscape(customer)+"/contacts", url.Values{}, func(p page) ([]Contact, pageEnd) { return p.Contacts, p.pageEnd })
}

// A Waiter is a contact with an unanswered question.
type Waiter struct {
	ID           string    `json:"id"` // id of the contact
	CustomerID   string    `json:"customerId"`
	WaitingSince time.Time `json:"waitingSince"`
	Department   string    `json:"department"`
	Reason       string    `json:"reason"`
	Product      string    `json:"product"`
	Severity     string    `json:"severity"` // of the reason
	Question     string    `json:"question"` // first words of the first unanswered message
	Name         string    `json:"name"`     // of the customer
	Channels     []string  `json:"channels"`
}

// Waiting returns the contacts that wait for a department, or for all if it is empty:
// critical ones first, then longest waiting. The sequence ends at the first error.
func (c *Client) Waiting(ctx context.Context, department string) iter.Seq2[Waiter, error] {
	type page struct {
		Contacts []Waiter
		pageEnd
	}
	query := url.Values{"state": {"waiting"}}
	if department != "" {
		query.Set("department", department)
	}
	return iteratePages(ctx, c, "/v1/contacts", query, func(p page) ([]Waiter, pageEnd) { return p.Contacts, p.pageEnd })
}

// Changes are the messages, effects and contacts of a customer that were stored
// after a cursor. An item may be returned twice, with the same id.
type Changes struct {
	CustomerID string    `json:"customerId"`
	IDs        []string  `json:"ids"`
	Regrouped  bool      `json:"regrouped"` // the customer was merged or split: read the whole history again
	Messages   []Message `json:"messages"`
	Effects    []struct {
		Channel string               `json:"channel"`
		Of      string               `json:"of"` // id of the message, without its time
		State   *State               `json:"state"`
		Until   map[string]time.Time `json:"until"`
	} `json:"effects"`
	Contacts []Contact `json:"contacts"`
	Cursor   string    `json:"cursor"` // for the next call
	Complete bool      `json:"complete"`
}

// Changes returns the changes of a customer after the cursor since. With an empty
// cursor it returns no changes, only the first cursor.
func (c *Client) Changes(ctx context.Context, customer, since string) (Changes, error) {
	query := url.Values{}
	if since != "" {
		query.Set("since", since)
	}
	var out Changes
	err := c.Do(ctx, http.MethodGet, "/v1/customers/"+url.PathEscape(customer)+"/changes?"+query.Encode(), nil, &out)
	return out, err
}

// A Call is a phone call, a visit to the shop or a note. The caller chooses ID and
// uses it again to record the same call.
type Call struct {
	ID      string    `json:"id"`
	Channel string    `json:"channel"` // phone, shop or note
	At      time.Time `json:"at"`
	Reason  string    `json:"reason"`
	Product string    `json:"product,omitempty"`
	Outcome string    `json:"outcome,omitempty"` // if empty, the contact waits for an answer
	Text    string    `json:"text,omitempty"`
}

// Record stores a call as a message of the customer.
func (c *Client) Record(ctx context.Context, customer string, call Call) (Message, error) {
	var out Message
	err := c.Do(ctx, http.MethodPost, "/v1/customers/"+url.PathEscape(customer)+"/contacts", call, &out)
	return out, err
}

// A Decision is what people decided about a message. In a request, a nil field keeps the
// earlier decision.
type Decision struct {
	MessageID string    `json:"messageId"`
	Asks      *bool     `json:"asks,omitempty"`    // whether it asks for an answer
	Machine   *bool     `json:"machine,omitempty"` // whether a program wrote it
	By        string    `json:"by,omitempty"`      // set by the server
	At        time.Time `json:"at,omitzero"`       // set by the server
}

// Decide stores a decision about a message of the customer. It returns the message's
// complete decision.
func (c *Client) Decide(ctx context.Context, customer string, d Decision) (Decision, error) {
	d.By = ""
	d.At = time.Time{}
	var out Decision
	err := c.Do(ctx, http.MethodPost, "/v1/customers/"+url.PathEscape(customer)+"/decisions", d, &out)
	return out, err
}

// An Entry is the record of a customer in the company's register.
type Entry struct {
	Name   string   `json:"name,omitempty"`
	Locale string   `json:"locale,omitempty"`
	Phones []string `json:"phones,omitempty"`
	Mails  []string `json:"mails,omitempty"`
	Orders []Order  `json:"orders,omitempty"`
}

// An Order is one purchase of a customer.
type Order struct {
	Number   string   `json:"number"`
	Products []string `json:"products,omitempty"`
}

// Register stores the register entry of a customer number of the company. It
// returns the id of the customer who has that number.
func (c *Client) Register(ctx context.Context, number string, e Entry) (customer string, err error) {
	var out struct{ CustomerID string }
	err = c.Do(ctx, http.MethodPut, "/v1/customers/account/"+url.PathEscape(number), e, &out)
	return out.CustomerID, err
}

// A pageEnd holds the cursor of the next page, and whether the page is the last.
type pageEnd struct {
	Cursor   string `json:"cursor"`
	Complete bool   `json:"complete"`
}

// iteratePages yields the items of a list. It requests the pages one by one.
func iteratePages[P, T any](ctx context.Context, c *Client, path string, query url.Values, itemsOf func(P) ([]T, pageEnd)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		query := url.Values(http.Header(query).Clone())
		for {
			var page P
			if err := c.Do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &page); err != nil {
				yield(zero, err)
				return
			}
			items, end := itemsOf(page)
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if end.Complete {
				return
			}
			if end.Cursor == "" {
				yield(zero, fmt.Errorf("response to %s is incomplete but has no cursor", path))
				return
			}
			query.Set("cursor", end.Cursor)
		}
	}
}
