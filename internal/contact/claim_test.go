package contact_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

var (
	agent7  = contact.Party{Kind: contact.Agent, ID: "agent-7"}
	agent8  = contact.Party{Kind: contact.Agent, ID: "agent-8"}
	bot     = contact.Party{Kind: contact.Bot, ID: "bot-1"}
	returns = contact.Party{Kind: contact.Team, ID: "returns"}
)

func turnOf(p contact.Party, after time.Duration, seen int64) contact.Turn {
	return contact.Turn{Customer: "c1", Who: p, By: "help-desk", At: monday.Add(after), Minutes: 15, Seen: seen}
}

func heldClaim(p contact.Party) contact.Claim {
	return contact.Claim{Customer: "c1", Version: 3, Holder: &p, Since: monday, Until: monday.Add(15 * time.Minute), Minutes: 15, From: &bot, Reason: "asks for a person", Note: "n"}
}

func TestClaim_Transitions(t *testing.T) {
	t.Parallel()
	take := func(turn contact.Turn) func(contact.Claim) (contact.Claim, error) {
		return func(c contact.Claim) (contact.Claim, error) { return c.Take(turn) }
	}
	hand := func(turn contact.Turn, to contact.Party) func(contact.Claim) (contact.Claim, error) {
		return func(c contact.Claim) (contact.Claim, error) { return c.HandOver(turn, to, "why") }
	}
	release := func(turn contact.Turn) func(contact.Claim) (contact.Claim, error) {
		return func(c contact.Claim) (contact.Claim, error) { return c.Release(turn) }
	}
	for _, tt := range []struct {
		name    string
		before  contact.Claim
		do      func(contact.Claim) (contact.Claim, error)
		holder  *contact.Party // after the operation
		version int64
		refused bool
	}{
		{"take unclaimed", contact.Claim{}, take(turnOf(agent7, 0, 0)), &agent7, 1, false},
		{"take from an agent", heldClaim(agent8), take(turnOf(agent7, time.Minute, 0)), &agent8, 3, true},
		{"take from a bot", heldClaim(bot), take(turnOf(agent7, time.Minute, 0)), &bot, 3, true},
		{"take over with the current version", heldClaim(agent8), take(turnOf(agent7, time.Minute, 3)), &agent7, 4, false},
		{"take over with an old version", heldClaim(agent8), take(turnOf(agent7, time.Minute, 2)), &agent8, 3, true},
		{"take from a team", heldClaim(returns), take(turnOf(agent7, time.Minute, 0)), &agent7, 4, false},
		{"take after expiry", heldClaim(agent8), take(turnOf(agent7, 15*time.Minute, 0)), &agent7, 4, false},
		{"take again", heldClaim(agent7), take(turnOf(agent7, time.Minute, 0)), &agent7, 4, false},
		{"hand over own claim", heldClaim(bot), hand(turnOf(bot, time.Minute, 0), returns), &returns, 4, false},
		{"hand over claim of another", heldClaim(agent8), hand(turnOf(agent7, time.Minute, 0), returns), &agent8, 3, true},
		{"hand over unclaimed", contact.Claim{}, hand(turnOf(agent7, 0, 0), agent8), &agent8, 1, false},
		{"release own claim", heldClaim(agent7), release(turnOf(agent7, time.Minute, 0)), nil, 4, false},
		{"release claim of another", heldClaim(agent8), release(turnOf(agent7, time.Minute, 0)), &agent8, 3, true},
		{"release unclaimed", contact.Claim{Version: 5}, release(turnOf(agent7, 0, 0)), nil, 5, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.do(tt.before)
			if refused := fault.Is(err, fault.Conflict); refused != tt.refused {
				t.Fatalf("error = %v, want a conflict: %t", err, tt.refused)
			}
			if got.Version != tt.version {
				t.Errorf("version = %d, want %d", got.Version, tt.version)
			}
			if diff := cmp.Diff(tt.holder, got.Holder); diff != "" {
				t.Errorf("holder differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClaimHandOver_NoteKept(t *testing.T) {
	t.Parallel()
	handed, err := heldClaim(bot).HandOver(turnOf(bot, time.Minute, 0), returns, "asks for a person")
	if err != nil {
		t.Fatal(err)
	}
	handed.Note = "the note"
	again, err := handed.HandOver(turnOf(bot, 2*time.Minute, 0), returns, "asks for a person")
	if err != nil || again.Version != handed.Version {
		t.Errorf("repeated HandOver() = version %d, %v, want %d", again.Version, err, handed.Version)
	}
	taken, err := handed.Take(turnOf(agent7, 2*time.Minute, 0))
	if err != nil || taken.From == nil || *taken.From != bot || taken.Note != "the note" || !taken.Since.Equal(monday.Add(2*time.Minute)) {
		t.Errorf("Take() = %+v, %v, want the note of the bot, since the take", taken, err)
	}
	over, err := taken.Take(turnOf(agent8, 3*time.Minute, taken.Version))
	if err != nil || over.From != nil || over.Note != "" {
		t.Errorf("Take() by another agent = %+v, %v, want no hand-over", over, err)
	}
}

func TestClaimRenew(t *testing.T) {
	t.Parallel()
	c := heldClaim(agent7)
	if _, renewed := c.Renew(turnOf(agent7, 5*time.Minute, 0)); renewed {
		t.Error("Renew() in the first half of the claim = true, want false")
	}
	got, renewed := c.Renew(turnOf(agent7, 10*time.Minute, 0))
	if !renewed || !got.Until.Equal(monday.Add(25*time.Minute)) || got.Version != 4 || got.Note != "n" {
		t.Errorf("Renew() = %+v, %t, want version 4 until 15 minutes later", got, renewed)
	}
	if _, renewed := c.Renew(turnOf(agent8, 10*time.Minute, 0)); renewed {
		t.Error("Renew() by another agent = true, want false")
	}
	if _, renewed := c.Renew(turnOf(agent7, time.Hour, 0)); renewed {
		t.Error("Renew() after expiry = true, want false")
	}
}

// For any sequence of operations, a holder loses the customer only by their own
// operation, by expiry, or to a party that stated the current version.
func TestClaim_Properties(t *testing.T) {
	t.Parallel()
	all := []contact.Party{agent7, agent8, bot}
	rapid.Check(t, func(t *rapid.T) {
		c := contact.Claim{Customer: "c1"}
		at := time.Duration(0)
		for range rapid.IntRange(1, 30).Draw(t, "turns") {
			at += time.Duration(rapid.IntRange(0, 8).Draw(t, "minutes")) * time.Minute
			turn := turnOf(rapid.SampledFrom(all).Draw(t, "who"), at, int64(rapid.IntRange(0, 6).Draw(t, "seen")))
			blocked := c.Blocks(turn.Who, turn.At)
			var next contact.Claim
			var err error
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				next, err = c.Take(turn)
			case 1:
				next, err = c.HandOver(turn, rapid.SampledFrom(append(all, returns)).Draw(t, "to"), "why")
			default:
				next, err = c.Release(turn)
			}
			if blocked && err == nil && next.Version != c.Version && turn.Seen != c.Version {
				t.Fatalf("turn %v changed the blocked claim %+v", turn, c)
			}
			if err == nil && next.Version != c.Version && next.Version != c.Version+1 {
				t.Fatalf("next version = %d after %d, want the same or one more", next.Version, c.Version)
			}
			if err == nil {
				c = next
			}
		}
	})
}

func TestStanding(t *testing.T) {
	t.Parallel()
	claim := func(c identity.CustomerID, p contact.Party, since time.Duration, version int64) contact.Claim {
		return contact.Claim{Customer: c, Version: version, Holder: &p, Since: monday.Add(since), Until: monday.Add(since + 15*time.Minute)}
	}
	now := monday.Add(10 * time.Minute)
	for _, tt := range []struct {
		name    string
		claims  []contact.Claim
		holder  string
		version int64
	}{
		{"no claims", nil, "", 0},
		{"claim of a member", []contact.Claim{claim("c2", agent8, 0, 7)}, "agent-8", 7},
		{"earlier of two", []contact.Claim{claim("c1", agent7, time.Minute, 2), claim("c2", agent8, 0, 7)}, "agent-8", 7},
		{"expired claim", []contact.Claim{claim("c1", agent7, time.Minute, 2), claim("c2", agent8, -time.Hour, 7)}, "agent-7", 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contact.Standing(tt.claims, "c1", now)
			holder := ""
			if got.Held(now) {
				holder = got.Holder.ID
			}
			if holder != tt.holder || got.Version != tt.version {
				t.Errorf("Standing() = holder %q at version %d, want %q at %d", holder, got.Version, tt.holder, tt.version)
			}
		})
	}
}
