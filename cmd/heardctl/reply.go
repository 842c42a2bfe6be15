package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/heard-intake/heard/internal/message"
)

// sendReply sends an answer by mail to the customer's last message.
func (t *tool) sendReply(ctx context.Context, args []string) error {
	f := t.newFlagSet("reply")
	subject := f.String("subject", "", "the `subject`; default: that of the answered mail")
	force := f.String("force", "", "send a refused answer all the same, for this `reason`")
	c, err := t.parseAndOpen(ctx, f, args, 2, 2)
	if err != nil {
		return err
	}
	customer, err := c.FindCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	body := map[string]string{"channel": string(message.Email), "id": newMessageID(), "text": f.Arg(1), "subject": *subject, "force": *force}
	var m message.Message
	if err := c.Call(ctx, http.MethodPost, "/v1/customers/"+string(customer.ID)+"/replies", body, &m); err != nil {
		return fmt.Errorf("send the answer: %w", err)
	}
	fmt.Fprintf(t.out, "%s: will be sent to %s as %q\n", m.ID, m.Customer.Value, m.Subject)
	t.printHint("heardctl history %s shows whether it was delivered", f.Arg(0))
	return nil
}
