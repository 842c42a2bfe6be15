package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// The numbers of the tests of this file. Jan leaves oldNumber for newNumber, and
// Kees gets oldNumber.
var (
	oldNumber = identity.Alias{Kind: identity.Phone, Value: "31970100001701"}
	newNumber = identity.Alias{Kind: identity.Phone, Value: "31970100001702"}
)

// numberHook returns a webhook with one element of a list of a field. The contact
// has a user id unless userID is empty.
func numberHook(field, list, from, userID, element string) string {
	contact := fmt.Sprintf(`{"profile":{"name":"x"},"wa_id":%q}`, from)
	if userID != "" {
		contact = fmt.Sprintf(`{"profile":{"name":"x"},"wa_id":%q,"user_id":%q}`, from, userID)
	}
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"waba","changes":[{"field":%q,"value":{
		"messaging_product":"whatsapp","metadata":{"display_phone_number":"31970100000000","phone_number_id":"110"},
		"contacts":[%s],%q:[%s]}}]}]}`, field, contact, list, element)
}

func numberMessage(from, userID, id string, at int) string {
	return numberHook("messages", "messages", from, userID, fmt.Sprintf(`{"from":%q,"id":"wamid.%s","timestamp":"%d","type":"text","text":{"body":%q}}`, from, id, at, id))
}

func numberChange(id string, at int, from, to string) string {
	return numberHook("messages", "messages", from, "", fmt.Sprintf(
		`{"from":%q,"id":"wamid.%s","timestamp":"%d","type":"system","system":{"type":"user_changed_number","wa_id":%q,"customer":%q}}`, from, id, at, to, from))
}

// numberEcho returns the webhook of an answer by staff, which names the number
// of the customer only.
func numberEcho(id string, at int, to string) string {
	return numberHook("smb_message_echoes", "message_echoes", to, "", fmt.Sprintf(
		`{"from":"31970100000000","to":%q,"id":"wamid.%s","timestamp":"%d","type":"text","text":{"body":%q}}`, to, id, at, id))
}

func numberStatus(of, status string, at int, to string) string {
	return numberHook("messages", "statuses", to, "", fmt.Sprintf(`{"id":"wamid.%s","status":%q,"timestamp":"%d","recipient_id":%q}`, of, status, at, to))
}

// changedNumber returns the deliveries about the two numbers, in order of time. With
// user ids, the messages of persons name them, as WhatsApp's do since 2026.
func changedNumber(userIDs bool) map[string]string {
	jan, moved, kees := "", "", ""
	if userIDs {
		jan, moved, kees = "NL.1701", "NL.1702", "NL.1703"
	}
	return map[string]string{
		"1 Jan asks":               numberMessage(oldNumber.Value, jan, "jan-asks", 1790000000),
		"2 staff answers Jan":      numberEcho("to-jan", 1790000100, oldNumber.Value),
		"3 Jan asks again":         numberMessage(oldNumber.Value, jan, "jan-again", 1790000200),
		"4 staff answers again":    numberEcho("to-jan-again", 1790000300, oldNumber.Value),
		"5 Jan changes the number": numberChange("change", 1790001000, oldNumber.Value, newNumber.Value),
		"6 Jan has read it":        numberStatus("to-jan", "read", 1790090000, oldNumber.Value),
		"7 the other one failed":   numberStatus("to-jan-again", "failed", 1790090000, oldNumber.Value),
		"8 Jan writes":             numberMessage(newNumber.Value, moved, "jan-back", 1790100000),
		"9 Kees writes":            numberMessage(oldNumber.Value, kees, "kees-asks", 1790200000),
		"A staff answers Kees":     numberEcho("to-kees", 1790200100, oldNumber.Value),
		"B Kees has read it":       numberStatus("to-kees", "read", 1790200200, oldNumber.Value),
	}
}

// numberHistory returns the provider ids in the history of an alias, sorted, each with
// its status.
func (w *world) numberHistory(t *testing.T, a identity.Alias) []string {
	t.Helper()
	var out []string
	for _, e := range w.history(t, a) {
		line := e.ProviderID
		if e.State != nil && e.State.Status != "" {
			line += " " + e.State.Status
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// TestWebhookHandler_ChangedNumber delivers Jan's change of number in different
// orders. Jan and Kees each have what they wrote and what was sent to them.
func TestWebhookHandler_ChangedNumber(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]string{
		"in order":                             "123456789AB",
		"change last":                          "12346789AB5",
		"change twice":                         "1234556789AB5",
		"change before Jan's last messages":    "12534678 9AB",
		"Jan's messages last":                  "56789AB1234",
		"all backwards":                        "BA987654321",
		"Kees before Jan's new number":         "12345679AB8",
		"Kees before the change is reported":   "12349A5B678",
		"statuses before the change, and last": "1267345 89AB67",
	} {
		for _, userIDs := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, user ids %v", name, userIDs), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				deliveries := changedNumber(userIDs)
				for range 2 {
					for _, step := range order {
						for about, body := range deliveries {
							if rune(about[0]) != step {
								continue
							}
							if got := w.signed(t, body); got != 200 {
								t.Fatalf("%s: got status %d, want 200", about, got)
							}
						}
					}
					w.checkChangedNumber(t)
				}
			})
		}
	}
}

// checkChangedNumber compares the histories after all of changedNumber.
func (w *world) checkChangedNumber(t *testing.T) {
	t.Helper()
	wantJan := []string{"wamid.change", "wamid.jan-again", "wamid.jan-asks", "wamid.jan-back", "wamid.to-jan read", "wamid.to-jan-again failed"}
	if diff := cmp.Diff(wantJan, w.numberHistory(t, newNumber)); diff != "" {
		t.Errorf("history of Jan (-want +got):\n%s", diff)
	}
	wantKees := []string{"wamid.kees-asks", "wamid.to-kees read"}
	if diff := cmp.Diff(wantKees, w.numberHistory(t, oldNumber)); diff != "" {
		t.Errorf("history of Kees (-want +got):\n%s", diff)
	}
	if got, want := w.lostMessages(t, newNumber), []string{"wamid.to-jan-again"}; !slices.Equal(got, want) {
		t.Errorf("lost answers to Jan: got %v, want %v", got, want)
	}
}

// lostMessages returns the messages of an alias that triage takes for lost.
func (w *world) lostMessages(t *testing.T, a identity.Alias) []string {
	t.Helper()
	id, _, err := w.table.Customers.FindCustomer(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.table.Customers.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := w.table.Messages.RecentMessages(t.Context(), c, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, m := range messages {
		if m.Lost {
			lost = append(lost, m.ProviderID)
		}
	}
	return lost
}

// TestWebhookHandler_ChangedNumberFree finds no customer under a number that its
// owner left, until the next person writes.
func TestWebhookHandler_ChangedNumberFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deliveries := changedNumber(true)
	w.signed(t, deliveries["1 Jan asks"])
	w.signed(t, deliveries["5 Jan changes the number"])
	if got := w.numberHistory(t, oldNumber); got != nil {
		t.Errorf("after the change the old number finds %v, want no customer", got)
	}
	w.signed(t, deliveries["9 Kees writes"])
	if got, want := w.numberHistory(t, oldNumber), []string{"wamid.kees-asks"}; !slices.Equal(got, want) {
		t.Errorf("after Kees wrote the old number finds %v, want %v", got, want)
	}
}

// TestWebhookHandler_ChangedNumberBack has Jan return to the old number after
// Kees had it.
func TestWebhookHandler_ChangedNumberBack(t *testing.T) {
	t.Parallel()
	for _, userIDs := range []bool{false, true} {
		t.Run(fmt.Sprintf("user ids %v", userIDs), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := ""
			if userIDs {
				id = "NL.1704"
			}
			deliveries := changedNumber(userIDs)
			for _, step := range []string{"1 Jan asks", "5 Jan changes the number", "8 Jan writes", "9 Kees writes"} {
				w.signed(t, deliveries[step])
			}
			w.signed(t, numberChange("change-back", 1790300000, newNumber.Value, oldNumber.Value))
			w.signed(t, numberMessage(oldNumber.Value, id, "jan-returned", 1790300100))
			w.signed(t, numberEcho("to-jan", 1790300200, oldNumber.Value))
			want := []string{"wamid.change", "wamid.change-back", "wamid.jan-asks", "wamid.jan-back", "wamid.jan-returned", "wamid.to-jan"}
			if diff := cmp.Diff(want, w.numberHistory(t, oldNumber)); diff != "" {
				t.Errorf("history of Jan (-want +got):\n%s", diff)
			}
			if got := w.numberHistory(t, newNumber); got != nil {
				t.Errorf("the number that Jan left finds %v, want no customer", got)
			}
		})
	}
}

// TestWebhookHandler_ChangedNumberMerged merges Jan and Kees and splits them.
func TestWebhookHandler_ChangedNumberMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deliveries := changedNumber(true)
	steps := []string{"1 Jan asks", "5 Jan changes the number", "8 Jan writes", "9 Kees writes", "A staff answers Kees"}
	deliver := func() {
		for _, step := range steps {
			w.signed(t, deliveries[step])
		}
	}
	deliver()
	d := identity.Decision{By: "agent", Why: "test", At: time.Now()}
	jan, _, errJan := w.table.Customers.FindCustomer(t.Context(), newNumber)
	kees, _, errKees := w.table.Customers.FindCustomer(t.Context(), oldNumber)
	if errJan != nil || errKees != nil {
		t.Fatal(errJan, errKees)
	}
	if _, err := w.table.Customers.MergeCustomers(t.Context(), jan, kees, d); err != nil {
		t.Fatal(err)
	}
	deliver()
	both := []string{"wamid.change", "wamid.jan-asks", "wamid.jan-back", "wamid.kees-asks", "wamid.to-kees"}
	if diff := cmp.Diff(both, w.numberHistory(t, oldNumber)); diff != "" {
		t.Errorf("history of both (-want +got):\n%s", diff)
	}
	if _, _, err := w.table.Customers.UnmergeCustomer(t.Context(), kees, d); err != nil {
		t.Fatal(err)
	}
	deliver()
	if got, want := w.numberHistory(t, oldNumber), []string{"wamid.kees-asks", "wamid.to-kees"}; !slices.Equal(got, want) {
		t.Errorf("history of Kees: got %v, want %v", got, want)
	}
}

// TestWebhookHandler_MovedNumber has an agent give Jan's number to a new
// customer. Kees writes from it with another user id, or without one.
func TestWebhookHandler_MovedNumber(t *testing.T) {
	t.Parallel()
	for _, userIDs := range []bool{false, true} {
		t.Run(fmt.Sprintf("user ids %v", userIDs), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			deliveries := changedNumber(userIDs)
			w.signed(t, deliveries["1 Jan asks"])
			w.signed(t, deliveries["2 staff answers Jan"])
			id, _, err := w.table.Customers.FindCustomer(t.Context(), oldNumber)
			if err != nil {
				t.Fatal(err)
			}
			owner, err := w.table.Customers.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			move := identity.AliasMove{Alias: oldNumber, From: time.Unix(1790001000, 0)}
			if _, err := w.table.Customers.MoveAlias(t.Context(), owner, move, identity.Decision{By: "agent", Why: "test", At: time.Unix(1790001000, 0)}); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				for _, step := range []string{"6 Jan has read it", "9 Kees writes", "A staff answers Kees", "B Kees has read it"} {
					w.signed(t, deliveries[step])
				}
			}
			if got, want := w.numberHistory(t, oldNumber), []string{"wamid.kees-asks", "wamid.to-kees read"}; !slices.Equal(got, want) {
				t.Errorf("history of Kees: got %v, want %v", got, want)
			}
			page, err := w.table.Messages.History(t.Context(), owner, message.Query{Limit: 10})
			if err != nil || len(page.Entries) != 2 {
				t.Errorf("history of Jan: got %d messages and error %v, want 2", len(page.Entries), err)
			}
		})
	}
}

// TestWebhookHandler_CaseOldNumber delivers a case in which Kees's messages once
// were in the history of Jan, who had the number before.
func TestWebhookHandler_CaseOldNumber(t *testing.T) {
	t.Parallel()
	const folder = "../../../shared/cases/events/17-old-number-stays-with-who-left-it"
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("no cases")
	}
	w := newWorld(t)
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.signed(t, string(body)); got != 200 {
			t.Fatalf("%s: got status %d, want 200", filepath.Base(file), got)
		}
	}
	for number, want := range map[string][]string{
		"319709991701": {"wamid.F1704", "wamid.F1705"},
		"319709991702": {"wamid.F1701", "wamid.F1702", "wamid.F1703"},
	} {
		if got := w.numberHistory(t, identity.Alias{Kind: identity.Phone, Value: number}); !slices.Equal(got, want) {
			t.Errorf("history of %s: got %v, want %v", number, got, want)
		}
	}
}
