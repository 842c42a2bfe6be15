package triage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/classifier/trained"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/triage"
)

// The model of these tests knows only these invented words, which no phrase has.
var inventedWords = map[string]string{
	"delivery-late": "zwalp floepsel bruntel hamsk ollerij pruifel",
	"double-charge": "krimmel vrasser dolfie juutsel bekkap nizzer",
	"defect":        "snorpel gribbe takkerd wuldig eemster fjaag",
	"safety":        "vlambas sissert knalder guchel zonk rapputs", // critical
	cause:           "oefelaar wirwat quint murfel loezig pjotter",
}

// fillers are words that examples of all reasons have.
var fillers = []string{"", "hallo, de ", "goedemorgen ik heb een vraag over de airfryer ", "mijn factuur of bestelling is niet "}

// trainInvented returns a model that is sure of three invented words of one reason.
func trainInvented(t testing.TB) *trained.Model {
	t.Helper()
	var examples []classifier.Example
	for reason, list := range inventedWords {
		words := strings.Fields(list)
		for i := range words {
			for j := range i {
				for k := range j {
					text := fillers[(i+j+k)%len(fillers)] + words[i] + " " + words[k] + " " + words[j]
					examples = append(examples, classifier.Example{Text: text, Language: "nl", Reason: reason})
				}
			}
		}
	}
	slices.SortFunc(examples, func(a, b classifier.Example) int { return strings.Compare(a.Reason+a.Text, b.Reason+b.Text) })
	m, _, err := classifier.Train(t.Context(), examples, classifier.Options{Version: shop.Version})
	if err != nil {
		t.Fatal(err)
	}
	return &trained.Model{Model: m, ID: "0123456789abcdef"}
}

func newGuessing(t testing.TB) (*triage.Triage, *store.Table) {
	t.Helper()
	tr, table := newTriage(t)
	tr.Model = trainInvented(t)
	return tr, table
}

// triaged stores and handles a message of a new customer and returns the contact.
func triaged(t *testing.T, tr *triage.Triage, table *store.Table, customer int, text string) contact.Contact {
	t.Helper()
	m := says(customer, 1, time.Duration(customer)*time.Minute, text)
	put(t, table, m)
	handle(t, tr, m)
	return only(t, table, m.CustomerID)
}

func reasonsOf(k contact.Contact) []string {
	reasons := []string{}
	for _, c := range k.Causes {
		reasons = append(reasons, fmt.Sprintf("%s by %s", c.Reason, c.FoundBy))
	}
	return reasons
}

func TestHandle_GuessedReason(t *testing.T) {
	t.Parallel()
	tr, table := newGuessing(t)
	const text = "Hallo, de zwalp floepsel bruntel"
	for customer := range 5 {
		k := triaged(t, tr, table, customer, text)
		if diff := cmp.Diff([]string{"delivery-late by model"}, reasonsOf(k)); diff != "" {
			t.Fatalf("reasons (-want +got):\n%s", diff)
		}
		c := k.Causes[0]
		if c.Confidence < 0.5 || c.Message == "" || c.Department != "logistics" || k.Department != "logistics" || k.Model != tr.Model.ID {
			t.Errorf("got %+v of contact %+v, want a confident guess for logistics", c, k)
		}
		var words []string
		for _, s := range c.Spans {
			words = append(words, text[s[0]:s[1]])
		}
		if !slices.Contains(words, "zwalp") || slices.Contains(words, "Hallo") {
			t.Errorf("deciding words = %v, want the invented ones", words)
		}
	}
}

// Five customers whose reason is guessed open a problem, as with phrases.
func TestHandle_GuessesOpenAProblem(t *testing.T) {
	t.Parallel()
	tr, table := newGuessing(t)
	for customer := range 6 {
		triaged(t, tr, table, customer, "krimmel vrasser dolfie")
	}
	ps := problems(t, table, "billing")
	if len(ps) != 1 || ps[0].Reason != "double-charge" || ps[0].Customers != 6 {
		t.Errorf("problems = %+v, want one of double-charge with 6 customers", ps)
	}
}

func TestHandle_WhoDecides(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		texts []string
		want  []string
	}{
		"sure guess":                   {[]string{"zwalp floepsel bruntel"}, []string{"delivery-late by model"}},
		"two sure guesses":             {[]string{"zwalp floepsel bruntel", "krimmel vrasser dolfie"}, []string{"delivery-late by model", "double-charge by model"}},
		"unsure guess":                 {[]string{"zwalp krimmel snorpel wirwat"}, []string{}},
		"critical reason":              {[]string{"vlambas sissert knalder"}, []string{}},
		"words that no example has":    {[]string{"hallo daar"}, []string{}},
		"phrase":                       {[]string{"ik ben mijn wachtwoord vergeten"}, []string{"password-reset by phrase"}},
		"phrase in another message":    {[]string{"zwalp floepsel bruntel", "ik ben mijn wachtwoord vergeten"}, []string{"delivery-late by model", "password-reset by phrase"}},
		"phrase that the model doubts": {[]string{unclear + " zwalp floepsel bruntel"}, []string{"delivery-late by model"}},
		"phrase of a critical reason":  {[]string{"er komt rook uit de zwalp floepsel bruntel"}, []string{"safety by phrase"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, table := newGuessing(t)
			for i, text := range tt.texts {
				m := says(1, i, time.Duration(i)*time.Minute, text)
				put(t, table, m)
				handle(t, tr, m)
			}
			ks, _, err := table.Contacts.List(t.Context(), "c001", 10, "")
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, k := range slices.Backward(ks) { // each wish is a contact of its own
				got = append(got, reasonsOf(k)...)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandle_GuessedProduct(t *testing.T) {
	t.Parallel()
	tr, table := newGuessing(t)
	k := triaged(t, tr, table, 1, "De airfryer snorpel gribbe takkerd")
	if len(k.Causes) != 1 || k.Causes[0].Reason != "defect" || k.Causes[0].Product != "air-fryer" {
		t.Errorf("causes = %+v, want a defect of the air-fryer", k.Causes)
	}
}

// An agent's correction wins over the model, also if it says that no reason is known.
func TestHandle_CorrectedGuess(t *testing.T) {
	t.Parallel()
	tr, table := newGuessing(t)
	k := triaged(t, tr, table, 1, "zwalp floepsel bruntel")
	correct(t, tr, table, k.Customer, "double-charge")
	if diff := cmp.Diff([]string{"double-charge by correction"}, reasonsOf(only(t, table, k.Customer))); diff != "" {
		t.Errorf("after the correction (-want +got):\n%s", diff)
	}
	correct(t, tr, table, k.Customer)
	if diff := cmp.Diff([]string{}, reasonsOf(only(t, table, k.Customer))); diff != "" {
		t.Errorf("after a correction to no reason (-want +got):\n%s", diff)
	}
}

// A contact keeps the reasons that it has when the model changes, until its customer
// writes again or it is reclassified.
func TestHandle_NewModel(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	before := triaged(t, tr, table, 1, "zwalp floepsel bruntel")
	if len(before.Causes) != 0 || before.Model != "" {
		t.Fatalf("without a model: got %+v, want no reason", before)
	}
	answer := answered(says(1, 2, time.Hour, ""))
	put(t, table, answer)
	handle(t, tr, answer)
	tr.Model = trainInvented(t)
	other := says(1, 3, 40*time.Hour, "hallo daar") // another contact of the same customer
	put(t, table, other)
	handle(t, tr, other)
	stored := func() contact.Contact {
		t.Helper()
		k, ok, err := table.Contacts.ContactByKey(t.Context(), before.Customer, before.Start, before.ID)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return k
	}
	if k := stored(); len(k.Causes) != 0 || k.Model != "" {
		t.Errorf("with a new model: got %+v, want the contact unchanged", k)
	}
	if err := table.Contacts.RequestContactReclassify(t.Context(), before, time.Now()); err != nil {
		t.Fatal(err)
	}
	stream(t, tr, store.NewReclassifyRecord(before.Customer, before.Start, before.ID))
	if k := stored(); len(k.Causes) != 1 || k.Model != tr.Model.ID {
		t.Errorf("after a reclassification: got %+v, want the guess of the new model", k)
	}
	tr.Model = nil
	handle(t, tr, other)
	if k := stored(); len(k.Causes) != 1 {
		t.Errorf("while the model cannot be read: got %+v, want the contact unchanged", k)
	}
}

func TestSuggest_Reasons(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text      string
		hasModel  bool
		want      []string // the first ones
		firstWord string
	}{
		"unsure guess":        {"zwalp zwalp floepsel krimmel", true, []string{"delivery-late by model"}, "zwalp"},
		"critical reason":     {"vlambas sissert knalder", true, []string{"safety by model"}, ""},
		"doubted phrase":      {unclear + " zwalp floepsel bruntel", true, []string{"delivery-late by model", cause + " by phrase"}, ""},
		"no model":            {"de bezorger heeft mijn bestelling bij de buren in de tuin gegooid", false, nil, ""},
		"phrase and no model": {unclear, false, []string{cause + " by phrase"}, "snap"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, table := newTriage(t)
			if tt.hasModel {
				tr.Model = trainInvented(t)
			}
			got, err := tr.Suggest(t.Context(), triaged(t, tr, table, 1, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 || len(got) > 3 {
				t.Fatalf("got %d suggestions, want 1 to 3", len(got))
			}
			var list []string
			for _, s := range got {
				list = append(list, fmt.Sprintf("%s by %s", s.Reason, s.FoundBy))
			}
			if diff := cmp.Diff(tt.want, list[:len(tt.want)], cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Errorf("first suggestions (-want +got):\n%s", diff)
			}
			if tt.firstWord != "" && !slices.Contains(got[0].Words, tt.firstWord) {
				t.Errorf("words = %v, want %q among them", got[0].Words, tt.firstWord)
			}
		})
	}
}
