package e2e_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/traffic"
)

const aDay = 24 * time.Hour

// A desk is a stack whose schedules run only in the test, and the items that
// departments received so far.
type desk struct {
	*bench
	begun time.Time
	items map[string][]stackclient.Item // by department
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return &desk{own(t, stack.Config{Memory: true, Still: true}), time.Now(), map[string][]stackclient.Item{}}
}

// tick runs the schedules as at a time after the start, and waits for their
// effects.
func (d *desk) tick(after time.Duration) {
	d.Helper()
	d.settle()
	if err := d.stack.Tick(d.Context(), d.begun.Add(after)); err != nil {
		d.Fatal(err)
	}
	d.settle()
}

// as calls the API with the token of a department, or of an operator if department
// is empty. It sends a POST, or a GET if body is nil.
func (d *desk) as(department, path string, body any) (p problem.Problem) {
	d.Helper()
	scopes := stackclient.DepartmentScopes
	if department == "" {
		scopes = stackclient.Scopes
	}
	token, err := d.Token(department, scopes...)
	if err != nil {
		d.Fatal(err)
	}
	method := http.MethodPost
	if body == nil {
		method = http.MethodGet
	}
	if err := d.CallWithToken(d.Context(), method, "/v1/problems"+path, token, body, &p); err != nil {
		d.Fatalf("%s %s: %v", department, path, err)
	}
	return p
}

type step map[string]any

func (d *desk) step(department, id string, s step) problem.Problem {
	d.Helper()
	return d.as(department, "/"+id+"/updates", s)
}

// complain sends the same text of n new customers, sent a while ago, and returns
// the customers.
func (d *desk) complain(n int, ago time.Duration, text string) []traffic.Person {
	d.Helper()
	var all []traffic.Person
	for range n {
		who := someone()
		name := id()
		at := time.Now().Add(-ago)
		d.taken(func() error { return d.try(d.Context(), who, message.WhatsApp, name, text, at) })
		all = append(all, who)
	}
	d.settle()
	return all
}

// ref returns the reference of the only contact of a customer.
func (d *desk) ref(who traffic.Person) problem.ContactRef {
	d.Helper()
	p, err := d.FindCustomer(d.Context(), "phone:"+who.Phone)
	if err != nil {
		d.Fatal(err)
	}
	all, err := d.Contacts(d.Context(), p.ID)
	if err != nil || len(all) != 1 {
		d.Fatal(all, err)
	}
	return problem.ContactRef{Customer: p.ID, Contact: all[0].ID}
}

// about returns the items that a department received about a problem, in order of
// arrival.
func (d *desk) about(department, id string) []stackclient.Item {
	d.Helper()
	d.settle()
	more, err := d.QueueItems(d.Context(), department, true)
	if err != nil {
		d.Fatal(err)
	}
	d.items[department] = append(d.items[department], more...)
	var all []stackclient.Item
	for _, i := range d.items[department] {
		if i.ID == id {
			all = append(all, i)
		}
	}
	return all
}

// told fails the test unless a department received exactly these events about a
// problem ("opened acknowledged"), with rising versions. It returns the last item.
func (d *desk) told(department, id, want string) stackclient.Item {
	d.Helper()
	all := d.about(department, id)
	var got []string
	version := 0
	for _, i := range all {
		what := string(i.Event)
		if i.Event == problem.EventState {
			what = string(i.State)
		}
		got = append(got, what)
		if i.Version <= version {
			d.Errorf("got version %d after %d, want rising versions", i.Version, version)
		}
		version = i.Version
	}
	if strings.Join(got, " ") != want {
		d.Fatalf("%s: got events %q, want %q", department, got, want)
	}
	return all[len(all)-1]
}

// detected returns the id of the problem of a cause.
func (d *desk) detected(department, reason, product string) string {
	d.Helper()
	all, err := d.Problems(d.Context(), department)
	if err != nil {
		d.Fatal(err)
	}
	for _, p := range all {
		if p.Reason == reason && p.Product == product {
			return p.ID
		}
	}
	d.Fatalf("%s %s has no problem", reason, product)
	return ""
}

func TestProblem_Workflow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	// The parts that need a later tick start first.
	quiet := d.fixes()
	d.merges()
	d.splits()
	late := d.waits()
	d.comesBack()

	d.tick(7 * aDay)
	item := d.told("logistics", late, "opened escalated")
	lead := d.told("customer-care", late, "escalated")
	if item.EscalatedTo != "customer-care" || lead.State != problem.Detected || lead.Version != item.Version {
		t.Errorf("escalated %+v, %+v", item.Item, lead.Item)
	}
	d.step("customer-care", late, step{"to": "acknowledged", "comment": "We take it."})
	d.told("logistics", late, "opened escalated acknowledged")
	d.told("customer-care", late, "escalated acknowledged")

	d.told("billing", quiet, "opened acknowledged fixed")
	d.tick(problem.WatchFor + time.Hour)
	proof := d.told("billing", quiet, "opened acknowledged fixed confirmed").Proof
	if proof == nil || proof.Before != 6 || proof.After != 0 || proof.Avoided <= 0 || proof.Saved <= 0 || proof.Currency != "EUR" {
		t.Fatalf("proof %+v", proof)
	}
	fixed := d.as("billing", "/"+quiet, nil).FixedAt
	if got, want := proof.AfterDays, daysBetween(t, fixed, d.begun.Add(problem.WatchFor+time.Hour)); got != want {
		t.Errorf("the proof counts %d days after the fix, want %d", got, want)
	}
}

// daysBetween returns how many whole days, by the stack's time zone, are between
// the days of two times: 0 between Monday noon and Tuesday noon.
func daysBetween(t *testing.T, from, to time.Time) int {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	noon := func(at time.Time) time.Time {
		year, month, day := at.In(zone).Date()
		return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
	}
	return int(noon(to).Sub(noon(from)).Hours()/24) - 1
}

// comesBack follows a problem that an agent opens by hand until it reopens after
// the fix.
func (d *desk) comesBack() {
	d.Helper()
	first := d.complain(2, 0, "Ik snap mijn factuur niet")
	p := d.as("", "", map[string]any{"reason": "invoice-unclear", "comment": "Two in a row.", "contacts": []problem.ContactRef{d.ref(first[0])}})
	d.as("", "/"+p.ID+"/contacts", map[string]any{"contacts": []problem.ContactRef{d.ref(first[1])}, "comment": "And another."})
	for _, s := range []step{
		{"to": "acknowledged", "version": 2},
		{"to": "cause_known", "cause": "The amount is without VAT."},
		{"to": "workaround", "workaround": "Add the VAT of line 3."},
		{"to": "fix_planned", "expectedAt": d.begun.Add(aDay).UTC().Format(time.RFC3339), "links": []string{"https://changes.example.com/7"}},
	} {
		p = d.step("billing", p.ID, s)
	}
	d.tick(aDay + time.Hour)
	d.tick(aDay + 2*time.Hour)
	slipped := d.told("billing", p.ID, "opened updated acknowledged cause_known workaround fix_planned overdue")
	if slipped.Customers != 2 || slipped.OpenedBy == "" || slipped.Cause == "" || slipped.Workaround == "" || len(slipped.Links) != 1 {
		d.Errorf("slipped %+v", slipped.Item)
	}
	d.step("billing", p.ID, step{"expectedAt": d.begun.Add(2 * aDay).UTC().Format(time.RFC3339)})
	d.step("billing", p.ID, step{"to": "fixed"})
	d.complain(5, -2*time.Second, "Ik snap mijn factuur niet") // platforms send whole seconds, and these must be after the fix
	back := d.told("billing", p.ID, "opened updated acknowledged cause_known workaround fix_planned overdue updated fixed reopened")
	if back.State != problem.Detected || back.Reopened != 1 || back.Evidence == nil || back.Evidence.Contacts < 5 {
		d.Errorf("back %+v, evidence %+v", back.Item, back.Evidence)
	}
}

// fixes opens a problem with contacts on three days, reports it fixed, and returns
// its id.
func (d *desk) fixes() string {
	d.Helper()
	for _, ago := range []time.Duration{3 * aDay, 2 * aDay, aDay} {
		d.complain(2, ago, "Ik heb mijn geld nog niet terug")
	}
	id := d.detected("billing", "refund-missing", "")
	d.step("billing", id, step{"to": "acknowledged"})
	d.step("billing", id, step{"to": "fixed"})
	return id
}

// waits opens a problem that its department does not acknowledge, and returns its
// id.
func (d *desk) waits() string {
	d.Helper()
	d.complain(5, 0, "Mijn pakket staat op bezorgd, maar ik heb niets ontvangen")
	id := d.detected("logistics", "delivered-missing", "")
	d.tick(time.Minute)
	d.told("logistics", id, "opened")
	return id
}

// merges opens two problems and merges one into the other.
func (d *desk) merges() {
	d.Helper()
	d.complain(5, 0, "De handleiding van de koptelefoon klopt niet")
	d.complain(6, 0, "De handleiding van de koffiemachine klopt niet")
	one := d.detected("documentation", "manual-unclear", "headphones")
	other := d.detected("documentation", "manual-unclear", "coffee-machine")
	d.step("documentation", one, step{"to": "merged", "into": other})
	d.told("documentation", one, "opened merged")
	whole := d.told("documentation", other, "opened merged")
	if whole.Customers != 11 || whole.Other != one || whole.Milestone != 0 {
		d.Errorf("merged %+v", whole.Item)
	}
	d.complain(1, 0, "De handleiding van de koptelefoon klopt niet")
	d.tick(6 * time.Minute)
	if p := d.as("documentation", "/"+other, nil); p.Customers != 12 {
		d.Errorf("got %d customers after one more, want 12", p.Customers)
	}
	d.told("documentation", other, "opened merged")
}

// splits opens a problem and splits a part of it off.
func (d *desk) splits() {
	d.Helper()
	d.complain(3, 0, "De handleiding van de airfryer klopt niet")
	d.complain(3, 0, "De handleiding van de airfryer klopt niet, tekening zeven")
	whole := d.detected("documentation", "manual-unclear", "air-fryer")
	part := d.as("documentation", "/"+whole+"/split", map[string]any{"words": []string{"tekening zeven"}, "comment": "A drawing is missing."})
	d.complain(1, 0, "De handleiding van de airfryer klopt niet: TEKENING ZEVEN ontbreekt")
	d.told("documentation", whole, "opened split")
	d.told("documentation", part.ID, "opened updated")
	got := map[string]int{}
	for _, id := range []string{whole, part.ID} {
		got[id] = d.as("documentation", "/"+id, nil).Customers
	}
	if want := map[string]int{whole: 3, part.ID: 4}; !maps.Equal(got, want) {
		d.Errorf("got customers %v, want %v", got, want)
	}
	if part.SplitFrom != whole {
		d.Errorf("got split from %q, want %q", part.SplitFrom, whole)
	}
}
