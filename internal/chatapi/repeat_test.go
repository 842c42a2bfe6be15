package chatapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestPost_UsedID(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.knownOnWhatsApp("K-1", 1)
	first, second, other := s.signIn("K-1", ""), s.signIn("K-1", ""), s.signIn("L-1", "")
	anonymous := s.visit(nil, "")
	used := first.says(5, "van de eerste")

	first.post(map[string]any{"id": used, "text": "van de eerste"}).Expect(http.StatusOK)
	first.post(map[string]any{"id": strings.ToUpper(used), "text": "van de eerste"}).Expect(http.StatusOK)
	first.post(map[string]any{"id": used, "text": "een andere tekst"}).ExpectRefusal(http.StatusConflict, "the id is used by another message")
	s.Metrics.Reset()
	for _, text := range []string{"van de eerste", "van de tweede"} {
		second.post(map[string]any{"id": used, "text": text}).ExpectRefusal(http.StatusConflict, "the id is used by another message")
	}
	if got := s.Metrics.String(); !strings.Contains(got, `"Refused":1`) || strings.Contains(got, `"Duplicate":1`) {
		t.Errorf("metrics %s, want it counted as refused", got)
	}
	// Another customer's message is another message.
	other.post(map[string]any{"id": used, "text": "van L"}).Expect(http.StatusCreated)
	anonymous.post(map[string]any{"id": used, "text": "van een ander"}).Expect(http.StatusCreated)

	s.same("the first page", []string{"van de eerste"}, first.shows())
	s.same("the second page", []string{}, second.shows())
	s.same("the history of K", []string{"van de eerste", "op WhatsApp van K-1"}, s.history("K-1"))
	s.same("the page of L", []string{"van L"}, other.shows())
}

// A text is compared as it is stored: cleaned, and at its largest.
func TestPost_RepeatOfUnusualText(t *testing.T) {
	t.Parallel()
	v := newStack(t).visit(nil, "")
	for i, text := range []string{"  met\x00 tekens\r\n\u202e ", "cafe\u0301", strings.Repeat("€", 2730), strings.Repeat("x", 8192)} {
		id := uuid7(now.Add(-time.Duration(i)*time.Minute), byte(i))
		v.post(map[string]any{"id": id, "text": text, "replyTo": strings.Repeat("r", 200)}).Expect(http.StatusCreated)
		v.post(map[string]any{"id": id, "text": text, "replyTo": strings.Repeat("r", 200)}).Expect(http.StatusOK)
	}
}
