package redact_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/redact"
)

// Names of people; those of the second list are ordinary words too, which in
// small letters nothing can tell from the word.
const (
	plainNames = `Jan Piet Kees Henk Karin Sanne Lotte Daan Bram Sem Noah Emma Julia Mila Tess Zoë Fleur Anouk Femke Thijs Jeroen Pieter
		Willem Johannes Maria Anna Johanna Cornelis Hendrik Esra Fatma Mohammed Ahmed Youssef Aisha Samira Emre Yusuf Wei Ling Priya
		Rajesh Olga Ivan Piotr Agnieszka Jansen Bakker Visser Smit Meijer Mulder Dekker Brouwer Dijkstra Hoekstra Vermeulen Yilmaz Kaya
		Özdemir Nguyen Kowalski Peeters Janssens Maes Jacobs Claes Wouters Willems Hermans Verhoeven Schouten Kuipers Postma Veenstra
		John Peter Paul Mary Susan Linda Karen Lisa Nancy Betty Sandra Ashley Kevin Brian George Edward Ronald Timothy Jason Jeffrey
		Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Alexander Patrick Dennis
		Jerry Tyler Aaron Jose Adam Nathan Henry Zachary Douglas Kyle Johnson Williams Jones Garcia Miller Davis Rodriguez Martinez
		Hernandez Lopez Gonzalez Wilson Anderson Thomas Moore Jackson Martin Lee Perez Thompson Harris Sanchez Clark Ramirez Lewis
		Robinson Allen Wright Torres Nguyen Flores Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Patel Singh Khan`
	wordNames = `Will Bill Mark Rose Grace Hope Joy Faith May June April Bas Wil Floor Roos Storm Max Rob Jack Frank Grant Art Pat Sue Dean
		Groot Klein Lang Kort Groen Wit Zwart Rood Bos Vos Koning Prins Boon King Young White Brown Black Long Wood Stone Day
		Rich Love Church West Sharp Strong Power Swift Gold Augustus August`
)

// A name at any place in a harmless text is never quoted.
func TestMask_NamesAnywhere(t *testing.T) {
	t.Parallel()
	var texts []string
	for _, l := range readQuotes(t, "quotes.tsv") {
		if len(l.secrets) == 0 {
			texts = append(texts, l.text)
		}
	}
	check := func(name, text string) {
		if got, _ := redact.Mask(text, redact.PersonalData{}); leaks(name, got) != "" {
			t.Errorf("%q in %q is quoted: %q", name, text, got)
		}
	}
	for n, name := range strings.Fields(plainNames + " " + wordNames) {
		isWord := n >= len(strings.Fields(plainNames))
		for i := n % 25; i < len(texts); i += 25 { // each name in some of the texts
			text := texts[i]
			if leaks(name, text) != "" {
				continue
			}
			words := strings.Fields(text)
			at := (n*7 + i*3) % (len(words) + 1)
			if isWord && at == 0 {
				at = 1 // "Will the plug fit" begins with a word
			}
			with := func(name string) string {
				return strings.Join(words[:at], " ") + " " + name + " " + strings.Join(words[at:], " ")
			}
			if text != strings.ToUpper(text) {
				check(name, with(name))
				check(name, with(name+" Voorbeeld"))
			}
			if !isWord {
				check(name, with(strings.ToLower(name)))
				check(name, with(strings.ToUpper(name)))
			}
		}
	}
}
