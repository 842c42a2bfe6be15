package excerpt_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/redact"
	"github.com/heard-intake/heard/internal/taxonomy"
)

var shop = mustTaxonomy("../../infra/taxonomy.yaml")

func mustTaxonomy(file string) *taxonomy.Taxonomy {
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	t, err := taxonomy.Load(data)
	if err != nil {
		panic(err)
	}
	return t
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// contactsOf returns one contact of one customer for each text.
func contactsOf(texts ...string) []excerpt.Contact {
	var all []excerpt.Contact
	for i, text := range texts {
		all = append(all, excerpt.Contact{
			Occurrence: problem.Occurrence{Customer: identity.CustomerID(fmt.Sprint("c", i)), Contact: fmt.Sprint("k", i), At: noon},
			Messages:   []message.Message{{Channel: message.Email, Direction: message.Inbound, SentAt: noon, Text: text}},
			Known:      redact.PersonalData{Names: []string{"Wesley"}, Public: shop.PublicNames()},
		})
	}
	return all
}

func TestWords(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reason string
		texts  []string
		others []string
		want   []string // the first words
		not    []string // in no word
	}{
		"a step of a manual": {
			"manual-unclear",
			[]string{
				"Ik snap stap 7 van de handleiding niet, groeten Wesley", "stap 7 in de handleiding klopt niet met de tekening", "De handleiding is onduidelijk bij stap 7",
				"Wat moet ik doen bij stap 3, de handleiding is onduidelijk", "de handleiding zegt bij stap 7 iets anders dan de tekening",
			},
			[]string{"Ik snap de handleiding niet bij stap 2", "de handleiding is onduidelijk over de klok", "ik kom niet uit de handleiding", "bij stap 4 van de handleiding loop ik vast"},
			[]string{"stap 7"},
			[]string{"handleiding", "wesley", "stap 3"},
		},
		"a post of an invoice": {
			"invoice-unclear",
			[]string{
				"Ik snap mijn factuur niet, waarom betaal ik verzendkosten", "Wat zijn die verzendkosten op mijn factuur", "mijn factuur is onduidelijk, er staan verzendkosten op",
				"Ik begrijp de verzendkosten op de rekening niet",
			},
			nil,
			[]string{"verzendkosten"},
			[]string{"factuur", "rekening"},
		},
		"a version of an app": {
			"app-crash",
			[]string{"app crasht sinds update 5.2", "Sinds update 5.2 loopt de app vast", "the app crashes since update 5.2", "de app sluit zichzelf"},
			[]string{"de app crasht steeds", "app loopt vast op het beginscherm", "the app keeps crashing"},
			[]string{"update 5.2"},
			[]string{"crash"},
		},
		"a code of many": {
			"discount-code",
			[]string{"De kortingscode HERFST15 werkt niet", "kortingscode herfst15 doet het niet", "HERFST15 wordt niet geaccepteerd als kortingscode"},
			nil,
			[]string{"herfst15"},
			[]string{"kortingscode"},
		},
		"nothing in common": {
			"invoice-unclear",
			[]string{"Ik snap mijn factuur niet", "mijn factuur is onduidelijk", "wat is die post op de factuur"},
			nil, nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := excerpt.Words(shop, tt.reason, contactsOf(tt.texts...), tt.others)
			if len(got) < len(tt.want) || !slices.Equal(got[:len(tt.want)], tt.want) {
				t.Errorf("Words = %q, want %q first", got, tt.want)
			}
			if tt.want == nil && len(got) > 0 {
				t.Errorf("Words = %q, want none", got)
			}
			for _, word := range tt.not {
				if strings.Contains(strings.Join(got, ","), word) {
					t.Errorf("Words = %q, want none with %q", got, word)
				}
			}
		})
	}
}

// A name that customers share is not a word of a problem.
func TestWords_NoNames(t *testing.T) {
	t.Parallel()
	got := excerpt.Words(shop, "service-complaint", contactsOf(
		"Niemand neemt op, Brechtje hing zomaar op", "brechtje hing op en niemand neemt op", "ik sprak met Brechtje en die hing op", "Brechtje Oudkerk was onbeschoft",
	), nil)
	for _, word := range got {
		if strings.Contains(word, "brechtje") || strings.Contains(word, "oudkerk") {
			t.Errorf("Words = %q, want no name", got)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	contacts := contactsOf("Mijn pakket is er niet, bel 06-12345678. Groeten, Wesley", "[...]", "Qwelp!", "stap 7 klopt niet met AB12")
	got := excerpt.Mask(contacts, []string{"stap 7", "ab12"})
	want := []excerpt.MaskedMessage{
		{Customer: "c0", Contact: "k0", Channel: message.Email, SentAt: noon, Text: "Mijn pakket is er niet, bel [phone]. Groeten, [name]"},
		{Customer: "c3", Contact: "k3", Channel: message.Email, SentAt: noon, Text: "stap 7 klopt niet met AB12"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSelect_CodesAndOtherQuotes(t *testing.T) {
	t.Parallel()
	contacts := contactsOf("De code HERFST15 werkt niet bij het afrekenen")
	others := []problem.Occurrence{
		{Customer: "c9"},
		{Customer: "c8", Quote: "Waarom geeft de site een fout bij [number]"},
	}
	got := excerpt.Select(shop, "discount-code", contacts, others)
	want := []string{"De code [number] werkt niet bij het afrekenen", "Waarom geeft de site een fout bij [number]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	contacts = contactsOf("De code HERFST15 werkt niet bij het afrekenen", "waarom doet herfst15 niets", "Ik krijg geen korting met HERFST15 in de app")
	for _, q := range excerpt.Select(shop, "discount-code", contacts, nil) {
		if !strings.Contains(strings.ToUpper(q), "HERFST15") {
			t.Errorf("quote %q lacks the code of three customers", q)
		}
	}
}
