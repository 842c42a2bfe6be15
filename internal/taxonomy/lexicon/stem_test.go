package lexicon_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy/lexicon"
)

func TestStemmer_Dutch(t *testing.T) {
	t.Parallel()
	s := lexicon.NewStemmer()
	for _, forms := range [][]string{
		{"factuur", "facturen"},
		{"betalen", "betaal", "betaalt", "betaald", "betaling", "betalingen"},
		{"opzeggen", "opgezegd", "opzegging"},
		{"leveren", "levert", "geleverd", "levering"},
		{"verhuizen", "verhuis", "verhuist", "verhuisd", "verhuisde", "verhuizing"},
		{"uitchecken", "uitgecheckt", "uitcheckt"},
		{"brief", "brieven"},
		{"afspraak", "afspraken"},
		{"vies", "vieze"},
		{"kapot", "kapotte"},
		{"bestellen", "bestelling", "bestellingen", "besteld", "bestel"},
	} {
		want := s.Dutch(forms[0])
		for _, f := range forms[1:] {
			if got := s.Dutch(f); got != want {
				t.Errorf("Dutch(%q) = %q, want %q as of %q", f, got, want, forms[0])
			}
		}
	}
	for _, apart := range [][2]string{{"betalen", "bestellen"}, {"terug", "te"}, {"leven", "leveren"}, {"geld", "gel"}, {"stand", "staan"}, {"zoek", "zoeken"}} {
		if s.Dutch(apart[0]) == s.Dutch(apart[1]) {
			t.Errorf("%q and %q have the same stem %q", apart[0], apart[1], s.Dutch(apart[0]))
		}
	}
}

func TestStemmer_English(t *testing.T) {
	t.Parallel()
	s := lexicon.NewStemmer()
	for _, forms := range [][]string{
		{"invoice", "invoices", "invoiced"},
		{"cancel", "cancelled", "cancelling", "cancels"},
		{"delivery", "deliveries"},
		{"charge", "charged", "charges", "charging"},
	} {
		want := s.English(forms[0])
		for _, f := range forms[1:] {
			if got := s.English(f); got != want {
				t.Errorf("English(%q) = %q, want %q as of %q", f, got, want, forms[0])
			}
		}
	}
}
