package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/infra/heardctl/client"
	"github.com/heard-intake/heard/internal/contact"
)

// sendFiles sends files to the stack, as the channel's platform would.
func (t *tool) sendFiles(ctx context.Context, args []string) error {
	f := t.newFlagSet("send")
	to := f.String("to", "", "email: the `mailbox`, by default klantenservice@ the stack's domain")
	account := f.String("account", "", "webchat: be signed in with this customer `number`")
	keep := f.Bool("keep-id", false, "webchat: keep the id in the file, instead of a new one")
	if err := t.parseArgs(f, args, 2, -1); err != nil {
		return err
	}
	channel := contact.Channel(f.Arg(0))
	if _, err := newNormalizer(channel, "", "", mailSettings{}); err != nil {
		return err
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	for _, file := range f.Args()[1:] {
		raw, err := os.ReadFile(file) //nolint:gosec // the operator names the file
		if err != nil {
			return err
		}
		switch channel {
		case contact.Email:
			err = c.SendMail(*to, raw)
		case contact.WebChat:
			err = postChatMessage(ctx, c, *account, raw, *keep)
		default:
			err = c.SendDelivery(ctx, channel, raw)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Fprintf(t.out, "%s: taken\n", file)
	}
	return nil
}

// postChatMessage posts a message in a new chat, by default under a new id: an old
// one is refused.
func postChatMessage(ctx context.Context, c *client.Client, account string, raw []byte, keepID bool) error {
	session, err := c.OpenChat(ctx, account)
	if err != nil {
		return err
	}
	var message map[string]any
	if err := json.Unmarshal(raw, &message); err != nil {
		return err
	}
	if !keepID {
		message["id"] = newMessageID()
	}
	return c.PostChatMessage(ctx, session, message)
}

func newMessageID() string { return uuid.Must(uuid.NewV7()).String() }

// uuidTime is the time in a UUIDv7, or now.
func uuidTime(id string) time.Time {
	if u, err := uuid.Parse(id); err == nil && u.Version() == 7 {
		sec, nsec := u.Time().UnixTime()
		return time.Unix(sec, nsec)
	}
	return time.Now()
}
