package main

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/problem"
)

// maxWhy is the limit of the explanation of a decision, in characters.
const maxWhy = 500

// candidateWording has the texts about a candidate in one language.
type candidateWording struct {
	head, what, confirm, dismiss, reason, why, needWhy, needReason string
}

var candidateWordings = map[string]candidateWording{
	"nl": {
		head:    "Mogelijk nieuw probleem: %s",
		what:    "Deze klanten gebruiken woorden die klanten eerder bijna nooit gebruikten. De taxonomie kent er geen reden voor. Gevraagd: is dit een probleem?",
		confirm: "Ja, dit is een probleem", dismiss: "Nee, dit is geen probleem",
		reason: "Reden (het id uit de taxonomie)", why: "Toelichting",
		needWhy: "Schrijf een toelichting van ten hoogste %d tekens.", needReason: "Geef de reden waarbij dit probleem hoort.",
	},
	"en": {
		head:    "Possible new problem: %s",
		what:    "These customers use words that customers hardly ever used before. The taxonomy has no reason for them. Please decide: is this a problem?",
		confirm: "Yes, this is a problem", dismiss: "No, this is not a problem",
		reason: "Reason (its id in the taxonomy)", why: "Comment",
		needWhy: "Please add a comment of at most %d characters.", needReason: "Please give the reason of this problem.",
	},
}

// composeCandidate returns the text about a candidate, with links to confirm and
// to dismiss it.
func (m *mailer) composeCandidate(i problem.Item, words []string) letter {
	t := m.wording
	s := candidateWordings[m.wording.name]
	head := fmt.Sprintf(s.head, strings.Join(words, ", "))
	l := letter{subject: head + " (" + t.customerCount(i.Customers) + ")", parts: []string{head, s.what}}
	m.addVolume(&l, i)
	l.addSection(s.confirm+":", m.signedLink("confirm", i.ID))
	l.addSection(s.dismiss+":", m.signedLink("dismiss", i.ID))
	if len(i.Quotes) > 0 {
		l.addSection(t.said, "- "+strings.Join(i.Quotes, "\n- "))
	}
	return l
}

// serveDecision serves the page of a decision about a candidate. On POST it sends
// the decision to the queue of updates. Sending it twice has no further effect.
func (m *mailer) serveDecision(rw http.ResponseWriter, r *http.Request, title, do, id string) {
	s := candidateWordings[m.wording.name]
	p := page{Title: title, Problem: m.wording.labelText(m.latestItem(id).Names.Reason), Form: true, Why: s.why}
	if do == "confirm" {
		p.ReasonOf = s.reason
	}
	if r.Method != http.MethodPost {
		m.renderPage(rw, http.StatusOK, p)
		return
	}
	r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
	err := r.ParseForm()
	p.Word = strings.TrimSpace(r.PostForm.Get("word"))
	p.Reason = strings.TrimSpace(r.PostForm.Get("reason"))
	switch {
	case err != nil || p.Word == "" || utf8.RuneCountInString(p.Word) > maxWhy:
		p.Wrong = fmt.Sprintf(s.needWhy, maxWhy)
	case do == "confirm" && p.Reason == "":
		p.Wrong = s.needReason
	}
	if p.Wrong != "" {
		m.renderPage(rw, http.StatusBadRequest, p)
		return
	}
	update := map[string]string{"candidate": id, "decision": do, "why": p.Word}
	if do == "confirm" {
		update["reason"] = p.Reason
	}
	m.sendUpdate(rw, r, update, p, p)
}
