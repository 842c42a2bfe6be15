package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/store"
)

func TestPrintEchoes(t *testing.T) {
	t.Parallel()
	known, err := contact.ParseAppTexts("Al bekende tekst.")
	if err != nil {
		t.Fatal(err)
	}
	away := store.RepeatedEcho{Text: "We zijn gesloten\ntot 9 uur.", Customers: 12, Messages: 14, AtOnce: 13}
	often := store.RepeatedEcho{Text: "Uw pakket is verzonden.", Customers: 30, Messages: 31, AtOnce: 1}
	for name, tt := range map[string]struct {
		found    []store.RepeatedEcho
		deployed string
		has, not []string
	}{
		"nothing":         {nil, "", nil, []string{"These texts"}},
		"known":           {[]store.RepeatedEcho{{Text: "al bekende  tekst.", Customers: 9, Messages: 9, AtOnce: 9}}, "Al bekende tekst.", nil, []string{"These texts"}},
		"an away message": {[]store.RepeatedEcho{away}, "", []string{"12 customers, 14 messages, 13 within 10 seconds of the customer's: We zijn gesloten tot 9 uur.\n", "  AppTexts='We zijn gesloten tot 9 uur.'\n"}, nil},
		"of staff":        {[]store.RepeatedEcho{often}, "", []string{"30 customers", "staff seem to have sent them"}, []string{"AppTexts='"}},
		"both":            {[]store.RepeatedEcho{often, away}, "Al bekende tekst.", []string{"  AppTexts='Al bekende tekst. || We zijn gesloten tot 9 uur.'\n"}, nil},
		"too short":       {[]store.RepeatedEcho{{Text: "Hallo!", Customers: 9, Messages: 9, AtOnce: 9}}, "", []string{"Hallo!"}, []string{"AppTexts='"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			(&tool{out: &out}).printEchoes(unknownEchoes(tt.found, known), tt.deployed)
			for _, part := range tt.has {
				if !strings.Contains(out.String(), part) {
					t.Errorf("got %q, want %q in it", out.String(), part)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(out.String(), part) {
					t.Errorf("got %q, want it without %q", out.String(), part)
				}
			}
		})
	}
}

// TestDoctor_AppTexts sends the away message of an app to five customers, finds it, and
// finds it no more with the proposed parameter.
func TestDoctor_AppTexts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := stack.Start(t.Context(), stack.Config{Root: "../..", Dir: dir, Memory: true, Parameters: map[string]string{"AppTexts": "Welkom bij onze winkel! || Hoi {name}, we lezen dit zo."}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	const away = "We zijn gesloten tot 9 uur."
	var files []string
	for n := range 5 {
		question := fmt.Sprintf(`{"sender": {"id": "77000000000000%02d"}, "recipient": {"id": "104729000000001"}, "timestamp": 1788000000123, "message": {"mid": "q%d", "text": "Waar is mijn pakket?"}}`, n, n)
		echo := fmt.Sprintf(`{"sender": {"id": "104729000000001"}, "recipient": {"id": "77000000000000%02d"}, "timestamp": 1788000001123, "message": {"mid": "e%d", "is_echo": true, "app_id": "26390203743090", "text": "%s"}}`, n, n, away)
		body := fmt.Sprintf(`{"object": "page", "entry": [{"id": "104729000000001", "time": 1788000001123, "messaging": [%s, %s]}]}`, question, echo)
		file := filepath.Join(t.TempDir(), "webhook.json")
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	works(t, append([]string{"-dir", dir, "send", "messenger"}, files...)...)
	if err := s.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := works(t, "-dir", dir, "doctor")
	for _, want := range []string{"5 customers, 5 messages, 5 within 10 seconds", "  AppTexts='" + away + "'\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor: got %q, want %q in it", out, want)
		}
	}
	if out := works(t, "-dir", dir, "doctor", "-app-texts", away); strings.Contains(out, away) {
		t.Errorf("doctor with the text: got %q, want it without the text", out)
	}
	if _, errOut, code := heardctl(t, "-dir", dir, "doctor", "-app-texts", "ok"); code != 1 || !strings.Contains(errOut, "-app-texts: the text \"ok\" is too short") {
		t.Errorf("doctor with a short text: got code %d and %q, want 1 and the reason", code, errOut)
	}
}
