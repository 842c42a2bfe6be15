package story_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// The story begins on a Monday far ahead: DynamoDB Local deletes at once what
// the calendar on the wall says is over.
var begin = time.Date(2040, 1, 2, 0, 0, 0, 0, time.UTC)

const (
	weeks    = 10
	learning = 3 // weeks before anything happens
	// perContact is how many messages a contact has on average: what it is
	// about, now and then a greeting before, an answer, thanks.
	perContact = 1 + 0.2 + 1 + 0.3
)

// An incident is something that happens in the story: a cause that makes
// customers write, or what only looks like one.
type incident struct {
	name, reason, product string
	kind                  kind
	from, days            int     // from the begin of the story
	customers             int     // who write because of it
	usual                 float64 // and as many times the reason's usual number in these days
	noise                 int     // messages of a noisy customer
}

type kind string

const (
	sudden   kind = "sudden"
	slow     kind = "slow"
	seasonal kind = "seasonal" // comes back every week: no news
	noisy    kind = "noisy"    // one customer
)

func (i incident) real() bool { return i.kind == sudden || i.kind == slow }

var incidents = []incident{
	{"a misprint in the manual", "manual-unclear", "kettle", sudden, 23, 4, 200, 0, 0},
	{"a batch with bad motors", "defect", "blender", slow, 25, 21, 260, 0, 0},
	{"an update breaks pairing", "connectivity", "doorbell", sudden, 30, 3, 200, 0, 0},
	{"screws left out at the factory", "missing-part", "bookcase", slow, 28, 21, 240, 0, 0},
	{"a new carrier throws boxes", "delivery-damaged", "television", sudden, 33, 5, 200, 0, 0},
	{"two labels swapped in the warehouse", "wrong-item", "headphones", sudden, 37, 4, 200, 0, 0},
	{"a battery that swells", "defect", "e-reader", sudden, 40, 4, 150, 0, 0},
	{"a translation by machine", "manual-unclear", "thermostat", slow, 35, 21, 310, 0, 0},
	{"an app without its lamp", "connectivity", "smart-lamp", slow, 42, 21, 290, 0, 0},
	{"the bank books twice", "double-charge", "", sudden, 24, 2, 150, 0, 0},
	{"labels of last year", "return-label", "", slow, 31, 20, 260, 0, 0},
	{"mails in our name", "phishing", "", sudden, 44, 3, 190, 0, 0},
	{"version 5 of the app", "app-crash", "", sudden, 47, 4, 190, 0, 0},
	{"a layout of invoices", "invoice-unclear", "", sudden, 50, 5, 100, 1.6, 0},
	{"a strike of couriers", "delivery-late", "", slow, 26, 18, 170, 2.5, 0},
	{"a bad night for the site", "website-error", "", sudden, 38, 1, 100, 2.5, 0},
	{"a login that forgets", "password-reset", "", slow, 52, 14, 170, 2.5, 0},

	{"everybody asks on Mondays", "order-status", "", seasonal, 0, 7 * weeks, 0, 2, 0},
	{"weekend shopping", "stock", "", seasonal, 5, 7 * weeks, 0, 2, 0},
	{"returns on Tuesdays", "return-request", "", seasonal, 1, 7 * weeks, 0, 1.5, 0},
	{"the newsletter of Thursday", "discount-code", "", seasonal, 3, 7 * weeks, 0, 2, 0},

	{"one man and his toaster", "defect", "toaster", noisy, 29, 10, 1, 0, 60},
	{"one who wants her money", "double-charge", "", noisy, 55, 6, 1, 0, 50},
	{"one who reports every mail", "phishing", "", noisy, 27, 12, 1, 0, 40},
	{"one who rings the courier", "courier-complaint", "", noisy, 36, 8, 1, 0, 50},
}

// usual is how many in a hundred contacts are about a reason when nothing is
// the matter; what is not there is rare.
var usual = map[string]float64{
	chatter: 30, "order-status": 11, "return-request": 7, "stock": 5, "cancellation": 5, "address-change": 5, "delivery-late": 5, "invoice-unclear": 5,
	"password-reset": 5, "discount-code": 4, "refund-missing": 4, "website-error": 3, "payment-failed": 3, "invoice-missing": 2.5, "invoice-wrong": 2,
	"delivered-missing": 1.5,
}

// rare is the share of each other reason.
const rare = 2.0 / 15

// An utterance is a message of the story, and what the customer meant.
type utterance struct {
	contact.Message
	reason, product string // empty where it says nothing of one
	incident        int    // below 0 where none made it
}

// A world writes the story. It is the same for the same size and seed.
type world struct {
	*rand.Rand
	shop      *organisation
	customers int
	perDay    float64 // contacts
	said      []utterance
	count     int
}

// write returns what is said in the story of so many customers and about ten
// messages of each, in order.
func write(shop *organisation, customers int, seed uint64) []utterance {
	w := &world{Rand: rand.New(rand.NewPCG(seed, uint64(customers))), shop: shop, customers: customers}
	extra := 0
	for _, i := range incidents {
		extra += i.customers + i.noise
	}
	w.perDay = (float64(10*customers)/perContact - float64(extra)) / (7 * weeks) * 0.93 // the rest is made by what goes by the usual number
	for day := range 7 * weeks {
		for _, reason := range append(slices.Clone(shop.reasons), chatter) {
			for range w.poisson(w.usually(reason) * weekday[day%7]) {
				w.contact(w.IntN(w.customers), w.at(day), reason, w.anyProduct(), -1)
			}
		}
	}
	for n, i := range incidents {
		w.happen(n, i)
	}
	slices.SortStableFunc(w.said, func(a, b utterance) int { return a.SentAt.Compare(b.SentAt) })
	return w.said
}

// usually is how many contacts a day are about a reason.
func (w *world) usually(reason string) float64 {
	share, ok := usual[reason]
	if !ok {
		share = rare
	}
	return w.perDay * share / 100
}

func (w *world) happen(n int, i incident) {
	switch i.kind {
	case noisy:
		who := w.IntN(w.customers)
		for range i.noise {
			w.contact(who, w.at(i.from+w.IntN(i.days)), i.reason, i.product, n)
		}
	case seasonal:
		for day := i.from; day < i.from+i.days && day < 7*weeks; day += 7 {
			for range w.poisson(i.usual * w.usually(i.reason)) {
				w.contact(w.IntN(w.customers), w.at(day), i.reason, w.anyProduct(), n)
			}
		}
	default:
		for range i.customers + w.poisson(i.usual*w.usually(i.reason)*float64(i.days)) {
			w.contact(w.IntN(w.customers), w.at(i.from+w.IntN(i.days)), i.reason, i.product, n)
		}
	}
}

// How a day and a week go: quiet nights, busy Mondays.
var (
	weekday = [...]float64{1.6, 1.2, 1, 1, 0.9, 0.7, 0.6}
	hourly  = [...]int{0, 0, 0, 0, 0, 0, 2, 6, 12, 20, 22, 20, 16, 18, 18, 17, 15, 13, 14, 18, 16, 8, 4, 1}
)

// at draws a time on a day.
func (w *world) at(day int) time.Time {
	n := w.IntN(240)
	hour := 0
	for n >= hourly[hour] {
		n -= hourly[hour]
		hour++
	}
	return begin.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour + time.Duration(w.IntN(3_600_000))*time.Millisecond)
}

func (w *world) anyProduct() string {
	return w.shop.taxonomy.Products[w.IntN(len(w.shop.taxonomy.Products))].ID
}

func (w *world) poisson(mean float64) int {
	if mean > 30 {
		return max(0, int(math.Round(mean+w.NormFloat64()*math.Sqrt(mean))))
	}
	n, p, least := 0, 1.0, math.Exp(-mean)
	for p *= w.Float64(); p > least; p *= w.Float64() {
		n++
	}
	return n
}

// contact has a customer write about a reason, and what follows from that.
func (w *world) contact(customer int, at time.Time, reason, product string, incident int) {
	language := "nl"
	if customer%10 < 3 {
		language = "en"
	}
	lines := w.shop.says[reason][language]
	text := w.typos(w.fill(lines[w.IntN(len(lines))], language, product))
	ch := channels[(customer+w.IntN(2))%len(channels)]
	if w.Float64() < 0.2 {
		w.say(customer, ch, at.Add(-time.Duration(20+w.IntN(60))*time.Second), map[string]string{"nl": "Hallo,", "en": "Hi there"}[language], contact.Inbound)
	}
	u := w.say(customer, ch, at, text, contact.Inbound)
	u.incident = incident
	if reason != chatter {
		u.reason, u.product = reason, product
	}
	at = at.Add(time.Duration(10+w.IntN(600)) * time.Minute)
	w.say(customer, ch, at, "Dat zoeken we uit.", contact.Outbound)
	if w.Float64() < 0.3 {
		w.say(customer, ch, at.Add(time.Duration(1+w.IntN(90))*time.Minute), map[string]string{"nl": "Dank u wel", "en": "Thank you"}[language], contact.Inbound)
	}
}

var channels = []contact.Channel{contact.WhatsApp, contact.Email, contact.WebChat, contact.Messenger}

// say adds a message. What it returns is good until the next.
func (w *world) say(customer int, ch contact.Channel, at time.Time, text string, d contact.Direction) *utterance {
	w.count++
	id := fmt.Sprintf("m-%d", w.count)
	w.said = append(w.said, utterance{incident: -1, Message: contact.Message{
		Version: contact.SchemaVersion, ID: contact.NewID(ch, at, id), Channel: ch, Direction: d, Kind: contact.Text, ProviderID: id, SentAt: at, Text: text,
		CustomerID: identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-%012d", customer)),
		Customer:   identity.Address{Alias: identity.Alias{Kind: identity.Account, Value: fmt.Sprint(customer)}, Assurance: identity.Verified},
	}})
	return &w.said[len(w.said)-1]
}

// fill puts in an order number and the product, which one in five customers
// calls a thing.
func (w *world) fill(line, language, product string) string {
	name := map[string]string{"nl": "apparaat", "en": "thing"}[language]
	if p, ok := w.shop.taxonomy.Product(product); ok && w.Float64() < 0.8 {
		names := p.Phrases.NL
		if language == "en" {
			names = p.Phrases.EN
		}
		name = names[w.IntN(len(names))]
	}
	return strings.NewReplacer("{p}", name, "{nr}", fmt.Sprintf("WS-%06d", w.IntN(1_000_000))).Replace(line)
}

// typos spoils a letter of one word in every third message.
func (w *world) typos(text string) string {
	if w.Float64() > 0.33 {
		return text
	}
	words := strings.Split(text, " ")
	i := w.IntN(len(words))
	r := []rune(words[i])
	if len(r) < 4 || strings.ContainsAny(words[i], "0123456789") {
		return text
	}
	k := 1 + w.IntN(len(r)-2)
	switch w.IntN(3) {
	case 0:
		r[k], r[k+1] = r[k+1], r[k]
	case 1:
		r = slices.Delete(r, k, k+1)
	default:
		r = slices.Insert(r, k, r[k])
	}
	words[i] = string(r)
	return strings.Join(words, " ")
}
