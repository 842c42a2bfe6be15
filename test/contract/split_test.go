package contract_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/heard-intake/heard/test/apitest"
)

// A split is refused if the problem does not have one of its contacts. The
// refusal names the contact and the problem's version. A repeated split under
// the same Idempotency-Key makes one problem.
func TestSplit_ContactsOfNoProblem(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	path := map[string]string{"id": d.as.Replace("01953f00-0000-7abc-8def-0123456789ab")}
	ref := map[string]string{"customerId": string(d.who), "contact": d.as.Replace("qLk3vYb2cD8eFgHi")}
	c := call{Route: "POST /v1/problems/{id}/split", Path: path, Body: map[string]any{"contacts": []any{ref}}, Headers: map[string]string{"Idempotency-Key": "s-1"}}
	var doc struct {
		Detail   string
		Version  int
		Possible []string
	}
	if d.Do(c).Into(http.StatusConflict, &doc); !strings.Contains(doc.Detail, ref["contact"]) || doc.Version != 1 || len(doc.Possible) == 0 {
		t.Errorf("%+v", doc)
	}
	d.Do(call{Route: "POST /v1/problems/{id}/contacts", Path: path, Body: map[string]any{"contacts": []any{ref}}}).Expect(http.StatusOK)
	ids := map[string]bool{}
	for range 2 {
		var part apitest.ProblemView
		if d.Do(c).Into(http.StatusCreated, &part); part.Contacts != 1 {
			t.Errorf("%+v", part)
		}
		ids[part.ID] = true
	}
	if len(ids) != 1 {
		t.Errorf("parts %v", ids)
	}
}
