package messenger_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/message"
)

// exceptions are payloads that we read differently from the corpus, with the
// reason.
var exceptions = map[string]string{
	"messenger4j__shouldthrowexceptionifobjecttypeisnotpage.json": "refused: the object is testValue",
	"metadocs__messages_sticker_only.json":                        "the like button becomes 👍",
	"metadocs__messages_sticker_transition.json":                  "the like button becomes 👍",
	"restfb__message-sticker-thumbup.json":                        "the like button becomes 👍",
	"botbuilder__payloadwithreferral.json":                        "entry 0 is the dashboard's test button, without a real customer",
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
				t.Errorf("got error %v, missing %+v\nin %+v", err, missing, channeltest.Rows(d))
			case why != "" && err == nil && len(missing) == 0:
				t.Errorf("no difference, want the exception: %s", why)
			}
		})
	}
}

// inOurTerms returns item with the values that d has in another field than the
// text.
func inOurTerms(item channeltest.Item, d message.Delivery) channeltest.Item {
	kind, _, _ := strings.Cut(item.Kind, "+")
	switch kind {
	case "no messaging": // an unknown list becomes a notice
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
	case "reaction/unreact": // a removed reaction has no emoji
		item.Text = ""
	case "optin", "optin/user_ref": // the ref is set by the web site, not written by the customer
		item.Text = ""
	}
	return item
}
