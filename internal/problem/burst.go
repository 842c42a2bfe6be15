package problem

import (
	"cmp"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// An UnclassifiedContact is a hint that a contact had no reason when a message of
// it was classified, with the words that it may share with other contacts. The
// contact may have a reason or be gone by now.
type UnclassifiedContact struct {
	Customer identity.CustomerID `json:"customer"`
	Contact  string              `json:"contact"`
	At       time.Time           `json:"at"`
	Words    []string            `json:"-"` // of [redact.Keywords]; the store has keyed hashes of them only
	Expires  time.Time           `json:"-"`
}

// A Burst is a possible problem: contacts without a reason, of several customers,
// that share otherwise rare words. A person decides whether it is a problem.
type Burst struct {
	Words     []string // the least likely by chance first
	Customers int      // distinct
	Contacts  []UnclassifiedContact
	First     time.Time
	Last      time.Time
}

// A burst is found in the contacts of the window, compared with the earlier ones
// of the history.
const (
	BurstWindow  = 24 * time.Hour
	BurstHistory = 14 * 24 * time.Hour
)

// Bounds of a burst.
const (
	burstCustomers = 5    // distinct, at least
	burstPast      = 30   // customers before the window, or no word is known to be rare
	rareShare      = 0.05 // share of the earlier customers that used the word, at most
	burstFactor    = 4    // times the expected number
	burstTail      = 1e-4 // probability of as many by chance, at most
)

// mergeHints returns each contact of a customer once, with all of its words.
func mergeHints(all []UnclassifiedContact) []UnclassifiedContact {
	type place struct {
		customer identity.CustomerID
		contact  string
	}
	at := map[place]int{}
	out := make([]UnclassifiedContact, 0, len(all))
	for _, u := range all {
		i, again := at[place{u.Customer, u.Contact}]
		if !again {
			at[place{u.Customer, u.Contact}] = len(out)
			u.Words = slices.Clip(u.Words)
			out = append(out, u)
			continue
		}
		for _, w := range u.Words {
			if !slices.Contains(out[i].Words, w) {
				out[i].Words = append(out[i].Words, w)
			}
		}
	}
	return out
}

// Bursts returns the bursts among contacts without a reason, those of most
// customers first. A contact with several hints counts once. Contacts with a word
// that was decided about are left out; decided has the decisions by word.
//
// A word makes a burst if all of this is true:
//
//   - At least 5 distinct customers used it in the last day.
//   - At most 5 % of the customers of the days before used it.
//   - The customers of the last day are at least four times the number that this
//     share makes likely.
//   - So many come by chance less than once in ten thousand times, by the tail of a
//     negative binomial distribution, as for [Rule.Rises].
//
// Words that mostly the same customers used form one burst.
func Bursts(all []UnclassifiedContact, now time.Time, decided map[string]string) []Burst {
	since := now.Add(-BurstWindow)
	fresh := byWord{}
	past := byWord{}
	for _, u := range mergeHints(all) {
		if slices.ContainsFunc(u.Words, func(w string) bool { return decided[w] != "" }) {
			continue
		}
		if u.At.After(since) {
			fresh.add(u)
		} else {
			past.add(u)
		}
	}
	before := float64(len(past[""]))
	today := float64(len(fresh[""]))
	if before < burstPast {
		return nil
	}
	var found []sharedWord
	for word, who := range fresh {
		n := len(who)
		used := float64(len(past[word]))
		expected := (used + 0.5) / (before + 1) * today
		isRare := used <= rareShare*before
		isMany := n >= burstCustomers && float64(n) >= burstFactor*expected
		if word == "" || !isRare || !isMany {
			continue
		}
		if chance := tailProbability(n, expected, drift+1/(used+0.5)); chance <= burstTail {
			found = append(found, sharedWord{word, who, chance})
		}
	}
	slices.SortFunc(found, func(a, b sharedWord) int {
		return cmp.Or(cmp.Compare(a.chance, b.chance), cmp.Compare(len(b.who), len(a.who)), cmp.Compare(a.word, b.word))
	})
	return groupWords(found)
}

// byWord has contacts by word and customer. The empty word has the contacts of all
// customers.
type byWord map[string]map[identity.CustomerID][]UnclassifiedContact

func (b byWord) add(u UnclassifiedContact) {
	for _, w := range append([]string{""}, u.Words...) {
		if b[w] == nil {
			b[w] = map[identity.CustomerID][]UnclassifiedContact{}
		}
		b[w][u.Customer] = append(b[w][u.Customer], u)
	}
}

type sharedWord struct {
	word   string
	who    map[identity.CustomerID][]UnclassifiedContact
	chance float64
}

// groupWords groups words into bursts. Two words belong together if at least half
// of the customers of either used both.
func groupWords(found []sharedWord) []Burst {
	var out []Burst
	for len(found) > 0 {
		first := found[0]
		var rest []sharedWord
		b := Burst{Words: []string{first.word}}
		who := map[identity.CustomerID]bool{}
		b.addContacts(first, who)
		for _, s := range found[1:] {
			both := 0
			for c := range s.who {
				if len(first.who[c]) > 0 {
					both++
				}
			}
			if 2*both < min(len(s.who), len(first.who)) {
				rest = append(rest, s)
				continue
			}
			b.Words = append(b.Words, s.word)
			b.addContacts(s, who)
		}
		slices.SortFunc(b.Contacts, func(x, y UnclassifiedContact) int {
			return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Contact, y.Contact))
		})
		b.Customers = len(who)
		b.First = b.Contacts[0].At
		b.Last = b.Contacts[len(b.Contacts)-1].At
		out = append(out, b)
		found = rest
	}
	slices.SortStableFunc(out, func(a, b Burst) int { return cmp.Compare(b.Customers, a.Customers) })
	return out
}

func (b *Burst) addContacts(s sharedWord, who map[identity.CustomerID]bool) {
	for c, contacts := range s.who {
		who[c] = true
		for _, u := range contacts {
			if !slices.ContainsFunc(b.Contacts, func(x UnclassifiedContact) bool { return x.Contact == u.Contact && x.Customer == c }) {
				b.Contacts = append(b.Contacts, u)
			}
		}
	}
}
