package contact_test

import (
	"testing"
	"time"

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

func by(p contact.Party, after time.Duration, seen int64) contact.Turn {
	return contact.Turn{Customer: "c1", Who: p, By: "help-desk", At: monday.Add(after), Minutes: 15, Seen: seen}
}

func held(p contact.Party) contact.Claim {
	return contact.Claim{Customer: "c1", Version: 3, Holder: &p, Since: monday, Until: monday.Add(15 * time.Minute), Minutes: 15, From: &bot, Reason: "asks for a person", Note: "n"}
}

func TestClaim(t *testing.T) {
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
		holder  *contact.Party // afterwards
		version int64
		lost    bool
	}{
		{"whoever is first takes the customer", contact.Claim{}, take(by(agent7, 0, 0)), &agent7, 1, false},
		{"nobody takes the customer from an agent", held(agent8), take(by(agent7, time.Minute, 0)), &agent8, 3, true},
		{"nor from a bot", held(bot), take(by(agent7, time.Minute, 0)), &bot, 3, true},
		{"but who saw that may take over", held(agent8), take(by(agent7, time.Minute, 3)), &agent7, 4, false},
		{"unless it changed meanwhile", held(agent8), take(by(agent7, time.Minute, 2)), &agent8, 3, true},
		{"a team keeps nobody off", held(returns), take(by(agent7, time.Minute, 0)), &agent7, 4, false},
		{"a claim that lapsed keeps nobody off", held(agent8), take(by(agent7, 15*time.Minute, 0)), &agent7, 4, false},
		{"a holder may claim again", held(agent7), take(by(agent7, time.Minute, 0)), &agent7, 4, false},
		{"a holder hands over", held(bot), hand(by(bot, time.Minute, 0), returns), &returns, 4, false},
		{"nobody hands over what another has", held(agent8), hand(by(agent7, time.Minute, 0), returns), &agent8, 3, true},
		{"a customer whom nobody has is assigned", contact.Claim{}, hand(by(agent7, 0, 0), agent8), &agent8, 1, false},
		{"a holder lets go", held(agent7), release(by(agent7, time.Minute, 0)), nil, 4, false},
		{"nobody lets go of what another has", held(agent8), release(by(agent7, time.Minute, 0)), &agent8, 3, true},
		{"to let go of nothing is nothing", contact.Claim{Version: 5}, release(by(agent7, 0, 0)), nil, 5, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.do(tt.before)
			if lost := fault.KindOf(err) == fault.Conflict; lost != tt.lost {
				t.Fatalf("error %v", err)
			}
			if got.Version != tt.version || (got.Holder == nil) != (tt.holder == nil) || got.Holder != nil && *got.Holder != *tt.holder {
				t.Errorf("%+v held by %v", got, got.Holder)
			}
		})
	}
}

func TestWhatWasHandedOverStaysWithWhoTakesIt(t *testing.T) {
	t.Parallel()
	handed, err := held(bot).HandOver(by(bot, time.Minute, 0), returns, "asks for a person")
	if err != nil {
		t.Fatal(err)
	}
	handed.Note = "the note"
	again, err := handed.HandOver(by(bot, 2*time.Minute, 0), returns, "asks for a person")
	if err != nil || again.Version != handed.Version {
		t.Errorf("the same hand-over again made version %d of %d, %v", again.Version, handed.Version, err)
	}
	taken, err := handed.Take(by(agent7, 2*time.Minute, 0))
	if err != nil || taken.From == nil || *taken.From != bot || taken.Note != "the note" || !taken.Since.Equal(monday.Add(2*time.Minute)) {
		t.Errorf("%+v, %v", taken, err)
	}
	over, err := taken.Take(by(agent8, 3*time.Minute, taken.Version))
	if err != nil || over.From != nil || over.Note != "" {
		t.Errorf("who took over keeps %+v, %v", over, err)
	}
}

func TestAnsweringRenewsAClaimOnceHalfOfItIsOver(t *testing.T) {
	t.Parallel()
	c := held(agent7)
	if _, renewed := c.Renew(by(agent7, 5*time.Minute, 0)); renewed {
		t.Error("renewed within its first half")
	}
	got, renewed := c.Renew(by(agent7, 10*time.Minute, 0))
	if !renewed || !got.Until.Equal(monday.Add(25*time.Minute)) || got.Version != 4 || got.Note != "n" {
		t.Errorf("%+v", got)
	}
	if _, renewed := c.Renew(by(agent8, 10*time.Minute, 0)); renewed {
		t.Error("renewed by somebody else")
	}
	if _, renewed := c.Renew(by(agent7, time.Hour, 0)); renewed {
		t.Error("renewed after it lapsed")
	}
}

// Whatever is done in whatever order, an agent who has the customer loses it
// only to their own doing, to the clock, or to one who saw the version.
func TestOnlyWhoSawItTakesOver(t *testing.T) {
	t.Parallel()
	all := []contact.Party{agent7, agent8, bot}
	rapid.Check(t, func(t *rapid.T) {
		c := contact.Claim{Customer: "c1"}
		at := time.Duration(0)
		for range rapid.IntRange(1, 30).Draw(t, "turns") {
			at += time.Duration(rapid.IntRange(0, 8).Draw(t, "minutes")) * time.Minute
			turn := by(rapid.SampledFrom(all).Draw(t, "who"), at, int64(rapid.IntRange(0, 6).Draw(t, "seen")))
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
				t.Fatalf("%v took %+v", turn, c)
			}
			if err == nil && next.Version != c.Version && next.Version != c.Version+1 {
				t.Fatalf("version %d after %d", next.Version, c.Version)
			}
			if err == nil {
				c = next
			}
		}
	})
}

func TestOfMergedCustomersTheEarliestClaimCounts(t *testing.T) {
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
		{"none", nil, "", 0},
		{"one of a member", []contact.Claim{claim("c2", agent8, 0, 7)}, "agent-8", 7},
		{"the earlier of two", []contact.Claim{claim("c1", agent7, time.Minute, 2), claim("c2", agent8, 0, 7)}, "agent-8", 7},
		{"one that lapsed does not", []contact.Claim{claim("c1", agent7, time.Minute, 2), claim("c2", agent8, -time.Hour, 7)}, "agent-7", 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := contact.Standing(tt.claims, "c1", now)
			holder := ""
			if got.Held(now) {
				holder = got.Holder.ID
			}
			if holder != tt.holder || got.Version != tt.version {
				t.Errorf("%s at version %d", holder, got.Version)
			}
		})
	}
}
