package whatsapp_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/message"
)

const constantText = "the text of a form is what the customer wrote; the corpus expects WhatsApp's own text"

// exceptions are items of the corpus that we read differently on purpose.
var exceptions = map[string]string{
	"chatwoot__entry_is_object_not_array.json": "the entry is empty",
	"pywa__message_status_group.json":          "the customer is the participant; the corpus expects the group",

	"chatwoot__nfm_reply_invalid_response_json.json":                 constantText,
	"netflie__build_from_payload_can_build_a_flow_notification.json": constantText,
	"pywa__flow_completion_completion.json":                          constantText,
	"pywa__flow_completion_without_flow_token.json":                  constantText,
}

// TestCorpus compares our reading of real payloads with the expectations that
// came with them.
func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, f := range channeltest.Corpus(t, "whatsapp") {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			d, err := normalize(f)
			if err != nil {
				t.Fatal(err)
			}
			channeltest.Check(t, d)
			if why, ok := exceptions[f.Name]; ok {
				t.Skip(why)
			}
			for _, item := range channeltest.Differences(f, d) {
				t.Errorf("no match for %+v in %+v", item, channeltest.Rows(d))
			}
			for _, b := range d.Broken {
				t.Errorf("broken: %s: %s", b.Path, b.Reason)
			}
		})
	}
}

func normalize(f channeltest.File) (message.Delivery, error) {
	if f.Name == "awsdocs__eum_social_sns_message_text.json" {
		return whatsapp.NormalizeSNS(f.Body)
	}
	return whatsapp.Normalize(f.Body)
}
