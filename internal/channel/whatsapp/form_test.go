package whatsapp_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/message"
)

// interactive returns a webhook with an interactive answer of jan.
func interactive(kind, body string) string {
	return webhook("messages", `"messages":[{"from":"`+jan+`","id":"wamid.a","timestamp":"1790000000","type":"interactive","interactive":{"type":"`+kind+`","`+kind+`":`+body+`}}]`)
}

// form returns a webhook with the answers of a form.
func form(t *testing.T, answers string) string {
	t.Helper()
	inner, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	return interactive("nfm_reply", `{"name":"flow","body":"Sent","response_json":`+string(inner)+`}`)
}

// TestNormalize_FormText reads forms. Their text is what the customer wrote, and
// every answer is in the data.
func TestNormalize_FormText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answers, want string }{
		{"question beside a choice", `{"flow_token":"t1","onderwerp":"Klacht","uw_vraag":"Mijn factuur klopt niet, er is te veel berekend"}`, "Mijn factuur klopt niet, er is te veel berekend"},
		{"fields of the form builder", `{"screen_0_Dropdown_0":"0_Bestelling","screen_0_TextArea_1":"Waar blijft mijn pakket?","flow_token":"unused"}`, "Waar blijft mijn pakket?"},
		{"question of one word", `{"uwVraag":"Retour"}`, "Retour"},
		{"question first", `{"model":"Koffiemachine van vorig jaar","vraag":"Hij lekt"}`, "Hij lekt\nKoffiemachine van vorig jaar"},
		{"several sentences", `{"a":"Het pakket is open.","b":"De doos was nat."}`, "Het pakket is open.\nDe doos was nat."},
		{"the same twice", `{"a":"Het pakket is open.","b":"Het pakket is open."}`, "Het pakket is open."},
		{"two words", `{"a":"Koffiemachine lekt","stars":"5"}`, "Koffiemachine lekt"},
		{"one word alone", `{"onderwerp":"Klacht"}`, "Klacht"},
		{"nested", `{"screen":{"toelichting":"De doos was nat."},"data":[{"opmerking":"Bel mij maar"}]}`, "De doos was nat.\nBel mij maar"},
		{"personal data", `{"naam":"Jan van den Berg","email":"jan@example.com","straat":"Lange Straat 5 te Delft","telefoon":"06 1234 5678","bericht":"Bel mij"}`, "Bel mij"},
		{"personal data alone", `{"first_name":"Jan","full_name":"Jan van den Berg","date_of_birth":"1 mei 1980"}`, ""},
		{"numbers and ratings", `{"stars":5,"cs_rating":"0","ok":true,"none":null}`, ""},
		{"choices", `{"reason_choice":"0_Kapot","checks":["0_Snel","1_Goed"],"state":"delivery_late"}`, ""},
		{"ids", `{"order":"NL-1001","order_id":"A B C","token":"een twee drie"}`, ""},
		{"field of an id that asks", `{"complaint_type":"Te laat geleverd"}`, "Te laat geleverd"},
		{"Japanese", `{"a":"商品がまだ届いていません"}`, "商品がまだ届いていません"},
		{"text with a line break", `{"vraag":"Een.\nTwee."}`, "Een.\nTwee."},
		{"escapes", `{"vraag":"Waar is \u00e9\u00e9n pakket?"}`, "Waar is één pakket?"},
		{"a list", `["Waar blijft mijn pakket?"]`, "Waar blijft mijn pakket?"},
		{"a text", `"Waar blijft mijn pakket?"`, "Waar blijft mijn pakket?"},
		{"white space around", " \n{\"vraag\": \"Waar blijft mijn pakket?\" } ", "Waar blijft mijn pakket?"},
		{"empty", `{}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := one(t, form(t, tt.answers))
			if m.Kind != message.Form || m.Text != tt.want {
				t.Errorf("got %s with text %q, want form with %q", m.Kind, m.Text, tt.want)
			}
			if !json.Valid(m.Data) || m.Mark != "" || m.Passive {
				t.Errorf("got data %s, mark %q and passive %v; want all answers, and a message that asks", m.Data, m.Mark, m.Passive)
			}
		})
	}
}

// TestNormalize_LargeForm reads a form that is too large to be stored whole. What
// the customer wrote is kept.
func TestNormalize_LargeForm(t *testing.T) {
	t.Parallel()
	filler, err := json.Marshal(strings.Repeat("0123456789", message.MaxRaw/10))
	if err != nil {
		t.Fatal(err)
	}
	d := read(t, form(t, `{"code":`+string(filler)+`,"vraag":"Waar is het pakket?"}`))
	if len(d.Messages) != 1 || len(d.Broken) != 1 {
		t.Fatalf("got %d messages and %d broken elements, want one of each", len(d.Messages), len(d.Broken))
	}
	if m := d.Messages[0]; m.Text != "Waar is het pakket?" || m.Mark != "unparsed" {
		t.Errorf("got text %q and mark %q, want the question, marked as unparsed", m.Text, m.Mark)
	}
}

// TestNormalize_AnswerText reads the other answers to messages of ours.
func TestNormalize_AnswerText(t *testing.T) {
	t.Parallel()
	single := func(kind, body string) string {
		return webhook("messages", `"messages":[{"from":"`+jan+`","id":"wamid.a","timestamp":"1790000000","type":"`+kind+`","`+kind+`":`+body+`}]`)
	}
	for _, tt := range []struct {
		name, body string
		kind       message.Kind
		text       string
	}{
		{"note of an order", single("order", `{"catalog_id":"1","text":"Graag voor vrijdag","product_items":[{"product_retailer_id":"p","quantity":1,"item_price":2,"currency":"EUR"}]}`), message.Order, "Graag voor vrijdag"},
		{"order without a note", single("order", `{"catalog_id":"1","product_items":[]}`), message.Order, ""},
		{"quick reply of a template", single("button", `{"text":"Nog niet ontvangen","payload":"late"}`), message.Reply, "Nog niet ontvangen"},
		{"button", interactive("button_reply", `{"id":"b1","title":"Spreek een medewerker"}`), message.Reply, "Spreek een medewerker"},
		{"entry of a list", interactive("list_reply", `{"id":"r1","title":"Factuur","description":"Vragen over betalen"}`), message.Reply, "Factuur"},
		{"address message", interactive("nfm_reply", `{"name":"address_message","body":"Lange Straat 5","response_json":"{\"values\":{\"name\":\"Jan\",\"address\":\"Lange Straat 5\"}}"}`), message.Form, "Lange Straat 5"},
		{"body of a form that is not JSON", interactive("nfm_reply", `{"name":"flow","body":"Sent","response_json":"{vraag: waar is het pakket"}`), message.Form, ""},
		{"form without a name", interactive("nfm_reply", `{"body":"Sent","response_json":"{\"vraag\":\"Waar is het?\"}"}`), message.Form, "Waar is het?"},
		{"answer of an unknown kind", interactive("survey_reply", `{"id":"s1","title":"Ik wacht nog op mijn geld"}`), message.Form, "Ik wacht nog op mijn geld"},
		{"answer of an unknown kind without words", interactive("payment_method", `{"payment_method":"upi","reference_id":"r1"}`), message.Form, ""},
		{"call permission", interactive("call_permission_reply", `{"response":"accept"}`), message.Reply, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if m := one(t, tt.body); m.Kind != tt.kind || m.Text != tt.text {
				t.Errorf("got %s with text %q, want %s with %q", m.Kind, m.Text, tt.kind, tt.text)
			}
		})
	}
}

// TestNormalize_CaseForm reads a form that once gave a wrong text.
func TestNormalize_CaseForm(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../../../../shared/cases/events/14-form-answers-not-read/1-whatsapp.json")
	if err != nil {
		t.Skip("no cases")
	}
	d, err := whatsapp.Normalize(body)
	if err != nil || len(d.Messages) != 1 {
		t.Fatal(d, err)
	}
	if got, want := d.Messages[0].Text, "Mijn factuur klopt niet, er is te veel berekend"; got != want {
		t.Errorf("text: got %q, want %q", got, want)
	}
}
