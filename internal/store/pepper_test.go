package store_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestSeal_Property(t *testing.T) {
	t.Parallel()
	p, other := store.Pepper("a pepper for tests, 32 bytes long"), store.Pepper("another pepper of 32 bytes or so.")
	rapid.Check(t, func(t *rapid.T) {
		scope, plain := rapid.String().Draw(t, "scope"), rapid.String().Draw(t, "plain")
		sealed := p.Seal(scope, plain)
		if got, ok := p.Open(scope, sealed); !ok || got != plain {
			t.Errorf("opened as %q, %v, want %q", got, ok, plain)
		}
		if again := p.Seal(scope, plain); again != sealed {
			t.Errorf("sealed twice as %q and %q", sealed, again)
		}
		raw, err := base64.RawURLEncoding.DecodeString(sealed)
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) >= 8 && strings.Contains(string(raw), plain) {
			t.Errorf("%q is readable in %q", plain, raw)
		}
		if _, ok := p.Open(scope+"x", sealed); ok {
			t.Error("another scope opens it")
		}
		if _, ok := other.Open(scope, sealed); ok {
			t.Error("another pepper opens it")
		}
		raw[rapid.IntRange(0, len(raw)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, ok := p.Open(scope, base64.RawURLEncoding.EncodeToString(raw)); ok {
			t.Error("a changed text opens")
		}
	})
}

func TestSeal_PartsDoNotShift(t *testing.T) {
	t.Parallel()
	p := store.Pepper("a pepper for tests, 32 bytes long")
	nonce := func(scope, plain string) string { return p.Seal(scope, plain)[:16] }
	if nonce("a\x00b", "c") == nonce("a", "b\x00c") {
		t.Error("two texts have one nonce")
	}
}

// The cursor of a page can be made of a message that its holder may not see.
func TestHistoryCursor_Opaque(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	const who = "0199a1b2-0000-7000-8000-000000000001"
	c := identity.Customer{ID: who, Members: []identity.CustomerID{who}}
	for i := range 3 {
		if _, err := table.Messages.Put(t.Context(), newMessage(who, i, "x"), ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, oldest := range []bool{false, true} {
		p, err := table.Messages.History(t.Context(), c, message.Query{Limit: 1, Oldest: oldest})
		if err != nil || p.Complete {
			t.Fatalf("the first page is complete %v (%v), want more", p.Complete, err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"whatsapp", "wamid", who, "#17"} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("%q is readable in the cursor %q", secret, raw)
			}
		}
	}
	// A message with a longer id gives a cursor of the same length.
	q := message.Query{Limit: 1}
	short, long := newMessage(who, 1, "x"), newMessage(who, 1, "x")
	short.ID = message.NewID(message.WebChat, short.SentAt, "0195513a-5a00-7abc-8def-0123456789ab")
	long.ID = message.NewID(message.WhatsApp, long.SentAt, "wamid.HBgLMzE5NzAxMDAwMDEVAgASGBQzQTdCRjM4QkNDNEY5RTQ2")
	a, b := table.Messages.HistoryCursor(c, q, message.Entry{Message: short}), table.Messages.HistoryCursor(c, q, message.Entry{Message: long})
	if len(a) != len(b) {
		t.Errorf("the cursors have %d and %d characters, want the same", len(a), len(b))
	}
}

// Cursors of earlier versions were readable, with a keyed hash in front.
func TestHistory_CursorOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	c := identity.Customer{ID: "c1", Members: []identity.CustomerID{"c1"}}
	plain := "nM#1772442000000#whatsapp#wamid.test-1\x1fc1"
	cursor := base64.RawURLEncoding.EncodeToString([]byte(table.Hash("cursor", "c1", plain)[:16] + plain))
	if _, err := table.Messages.History(t.Context(), c, message.Query{Limit: 1, Cursor: cursor}); !fault.Is(err, fault.Invalid) {
		t.Errorf("error %v, want one of kind %v", err, fault.Invalid)
	}
}
