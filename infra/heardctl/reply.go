package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/heard-intake/heard/internal/contact"
)

// reply sends an answer by mail, to what the customer wrote last.
func (t *tool) reply(ctx context.Context, args []string) error {
	f := t.flags("reply")
	subject := f.String("subject", "", "the `subject`; that of the answered mail unless said")
	force := f.String("force", "", "the `reason` to send it although it is refused")
	if err := t.parse(f, args, 2, 2); err != nil {
		return err
	}
	c, err := t.open(ctx)
	if err != nil {
		return err
	}
	who, err := c.FindCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	body := map[string]string{"channel": string(contact.Email), "id": newID(), "text": f.Arg(1), "subject": *subject, "force": *force}
	var m contact.Message
	if err := c.Call(ctx, http.MethodPost, "/v1/customers/"+string(who.ID)+"/replies", body, &m); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s: will be sent to %s as %q\n", m.ID, m.Customer.Value, m.Subject)
	return nil
}
