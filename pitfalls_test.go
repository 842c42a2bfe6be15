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
	{"a retried webhook makes a second message", "ARetriedWebhookIsTheSameMessage ARedeliveryDoublesNothing AWebhookIsTakenOnce"},
	{"two deliveries in the same second slip through", "TwoDeliveriesInTheSameInstantAreOneMessage"},
	{"a retry after a failure is taken for a duplicate", "WhatCouldNotBeStoredIsAskedForAgain"},
	{"a file that cannot be fetched loses its message", "AWrongFileDoesNotKeepTheOthers WhatAPlatformRefuses TheAddressIsAskedAnewForEachTry"},
	{"a late status takes back a later one", "EffectsInAnyOrderAndNumberGiveTheSameState"},
	{"a status comes before its message", "EffectsInAnyOrderAndNumberGiveTheSameState AStatusNeverMakesAMessage"},
	{"a status that fails blocks the messages beside it", "AStatusThatFailsDoesNotBlockTheMessagesOfItsBatch ABrokenNeighbourBlocksNobody"},
	{"one unknown attachment spoils a batch", "AnAttachmentTypeOfTomorrowIsDataAndNoError AnUnknownTypeIsKeptAndIsNoError"},
	{"contacts, a profile or a user id is missing", "ContactsMayLackEveryMember"},
	{"people without a number are all one, or new each time", "PeopleWithoutNumberAreNotAllOnePerson NoCustomerIsMadeOfAnEmptyID"},
	{"one person is two, by phone and by user id", "OnePersonFirstByPhoneThenByBothThenByUserID WhatsAppUsersStayOneCustomer"},
	{"a user id changes with the number", "AUserIDRotatedBehindTheMessageThatNeedsIt WhatsAppUsersStayOneCustomer"},
	{"who has neither number nor mail is not found", "SomebodyWithoutNumberOrMailIsFoundLikeAnybody"},
	{"Brazilian numbers come with and without a digit", "NumbersOfBrazilMexicoAndArgentinaAreNotRewritten PhoneVariants"},
	{"Mexican and Argentinian numbers do so too", "NumbersOfBrazilMexicoAndArgentinaAreNotRewritten WhatsAppUsersStayOneCustomer"},
	{"rewriting a number makes the duplicate", "NumbersOfBrazilMexicoAndArgentinaAreNotRewritten APlaceholderNeverMeetsARealNumber"},
	{"our own messages are taken for the customer's", "OurOwnMessagesAreNotTheCustomers OurOwnWordsAreNeverTheCustomers"},
	{"an echo overtakes its send and doubles it", "AnEchoThatOvertakesItsSendHasTheIDThatTheSendGets AnAnswerThatWasEchoedAlreadyIsThatMessage"},
	{"an echo makes a second customer", "AnEchoGoesToTheCustomerWhoWrote"},
	{"an entry with standby alone crashes the reader", "AnEntryWithOnlyStandbyIsRead"},
	{"after a hand-over messages come in standby alone", "AnEntryWithOnlyStandbyIsRead"},
	{"an agent of Meta's takes over, and messages stop", "MessagesInStandbyAreTaken"},
	{"the signature is checked on JSON written anew", "Verify ABase64BodyIsVerifiedAsItsBytes"},
	{"the signature is asked of the handshake", "TheHandshake"},
	{"what is not understood is answered with an error", "WhatCannotBeReadIsKeptWholeAndAnswered200"},
	{"a contact card comes twice, or is lost for its number", "ACardWithoutNumberIsNotLost ARetriedWebhookIsTheSameMessage"},
	{"what says nothing makes a ghost of a conversation", "WhatSaysNothingMakesNoGhostContact"},
	{"a time in seconds is read as milliseconds", "ATimeInSecondsIsNotOf1970 Times"},
	{"a large id loses its last digits", "ALargeNumberKeepsItsLastDigit IDsAsNumbersKeepEveryDigit"},
	{"a text breaks what comes after", "TextsThatBreakLaterSystems HalvesOfCharactersAndNULAreCleaned ATextTooLongIsCutBetweenCharacters"},
	{"customers are merged by name, or by a guess", "AChangedNumberMergesOnlyByKnownIDs ACardOfSomebodyElseProvesNothing NobodyIsJoinedByWhatProvesNothing"},
	{"an hour of failures unsubscribes the page", "WhatCannotBeReadIsKeptWholeAndAnswered200 AnAlarmTellsOfFailuresLongBeforeAPageIsUnsubscribed"},
	{"the dashboard's test button makes a customer", "TheTestButtonMakesNoCustomer"},
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
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pitfalls {
		for _, name := range strings.Fields(p.tests) {
			if !found[name] {
				t.Errorf("%s: there is no Test%s", p.wrong, name)
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
