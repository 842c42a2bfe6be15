package story_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// begin is the first day of the story, a Monday in the future. DynamoDB Local
// compares expiry times with the real clock, and would delete items of the past.
var begin = time.Date(2040, 1, 2, 0, 0, 0, 0, time.UTC)

const (
	weeks    = 10
	learning = 3 // weeks before the first incident
	// perContact is the mean number of messages of a contact: the question, a
	// greeting before it (1 in 5), an answer and thanks (3 in 10).
	perContact = 1 + 0.2 + 1 + 0.3
)

// An incident is a cause that makes customers write, or a pattern that only looks
// like one.
type incident struct {
	name, reason, product string
	kind                  kind
	from, days            int     // first day (0 is begin) and duration
	customers             int     // number of customers who write because of it
	usual                 float64 // additional contacts, as a multiple of the reason's usual number
	noise                 int     // messages of the one customer of a noisy incident
}

type kind string

const (
	sudden   kind = "sudden"
	slow     kind = "slow"
	seasonal kind = "seasonal" // repeats every week, so not a problem
	noisy    kind = "noisy"    // one customer, so not a problem
)

func (i incident) isProblem() bool { return i.kind == sudden || i.kind == slow }

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

// usual is the usual share of contacts about a reason, in percent. Other reasons
// have the share rare.
var usual = map[string]float64{
	chatter: 30, "order-status": 11, "return-request": 7, "stock": 5, "cancellation": 5, "address-change": 5, "delivery-late": 5, "invoice-unclear": 5,
	"password-reset": 5, "discount-code": 4, "refund-missing": 4, "website-error": 3, "payment-failed": 3, "invoice-missing": 2.5, "invoice-wrong": 2,
	"delivered-missing": 1.5,
}

// rare is the share of each other reason, in percent.
const rare = 2.0 / 15

// An utterance is a message of the story with its true cause.
type utterance struct {
	message.Message
	reason, product string // empty if the message has none
	incident        int    // index in incidents, or -1
}

// A world generates the messages. They are the same for the same size and seed.
type world struct {
	*rand.Rand
	shop      *organisation
	customers int
	perDay    float64 // contacts
	said      []utterance
	count     int
}

// generateMessages returns the messages of the story, ordered by time: about ten
// per customer.
func generateMessages(shop *organisation, customers int, seed uint64) []utterance {
	w := &world{Rand: rand.New(rand.NewPCG(seed, uint64(customers))), shop: shop, customers: customers}
	extra := 0
	for _, i := range incidents {
		extra += i.customers + i.noise
	}
	w.perDay = (float64(10*customers)/perContact - float64(extra)) / (7 * weeks) * 0.93 // incident.usual adds the other 7%
	for day := range 7 * weeks {
		for _, reason := range append(slices.Clone(shop.reasons), chatter) {
			for range w.poisson(w.usualPerDay(reason) * weekday[day%7]) {
				w.addContact(w.IntN(w.customers), w.randomTime(day), reason, w.randomProduct(), -1)
			}
		}
	}
	for n, i := range incidents {
		w.addIncident(n, i)
	}
	slices.SortStableFunc(w.said, func(a, b utterance) int { return a.SentAt.Compare(b.SentAt) })
	return w.said
}

// usualPerDay returns the usual number of contacts per day about a reason.
func (w *world) usualPerDay(reason string) float64 {
	share, ok := usual[reason]
	if !ok {
		share = rare
	}
	return w.perDay * share / 100
}

func (w *world) addIncident(n int, i incident) {
	switch i.kind {
	case noisy:
		who := w.IntN(w.customers)
		for range i.noise {
			w.addContact(who, w.randomTime(i.from+w.IntN(i.days)), i.reason, i.product, n)
		}
	case seasonal:
		for day := i.from; day < i.from+i.days && day < 7*weeks; day += 7 {
			for range w.poisson(i.usual * w.usualPerDay(i.reason)) {
				w.addContact(w.IntN(w.customers), w.randomTime(day), i.reason, w.randomProduct(), n)
			}
		}
	default:
		for range i.customers + w.poisson(i.usual*w.usualPerDay(i.reason)*float64(i.days)) {
			w.addContact(w.IntN(w.customers), w.randomTime(i.from+w.IntN(i.days)), i.reason, i.product, n)
		}
	}
}

// The distribution of contacts over the week (from Monday) and over the hours of a
// day.
var (
	weekday = [...]float64{1.6, 1.2, 1, 1, 0.9, 0.7, 0.6}
	hourly  = [...]int{0, 0, 0, 0, 0, 0, 2, 6, 12, 20, 22, 20, 16, 18, 18, 17, 15, 13, 14, 18, 16, 8, 4, 1}
)

// randomTime returns a random time on a day of the story.
func (w *world) randomTime(day int) time.Time {
	n := w.IntN(240)
	hour := 0
	for n >= hourly[hour] {
		n -= hourly[hour]
		hour++
	}
	return begin.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour + time.Duration(w.IntN(3_600_000))*time.Millisecond)
}

func (w *world) randomProduct() string {
	return w.shop.taxonomy.Products[w.IntN(len(w.shop.taxonomy.Products))].ID
}

func (w *world) poisson(mean float64) int {
	if mean > 30 {
		return max(0, int(math.Round(mean+w.NormFloat64()*math.Sqrt(mean))))
	}
	n := 0
	p := 1.0
	least := math.Exp(-mean)
	for p *= w.Float64(); p > least; p *= w.Float64() {
		n++
	}
	return n
}

// addContact adds the messages of one contact: a question and its answer. One in
// five contacts starts with a greeting, and three in ten end with thanks.
func (w *world) addContact(customer int, at time.Time, reason, product string, incident int) {
	language := "nl"
	if customer%10 < 3 {
		language = "en"
	}
	lines := w.shop.says[reason][language]
	text := w.addTypo(w.fillPlaceholders(lines[w.IntN(len(lines))], language, product))
	ch := channels[(customer+w.IntN(2))%len(channels)]
	if w.Float64() < 0.2 {
		w.addMessage(customer, ch, at.Add(-time.Duration(20+w.IntN(60))*time.Second), map[string]string{"nl": "Hallo,", "en": "Hi there"}[language], message.Inbound)
	}
	u := w.addMessage(customer, ch, at, text, message.Inbound)
	u.incident = incident
	if reason != chatter {
		u.reason = reason
		u.product = product
	}
	at = at.Add(time.Duration(10+w.IntN(600)) * time.Minute)
	w.addMessage(customer, ch, at, "Dat zoeken we uit.", message.Outbound)
	if w.Float64() < 0.3 {
		w.addMessage(customer, ch, at.Add(time.Duration(1+w.IntN(90))*time.Minute), map[string]string{"nl": "Dank u wel", "en": "Thank you"}[language], message.Inbound)
	}
}

var channels = []message.Channel{message.WhatsApp, message.Email, message.WebChat, message.Messenger}

// addMessage adds a message. The result is valid until the next call.
func (w *world) addMessage(customer int, ch message.Channel, at time.Time, text string, d message.Direction) *utterance {
	w.count++
	id := fmt.Sprintf("m-%d", w.count)
	w.said = append(w.said, utterance{incident: -1, Message: message.Message{
		Version: message.SchemaVersion, ID: message.NewID(ch, at, id), Channel: ch, Direction: d, Kind: message.Text, ProviderID: id, SentAt: at, Text: text,
		CustomerID: identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-%012d", customer)),
		Customer:   identity.Address{Alias: identity.Alias{Kind: identity.Account, Value: fmt.Sprint(customer)}, Assurance: identity.Verified},
	}})
	return &w.said[len(w.said)-1]
}

// fillPlaceholders replaces the placeholders of a wording by an order number and a name of the
// product. One in five customers writes "thing" instead of the name.
func (w *world) fillPlaceholders(line, language, product string) string {
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

// addTypo adds one typing error to one in three messages.
func (w *world) addTypo(text string) string {
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
