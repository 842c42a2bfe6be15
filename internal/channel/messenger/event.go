package messenger

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// postback reads a button that was pressed. Meta names it since v11 only, and
// strips the payload for apps that do not hold the conversation.
func (it *item) postback(raw meta.Value) error {
	if !raw.IsObject() {
		return errNoObject
	}
	o := raw.Object()
	id, payload := o.Get("mid").Text(), o.Get("payload")
	if id == "" {
		id = it.hash("postback", payload)
	}
	return it.add(contact.Message{
		Kind:       contact.Reply,
		ProviderID: id,
		Text:       contact.Clean(o.Get("title").Text(), contact.MaxText),
		Payload:    contact.Clean(payload.Text(), maxField),
		Referral:   newReferral(o.Get("referral")),
	}, it.ours())
}

// referral reads that a customer came, by an ad or a link. Nothing was said
// yet.
func (it *item) referral(raw meta.Value) error {
	if !raw.IsObject() {
		return errNoObject
	}
	return it.add(contact.Message{
		Kind:       contact.Event,
		ProviderID: it.hash("referral", raw.Get("ref")),
		Payload:    "referral",
		Referral:   newReferral(raw),
		Passive:    true,
	}, it.ours())
}

// newReferral reads what brought a customer here.
func newReferral(v meta.Value) *contact.Referral {
	if !v.IsObject() {
		return nil
	}
	o := v.Object()
	field := func(values ...meta.Value) string { return contact.Clean(firstOf(values...), maxField) }
	r := contact.Referral{
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

// effect completes e with what the element says of it, and adds it.
func (it *item) effect(e contact.Effect, outbound bool) error {
	who, err := it.customer(outbound)
	if err != nil {
		return err
	}
	if e.At.IsZero() {
		e.At = it.at
	}
	switch {
	case e.At.IsZero():
		return errNoTime
	case e.Kind != contact.Watermark && !usableID(e.Target):
		return errNoID
	}
	e.Channel, e.Account, e.Customer = it.channel, it.account, who
	it.out.Effects = append(it.out.Effects, e)
	return nil
}

// edit reads that a message has a new text.
func (it *item) edit(raw meta.Value) error {
	revision, _ := strconv.Atoi(raw.Get("num_edit").Text()) // zero where there is none
	return it.effect(contact.Effect{
		Kind:     contact.Edit,
		Target:   raw.Get("mid").Text(),
		Text:     contact.Clean(raw.Get("text").Text(), contact.MaxText),
		Revision: max(revision, 0),
	}, it.ours())
}

// emojis are those of the reactions that come by name only.
var emojis = map[string]string{
	"smile": "😆", "laugh": "😆", "haha": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤", "like": "👍", "dislike": "👎",
}

// reaction reads an emoji put to a message, or taken away.
func (it *item) reaction(raw meta.Value) error {
	o := raw.Object()
	e := contact.Effect{Kind: contact.Reaction, Target: o.Get("mid").Text(), By: contact.Inbound}
	if it.ours() {
		e.By = contact.Outbound
	}
	if o.Get("action").Text() != "unreact" {
		e.Emoji = newEmoji(o)
	}
	return it.effect(e, it.ours())
}

// newEmoji returns the emoji of a reaction that was put: never empty.
func newEmoji(o meta.Object) string {
	if emoji := contact.Clean(o.Get("emoji").Text(), maxID); emoji != "" {
		return emoji
	}
	if emoji, ok := emojis[o.Get("reaction").Text()]; ok {
		return emoji
	}
	return "❓"
}

// delivery reads which messages arrived: those it names, and all until the
// watermark.
func (it *item) delivery(raw meta.Value) error {
	at, mids := raw.Get("watermark").Time(), raw.Get("mids").List()
	failed := all(mids, func(mid meta.Value) error {
		return it.effect(contact.Effect{Kind: contact.Status, Status: "delivered", Target: mid.Text(), At: at}, it.ours())
	})
	switch {
	case !at.IsZero():
		return cmp.Or(failed, it.effect(contact.Effect{Kind: contact.Watermark, Status: "delivered", At: at}, it.ours()))
	case len(mids) > 0:
		return failed
	}
	return fault.New(fault.Invalid, "neither message ids nor a watermark")
}

// seen reads which messages were read: on Messenger all until the watermark,
// on Instagram the one it names.
func (it *item) seen(raw meta.Value) error {
	mid, at := raw.Get("mid").Text(), raw.Get("watermark").Time()
	switch {
	case mid != "":
		return it.effect(contact.Effect{Kind: contact.Status, Status: "read", Target: mid}, it.ours())
	case at.IsZero():
		return fault.New(fault.Invalid, "neither a message id nor a watermark")
	}
	return it.effect(contact.Effect{Kind: contact.Watermark, Status: "read", At: at}, it.ours())
}

// optin reads that a customer came by a site's plugin, or wants messages of a
// kind, or no longer does.
func (it *item) optin(raw meta.Value) error {
	if err := it.notice("optin", raw); err != nil {
		return err
	}
	n := &it.out.Notices[len(it.out.Notices)-1]
	kind := raw.Get("type").Text()
	if kind == "notification_messages" && n.Customer != nil && !it.at.IsZero() {
		n.Consent = &identity.Consent{
			Channel: string(it.channel), Account: it.account, Category: kind, At: it.at,
			Granted: !strings.HasPrefix(strings.ToUpper(raw.Get("notification_messages_status").Text()), "STOP"),
		}
	}
	return nil
}

// feedback reads a filled-in survey: a notice with its scores, and, if the
// customer wrote something, a message too.
func (it *item) feedback(raw meta.Value) error {
	if err := it.notice("messaging_feedback", raw); err != nil {
		return err
	}
	var words []string
	for _, screen := range raw.Get("feedback_screens").List() {
		for _, question := range screen.Get("questions").Object() {
			words = append(words, written(question.Value)...)
			words = append(words, written(question.Value.Get("follow_up"))...)
		}
	}
	text := contact.Clean(strings.Join(words, "\n"), contact.MaxText)
	if text == "" {
		return nil
	}
	return it.add(contact.Message{
		Kind:       contact.Form,
		ProviderID: it.hash("messaging_feedback", raw),
		Text:       text,
		Payload:    "messaging_feedback",
		Data:       raw.Raw(),
	}, it.ours())
}

// written returns the customer's own words in an answer to a survey, if any.
func written(answer meta.Value) []string {
	words := strings.TrimSpace(answer.Get("payload").Text())
	if answer.Get("type").Text() != "free_form" || words == "" {
		return nil
	}
	return []string{words}
}
