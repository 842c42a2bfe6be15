package messenger_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/contact"
)

// exceptions are the payloads in which we see something else than others do,
// and why.
var exceptions = map[string]string{
	"messenger4j__shouldthrowexceptionifobjecttypeisnotpage.json": "refused: its object is testValue",
	"metadocs__messages_sticker_only.json":                        "the like button says 👍",
	"metadocs__messages_sticker_transition.json":                  "the like button says 👍",
	"restfb__message-sticker-thumbup.json":                        "the like button says 👍",
	"botbuilder__payloadwithreferral.json":                        "entry 0 is the dashboard's test button: nobody is a customer",
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, f := range channeltest.Corpus(t, "messenger") {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			d, err := messenger.Normalize(f.Body)
			channeltest.Check(t, d)
			if len(d.Broken) > 0 {
				t.Errorf("broken: %s: %s", d.Broken[0].Path, d.Broken[0].Reason)
			}
			for i, item := range f.Want {
				f.Want[i] = inOurTerms(item, d)
			}
			missing := channeltest.Differences(f, d)
			switch why := exceptions[f.Name]; {
			case why == "" && (err != nil || len(missing) > 0):
				t.Errorf("error %v, missing %+v\nin %+v", err, missing, channeltest.Rows(d))
			case why != "" && err == nil && len(missing) == 0:
				t.Errorf("agrees, but is an exception: %s", why)
			}
		})
	}
}

// inOurTerms returns item with what d, and not the text, says in its place.
func inOurTerms(item channeltest.Item, d contact.Delivery) channeltest.Item {
	kind, _, _ := strings.Cut(item.Kind, "+")
	switch kind {
	case "no messaging": // of a list nobody knows: a notice
	case "postback": // the payload has a field of its own
		if m := d.Messages[0]; item.Text == m.Text+" ["+m.Payload+"]" {
			item.Text = m.Text
		}
	case "delivery", "read": // a watermark is the effect's time
		_, mark, _ := strings.Cut(item.Text, "watermark=")
		if mark != "" {
			item.Time = mark
		}
		item.Text = ""
	case "reaction/unreact": // the emoji is gone
		item.Text = ""
	case "optin", "optin/user_ref": // the ref is the site's, and nobody's words
		item.Text = ""
	}
	return item
}
