package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/message"
)

// deliveryCommands are the commands that bring messages into a stack.
func deliveryCommands() []command {
	return []command{
		{
			"demo", "", "play a short story over all channels, and show the history and the problem item",
			"demo", (*tool).runDemo,
		},
		{
			"send", "<channel> <file...>", "send a delivery to the stack as its platform does: signed, or mail by SMTP",
			"send whatsapp events/deliveries/whatsapp.json", (*tool).sendFiles,
		},
		{
			"normalize", "<channel> <file...>", "print the content of a delivery, one JSON line per element; needs no stack",
			"normalize email events/deliveries/email.eml", (*tool).normalizeFiles,
		},
	}
}

// sendFiles sends files to the stack as the channel's platform does.
func (t *tool) sendFiles(ctx context.Context, args []string) error {
	f := t.newFlagSet("send")
	to := f.String("to", "", "email: the `mailbox`; default: klantenservice at the stack's mail domain")
	account := f.String("account", "", "webchat: sign in with this customer `number`")
	keep := f.Bool("keep-id", false, "webchat: keep the id in the file instead of making a new one")
	if err := t.parseArgs(f, args, 2, -1); err != nil {
		return err
	}
	channel := message.Channel(f.Arg(0))
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
		case message.Email:
			err = c.SendMail(*to, raw)
		case message.WebChat:
			err = postChatMessage(ctx, c, *account, raw, *keep)
		default:
			err = c.SendDelivery(ctx, channel, raw)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Fprintf(t.out, "%s: accepted\n", file)
	}
	t.printHint("heardctl history <kind:value> of the sender shows the message; heardctl replay -list quarantine shows unreadable deliveries")
	return nil
}

// postChatMessage posts a message in a new chat. It makes a new id unless keepID
// is set, because the API refuses old ids.
func postChatMessage(ctx context.Context, c *stackclient.Client, account string, raw []byte, keepID bool) error {
	session, err := c.OpenChat(ctx, account)
	if err != nil {
		return err
	}
	var message map[string]any
	if err := json.Unmarshal(raw, &message); err != nil {
		return fmt.Errorf("the file is not a JSON object: %w", err)
	}
	if !keepID {
		message["id"] = newMessageID()
	}
	if err := c.PostChatMessage(ctx, session, message); err != nil {
		return fmt.Errorf("post the chat message: %w", err)
	}
	return nil
}

// newMessageID returns a UUIDv7 of now.
func newMessageID() string { return uuid.Must(uuid.NewV7()).String() }

// uuidTime returns the time in a UUIDv7, or now for any other id.
func uuidTime(id string) time.Time {
	if u, err := uuid.Parse(id); err == nil && u.Version() == 7 {
		sec, nsec := u.Time().UnixTime()
		return time.Unix(sec, nsec)
	}
	return time.Now()
}
