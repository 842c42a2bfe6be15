package messenger

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// readPostback reads a button that the customer pressed. Meta sends a message
// id since version 11 only. It removes the payload for apps that do not
// control the conversation.
func (it *item) readPostback(raw meta.Value) error {
	if !raw.IsObject() {
		return errShape
	}
	o := raw.Object()
	id := o.Get("mid").Text()
	payload := o.Get("payload")
	if id == "" {
		id = it.generateID("postback", payload)
	}
	return it.addMessage(message.Message{
		Kind:       message.Reply,
		ProviderID: id,
		Text:       message.Clean(o.Get("title").Text(), message.MaxText),
		Payload:    message.Clean(payload.Text(), maxField),
		Referral:   parseReferral(o.Get("referral")),
	}, it.isSentByPage())
}

// readReferral reads that a customer arrived through an ad or a link. The
// customer has not said anything yet, so the message is passive.
func (it *item) readReferral(raw meta.Value) error {
	if !raw.IsObject() {
		return errShape
	}
	return it.addMessage(message.Message{
		Kind:       message.Event,
		ProviderID: it.generateID("referral", raw.Get("ref")),
		Payload:    "referral",
		Referral:   parseReferral(raw),
		Passive:    true,
	}, it.isSentByPage())
}

// parseReferral returns the ad, link or product that led to a message, or nil.
func parseReferral(v meta.Value) *message.Referral {
	if !v.IsObject() {
		return nil
	}
	o := v.Object()
	field := func(values ...meta.Value) string { return message.Clean(firstNonEmptyText(values...), maxField) }
	r := message.Referral{
		Source:  strings.ToLower(field(o.Get("source"))),
		ID:      field(o.Get("ad_id")),
		URL:     field(o.Get("referer_uri")),
		Ref:     field(o.Get("ref")),
		Title:   field(v.Get("ads_context_data", "ad_title")),
		Product: field(v.Get("product", "id"), v.Get("ads_context_data", "product_id")),
	}
	if r.Source == "ads" {
		r.Source = "ad"
	}
	return &r
}

// addEffect completes e with the element's customer and time, and adds it.
func (it *item) addEffect(e message.Effect, outbound bool) error {
	customer, err := it.customerAddress(outbound)
	if err != nil {
		return err
	}
	if e.At.IsZero() {
		e.At = it.at
	}
	switch {
	case e.At.IsZero():
		return errNoTime
	case e.Kind != message.Watermark && !isUsableID(e.Target):
		return errNoID
	}
	e.Channel = it.channel
	e.Account = it.account
	e.Customer = customer
	it.delivery.Effects = append(it.delivery.Effects, e)
	return nil
}

// readEdit reads the new text of an edited message.
func (it *item) readEdit(raw meta.Value) error {
	revision, _ := strconv.Atoi(raw.Get("num_edit").Text()) // zero if absent
	return it.addEffect(message.Effect{
		Kind:     message.Edit,
		Target:   raw.Get("mid").Text(),
		Text:     message.Clean(raw.Get("text").Text(), message.MaxText),
		Revision: max(revision, 0),
	}, it.isSentByPage())
}

// reactionEmojis maps the names of reactions to emojis, for reactions that
// come without one.
var reactionEmojis = map[string]string{
	"smile": "😆", "laugh": "😆", "haha": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤", "like": "👍", "dislike": "👎",
}

// readReaction reads a reaction to a message, or its removal.
func (it *item) readReaction(raw meta.Value) error {
	o := raw.Object()
	e := message.Effect{Kind: message.Reaction, Target: o.Get("mid").Text(), By: message.Inbound}
	if it.isSentByPage() {
		e.By = message.Outbound
	}
	if o.Get("action").Text() != "unreact" {
		e.Emoji = reactionEmoji(o)
	}
	return it.addEffect(e, it.isSentByPage())
}

// reactionEmoji returns the emoji of a reaction. It is never empty.
func reactionEmoji(o meta.Object) string {
	if emoji := message.Clean(o.Get("emoji").Text(), maxID); emoji != "" {
		return emoji
	}
	if emoji, ok := reactionEmojis[o.Get("reaction").Text()]; ok {
		return emoji
	}
	return "❓"
}

// readDelivery reads which messages were delivered: those with the ids in
// mids, and all messages up to the watermark.
func (it *item) readDelivery(raw meta.Value) error {
	at := raw.Get("watermark").Time()
	mids := raw.Get("mids").Elements()
	failed := readEach(mids, func(mid meta.Value) error {
		return it.addEffect(message.Effect{Kind: message.Status, Status: "delivered", Target: mid.Text(), At: at}, it.isSentByPage())
	})
	switch {
	case !at.IsZero():
		return cmp.Or(failed, it.addEffect(message.Effect{Kind: message.Watermark, Status: "delivered", At: at}, it.isSentByPage()))
	case len(mids) > 0:
		return failed
	}
	return fault.New(fault.Invalid, "message ids and watermark are both missing")
}

// readReadReceipt reads which messages the customer read. Messenger reports
// all messages up to a watermark, Instagram one message.
func (it *item) readReadReceipt(raw meta.Value) error {
	mid := raw.Get("mid").Text()
	at := raw.Get("watermark").Time()
	switch {
	case mid != "":
		return it.addEffect(message.Effect{Kind: message.Status, Status: "read", Target: mid}, it.isSentByPage())
	case at.IsZero():
		return fault.New(fault.Invalid, "message id and watermark are both missing")
	}
	return it.addEffect(message.Effect{Kind: message.Watermark, Status: "read", At: at}, it.isSentByPage())
}

// readOptin reads an opt-in. A customer came through a web site's plugin, or
// turned a kind of notification on or off.
func (it *item) readOptin(raw meta.Value) error {
	if err := it.addNotice("optin", raw); err != nil {
		return err
	}
	n := &it.delivery.Notices[len(it.delivery.Notices)-1]
	kind := raw.Get("type").Text()
	if kind == "notification_messages" && n.Customer != nil && !it.at.IsZero() {
		n.Consent = &identity.Consent{
			Channel: string(it.channel), Account: it.account, Category: kind, At: it.at,
			Granted: !strings.HasPrefix(strings.ToUpper(raw.Get("notification_messages_status").Text()), "STOP"),
		}
	}
	return nil
}

// readFeedback reads a completed survey. It adds a notice with the scores, and
// a message if the customer wrote a comment.
func (it *item) readFeedback(raw meta.Value) error {
	if err := it.addNotice("messaging_feedback", raw); err != nil {
		return err
	}
	var words []string
	for _, screen := range raw.Get("feedback_screens").Elements() {
		for _, question := range screen.Get("questions").Object() {
			words = append(words, freeFormAnswer(question.Value)...)
			words = append(words, freeFormAnswer(question.Value.Get("follow_up"))...)
		}
	}
	text := message.Clean(strings.Join(words, "\n"), message.MaxText)
	if text == "" {
		return nil
	}
	return it.addMessage(message.Message{
		Kind:       message.Form,
		ProviderID: it.generateID("messaging_feedback", raw),
		Text:       text,
		Payload:    "messaging_feedback",
		Data:       raw.CopyRaw(),
	}, it.isSentByPage())
}

// freeFormAnswer returns the customer's own words in an answer to a survey, or
// nil.
func freeFormAnswer(answer meta.Value) []string {
	words := strings.TrimSpace(answer.Get("payload").Text())
	if answer.Get("type").Text() != "free_form" || words == "" {
		return nil
	}
	return []string{words}
}
