package problem

import (
	"cmp"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// An UnclassifiedContact is a contact of which nobody knew the reason when something was
// said in it, with the words that it may share with others. It is a hint: the
// contact itself says what is so.
type UnclassifiedContact struct {
	Customer identity.CustomerID `json:"customer"`
	Contact  string              `json:"contact"`
	At       time.Time           `json:"at"`
	Words    []string            `json:"-"` // of [Telltale]; as the store keeps them they cannot be read
	Expires  time.Time           `json:"-"`
}

// A Burst is a candidate for a problem: contacts of several customers, of no
// known reason, that share words which are rare otherwise. A person says what
// it is.
type Burst struct {
	Words     []string // the surest first
	Customers int      // distinct
	Contacts  []UnclassifiedContact
	First     time.Time
	Last      time.Time
}

// How far is looked for bursts: what is now, and what it is compared with.
const (
	BurstWindow  = 24 * time.Hour
	BurstHistory = 14 * 24 * time.Hour
)

// Bounds of what counts as a burst.
const (
	burstCustomers = 5    // distinct, at least
	burstPast      = 30   // customers before, or nothing is known to be rare
	rareShare      = 0.05 // of the customers before who used the word, at most
	burstFactor    = 4    // times as many as they would be now
	burstTail      = 1e-4 // chance of as many by accident
)

// together returns each contact of a customer once, with all of its words.
func together(all []UnclassifiedContact) []UnclassifiedContact {
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

// Bursts returns the candidates among contacts of unknown reason, those of
// most customers first. A contact that is there several times counts once.
//
// For each word the distinct customers who used it in the last day are
// compared with the share of customers who used it in the days before: rare
// then, and at least four times as many now as that share makes likely, and
// so many by accident less than once in ten thousand times (a negative
// binomial tail, wider the less is known, as for a rise). Words that mostly
// the same customers used are one burst. Contacts with a word that somebody
// has decided about are left out; decided has the decisions by word.
func Bursts(all []UnclassifiedContact, now time.Time, decided map[string]string) []Burst {
	since := now.Add(-BurstWindow)
	fresh, past := byWord{}, byWord{}
	for _, u := range together(all) {
		if slices.ContainsFunc(u.Words, func(w string) bool { return decided[w] != "" }) {
			continue
		}
		if u.At.After(since) {
			fresh.add(u)
		} else {
			past.add(u)
		}
	}
	before, today := float64(len(past[""])), float64(len(fresh[""]))
	if before < burstPast {
		return nil
	}
	var found []sharedWord
	for word, who := range fresh {
		n, used := len(who), float64(len(past[word]))
		expected := (used + 0.5) / (before + 1) * today
		if word == "" || n < burstCustomers || used > rareShare*before || float64(n) < burstFactor*expected {
			continue
		}
		if chance := tail(n, expected, drift+1/(used+0.5)); chance <= burstTail {
			found = append(found, sharedWord{word, who, chance})
		}
	}
	slices.SortFunc(found, func(a, b sharedWord) int {
		return cmp.Or(cmp.Compare(a.chance, b.chance), cmp.Compare(len(b.who), len(a.who)), cmp.Compare(a.word, b.word))
	})
	return group(found)
}

// byWord are contacts by word and customer; under the empty word lie those of
// all customers.
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

// group joins words that at least half of the customers of either share.
func group(found []sharedWord) []Burst {
	var out []Burst
	for len(found) > 0 {
		first, rest := found[0], []sharedWord(nil)
		b := Burst{Words: []string{first.word}}
		who := map[identity.CustomerID]bool{}
		b.take(first, who)
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
			b.take(s, who)
		}
		slices.SortFunc(b.Contacts, func(x, y UnclassifiedContact) int {
			return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Contact, y.Contact))
		})
		b.Customers, b.First, b.Last = len(who), b.Contacts[0].At, b.Contacts[len(b.Contacts)-1].At
		out, found = append(out, b), rest
	}
	slices.SortStableFunc(out, func(a, b Burst) int { return cmp.Compare(b.Customers, a.Customers) })
	return out
}

func (b *Burst) take(s sharedWord, who map[identity.CustomerID]bool) {
	for c, contacts := range s.who {
		who[c] = true
		for _, u := range contacts {
			if !slices.ContainsFunc(b.Contacts, func(x UnclassifiedContact) bool { return x.Contact == u.Contact && x.Customer == c }) {
				b.Contacts = append(b.Contacts, u)
			}
		}
	}
}
