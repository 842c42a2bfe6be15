package contact

import (
	"strings"
	"testing"
)

func TestParseGrammar_Invalid(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"unknown category":     "[other]\nok",
		"unknown class":        "[agree]\n@other ok",
		"unknown suffix":       "[agree]\nok+",
		"group without end":    "[agree]\n( ok | top",
		"end without group":    "[agree]\nok )",
		"pattern of nothing":   "[agree]\nok? top*",
		"pattern before class": "ok",
		"too many elements":    "[agree]\n" + strings.Repeat("ok ", maxStates+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseGrammar(text); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestCoverText(t *testing.T) {
	t.Parallel()
	g, err := parseGrammar("# a comment\n@nice fijne leuke\n[bye]\n@nice dag|avond ( nog verder )?\ntot ( morgen | de volgende keer )*\n[thanks]\nbedankt voor* alles?\n[deny]\nnee\n[filler]\nja\n")
	if err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]cover{
		"fijne dag":                          coverOf(farewell),
		"leuke avond nog verder":             coverOf(farewell),
		"leuke avond nog":                    0,
		"fijne":                              0,
		"tot":                                coverOf(farewell),
		"tot morgen de volgende keer morgen": coverOf(farewell),
		"tot de volgende":                    0,
		"bedankt voor voor alles, tot":       coverOf(thanks) | coverOf(farewell),
		"nee bedankt":                        coverOf(thanks) | coverOf(denial),
		"nee tot morgen":                     0,
		"nee, tot morgen":                    coverOf(denial) | coverOf(farewell),
		"ja fijne dag":                       coverOf(filler) | coverOf(farewell),
		"bedannkt":                           coverOf(thanks),
		"beddankt fiijnne dag":               0,
		"bedaaaaankt":                        coverOf(thanks),
		"kapot":                              0,
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			var read text
			read.readText(words, g)
			if got := coverText(&read, g, 0) &^ reachable; got != want {
				t.Errorf("got %b, want %b", got, want)
			}
		})
	}
}

// TestLexicon_Disjoint checks that no ordinary word is a phrase's word or a name: such a
// word would never be recognised as that.
func TestLexicon_Disjoint(t *testing.T) {
	t.Parallel()
	for word := range firstNames() {
		if ordinaryWords()[word] {
			t.Errorf("%s is a name and an ordinary word", word)
		}
	}
	if len(closings().patterns) == 0 || len(firstNames()) == 0 || len(ordinaryWords()) == 0 {
		t.Error("a list is empty")
	}
}
