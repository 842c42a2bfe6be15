package main

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/problem"
)

// maxWhy is how long the explanation of a decision may be, in characters.
const maxWhy = 500

// maybe is what is said of a candidate in one language.
type maybe struct {
	head, what, confirm, dismiss, reason, why, needWhy, needReason string
}

var maybes = map[string]maybe{
	"nl": {
		head:    "Misschien een nieuw probleem: %s",
		what:    "Deze klanten schrijven iets wat bijna niemand eerder schreef, en waarvan geen reden bekend is. Gevraagd: is het een probleem?",
		confirm: "Ja, het is een probleem", dismiss: "Nee, het is geen probleem",
		reason: "Reden (het id uit de taxonomie)", why: "Toelichting",
		needWhy: "Schrijf er een toelichting bij, van ten hoogste %d tekens.", needReason: "Zeg van welke reden het een probleem is.",
	},
	"en": {
		head:    "A new problem, perhaps: %s",
		what:    "These customers write something that hardly anybody wrote before, and of which no reason is known. Please tell: is it a problem?",
		confirm: "Yes, it is a problem", dismiss: "No, it is none",
		reason: "Reason (its id in the taxonomy)", why: "Comment",
		needWhy: "Please add a comment, of %d characters at most.", needReason: "Please say of what reason it is a problem.",
	},
}

// candidateLetter makes the mail about a candidate.
func (m *mailer) candidateLetter(i problem.Item, words []string) letter {
	t, s := m.tongue, maybes[m.tongue.name]
	head := fmt.Sprintf(s.head, strings.Join(words, ", "))
	l := letter{subject: head + " (" + t.people(i.Customers) + ")", parts: []string{head, s.what}}
	m.volume(&l, i)
	l.under(s.confirm+":", m.link("confirm", i.ID))
	l.under(s.dismiss+":", m.link("dismiss", i.ID))
	if len(i.Quotes) > 0 {
		l.under(t.said, "- "+strings.Join(i.Quotes, "\n- "))
	}
	return l
}

// judge shows the page of a decision about a candidate, and passes on what is
// decided. Pressed twice it is the same decision.
func (m *mailer) judge(rw http.ResponseWriter, r *http.Request, title, do, id string) {
	s := maybes[m.tongue.name]
	p := page{Title: title, Problem: m.tongue.label(m.latest(id).Names.Reason), Form: true, Why: s.why}
	if do == "confirm" {
		p.ReasonOf = s.reason
	}
	if r.Method != http.MethodPost {
		m.show(rw, http.StatusOK, p)
		return
	}
	r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
	err := r.ParseForm()
	p.Word, p.Reason = strings.TrimSpace(r.PostForm.Get("word")), strings.TrimSpace(r.PostForm.Get("reason"))
	switch {
	case err != nil || p.Word == "" || utf8.RuneCountInString(p.Word) > maxWhy:
		p.Wrong = fmt.Sprintf(s.needWhy, maxWhy)
	case do == "confirm" && p.Reason == "":
		p.Wrong = s.needReason
	}
	if p.Wrong != "" {
		m.show(rw, http.StatusBadRequest, p)
		return
	}
	update := map[string]string{"candidate": id, "decision": do, "why": p.Word}
	if do == "confirm" {
		update["reason"] = p.Reason
	}
	m.pass(rw, r, update, p, p)
}
