package agentapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/redact"
)

// An example is a correction without its customer, message and agent.
type example struct {
	Text     string          `json:"text,omitempty"` // masked; absent if no words are left
	Reasons  []contact.Cause `json:"reasons"`
	Was      []contact.Cause `json:"was"`
	Taxonomy string          `json:"taxonomy"`
	At       time.Time       `json:"at"`
}

type examplesResponse struct {
	Examples []example `json:"examples"`
	Cursor   string    `json:"cursor,omitempty"`
	Complete bool      `json:"complete"`
}

// listExamples answers with corrections in a form that may leave Heard, for a
// file that a classifier learns from. It records in the audit log which agent
// took them.
func (a *API) listExamples(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	page, err := a.readCorrections(ctx, r.Query())
	if err != nil {
		return httpapi.Response{}, err
	}
	body := examplesResponse{Examples: []example{}, Cursor: page.Cursor, Complete: page.Complete}
	for _, c := range page.Items {
		text, err := a.maskedText(ctx, c)
		if err != nil {
			return httpapi.Response{}, err
		}
		body.Examples = append(body.Examples, example{
			Text: text, Reasons: anonymousCauses(c.Causes), Was: anonymousCauses(c.Was), Taxonomy: c.Taxonomy, At: c.At,
		})
	}
	return httpapi.Response{Body: body}, a.Store.Contacts.RecordBulkAction(ctx, "examples", r.Caller(), r.URL.RawQuery, len(body.Examples), r.Now)
}

// anonymousCauses returns causes without their messages.
func anonymousCauses(causes []contact.Cause) []contact.Cause {
	out := []contact.Cause{}
	for _, c := range causes {
		out = append(out, contact.Cause{
			Reason: c.Reason, Product: c.Product, Department: c.Department, FoundBy: c.FoundBy, Words: c.Words, Confidence: c.Confidence, Corrected: c.Corrected,
		})
	}
	return out
}

// maskedText returns the customer's words in a corrected contact up to the
// correction, with personal data masked. It returns "" if the contact or
// customer is gone, if no words are left, or if the text is too long to be masked.
func (a *API) maskedText(ctx context.Context, c contact.Correction) (string, error) {
	at, _, _, err := c.Message.Parse()
	if err != nil {
		return "", nil
	}
	customer, err := a.Store.Customers.Get(ctx, c.Customer)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	contacts, messages, err := a.Store.Contacts.WithMessages(ctx, customer, at)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, k := range contacts {
		if !slices.ContainsFunc(k.Messages, func(m message.Message) bool { return m.ID == c.Message }) {
			continue
		}
		for _, m := range k.Messages {
			if m.Direction == message.Inbound && !m.SentAt.After(c.Until) {
				texts = append(texts, strings.TrimSpace(m.Subject+" "+m.Text))
			}
		}
	}
	text, _ := redact.Mask(strings.Join(texts, " "), excerpt.PersonalData(a.Taxonomy(), customer, messages))
	if !redact.HasWords(text) {
		return "", nil
	}
	return text, nil
}
