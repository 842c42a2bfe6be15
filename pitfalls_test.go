package heard_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pitfalls are what others who take in the webhooks of WhatsApp, Messenger and
// Instagram lost messages by, with the tests that keep it from happening here.
var pitfalls = []struct{ wrong, tests string }{
	{"a retried webhook makes a second message", "whatsapp.Normalize_RedeliveryKeepsID messenger.Normalize_RedeliveryOneByOne WebhookHandler_Redelivery"},
	{"two deliveries in the same second slip through", "Ingest_ConcurrentDuplicates"},
	{"a retry after a failure is taken for a duplicate", "Ingest_StoreOutage"},
	{"a file that cannot be fetched loses its message", "media.Handle_FailingFileBesideOthers media.Handle_PlatformRefusals media.Handle_AddressPerTry"},
	{"a late status takes back a later one", "PutEffect_AnyOrder"},
	{"a status comes before its message", "PutEffect_AnyOrder whatsapp.Normalize_Status"},
	{"a status that fails blocks the messages beside it", "whatsapp.Normalize_BrokenStatusBesideMessage messenger.Normalize_AlternatingBrokenElements"},
	{"one unknown attachment spoils a batch", "messenger.Normalize_UnknownAttachmentType whatsapp.Normalize_UnknownType"},
	{"contacts, a profile or a user id is missing", "whatsapp.Normalize_IncompleteContacts"},
	{"people without a number are all one, or new each time", "whatsapp.Normalize_SendersWithoutPhone messenger.Normalize_NoSenderID"},
	{"one person is two, by phone and by user id", "whatsapp.Normalize_PhoneAndUserID Identify_WhatsAppUsers"},
	{"a user id changes with the number", "whatsapp.Normalize_UserIDChangedAfterMessage Identify_WhatsAppUsers"},
	{"who has neither number nor mail is not found", "FindCustomer_BusinessScopedUserID"},
	{"Brazilian numbers come with and without a digit", "whatsapp.Normalize_KeepsBrazilMexicoArgentinaNumbers PhoneVariants"},
	{"Mexican and Argentinian numbers do so too", "whatsapp.Normalize_KeepsBrazilMexicoArgentinaNumbers Identify_WhatsAppUsers"},
	{"rewriting a number makes the duplicate", "whatsapp.Normalize_KeepsBrazilMexicoArgentinaNumbers whatsapp.Normalize_PlaceholderID"},
	{"our own messages are taken for the customer's", "whatsapp.Normalize_Echo messenger.Normalize_Echo"},
	{"an echo overtakes its send and doubles it", "messenger.Normalize_EchoBeforeSendResult RecordAnswer_AfterEcho"},
	{"an echo makes a second customer", "whatsapp.Normalize_EchoToSameCustomer"},
	{"an entry with standby alone crashes the reader", "messenger.Normalize_Standby"},
	{"after a hand-over messages come in standby alone", "messenger.Normalize_Standby"},
	{"an agent of Meta's takes over, and messages stop", "whatsapp.Normalize_Standby"},
	{"the signature is checked on JSON written anew", "Verify WebhookHandler_Base64Body"},
	{"the signature is asked of the handshake", "WebhookHandler_Handshake"},
	{"what is not understood is answered with an error", "WebhookHandler_UnreadableBody"},
	{"a contact card comes twice, or is lost for its number", "whatsapp.Normalize_CardWithoutPhone whatsapp.Normalize_RedeliveryKeepsID"},
	{"what says nothing makes a ghost of a conversation", "whatsapp.Normalize_PassiveKinds"},
	{"a time in seconds is read as milliseconds", "messenger.Normalize_TimeFormats meta.ParseTime"},
	{"a large id loses its last digits", "messenger.Normalize_NumericIDs whatsapp.Normalize_NumericIDs"},
	{"a text breaks what comes after", "whatsapp.Normalize_UnusualText messenger.Normalize_UncleanText messenger.Normalize_OversizedText"},
	{"customers are merged by name, or by a guess", "whatsapp.Normalize_ChangedNumber whatsapp.Normalize_CardOfThirdPerson Identify_WeakEvidence"},
	{"an hour of failures unsubscribes the page", "WebhookHandler_UnreadableBody AnAlarmTellsOfFailuresLongBeforeAPageIsUnsubscribed"},
	{"the dashboard's test button makes a customer", "whatsapp.Normalize_DashboardTestButton messenger.Normalize_DashboardTestButton"},
}

func TestEveryPitfallHasItsTests(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func Test(\w+)\(t \*testing\.T\)`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(source, -1) {
			found[string(m[1])] = true
			found[filepath.Base(filepath.Dir(path))+"."+string(m[1])] = true // names repeat between packages
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pitfalls {
		for _, name := range strings.Fields(p.tests) {
			if !found[name] {
				t.Errorf("%s: test %s not found", p.wrong, name)
			}
		}
	}
}

func TestAnAlarmTellsOfFailuresLongBeforeAPageIsUnsubscribed(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("infra/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, alarm, _ := strings.Cut(string(template), "MetricName: 5xx")
	alarm, _, _ = strings.Cut(alarm, "\n\n")
	for _, want := range []string{"Period: 60", "EvaluationPeriods: 3"} {
		if !strings.Contains(alarm, want) {
			t.Errorf("the alarm of failed answers has no %q:\n%s", want, alarm)
		}
	}
}
