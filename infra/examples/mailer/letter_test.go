package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/golden"
	"github.com/heard-intake/heard/internal/problem"
)

// noon is the time of the mails in the golden files.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// newItem returns version n of a problem that was detected yesterday.
func newItem(n int, kind problem.EventKind, state problem.State) problem.Item {
	at := noon.Add(-24 * time.Hour)
	p := problem.Problem{
		ID: "0195b7a0-0000-7000-8000-0000000000a7", Version: n, Department: "documentation", Reason: "manual-unclear", Product: "coffee-machine", State: state,
		Severity: "normal", OpenedAt: at, FirstSeen: at.AddDate(0, 0, -2), LastSeen: at, Contacts: 12, Customers: 10, PerDay: map[string]int{"2026-03-09": 12},
		Names: problem.Names{
			Department: problem.Label{NL: "Documentatie", EN: "Documentation"}, Reason: problem.Label{NL: "Handleiding onduidelijk", EN: "Manual unclear"},
			Product: problem.Label{NL: "Koffiemachine", EN: "Coffee machine"},
		},
	}
	if state == problem.Detected {
		p.AcknowledgeBy = noon.Add(48 * time.Hour)
	}
	return problem.ItemOf(p, problem.Event{Kind: kind, Department: p.Department, At: noon}, []string{"Stap 4 in de handleiding klopt niet"}, "https://api.example.com")
}

// changeItem returns an item after a change.
func changeItem(i problem.Item, change func(*problem.Item)) problem.Item {
	change(&i)
	return i
}

// sampleItems returns an item for every event, and for every state of a problem.
func sampleItems() map[string]problem.Item {
	state := func(s problem.State, change func(*problem.Item)) problem.Item {
		return changeItem(newItem(3, problem.EventState, s), func(i *problem.Item) { i.By = "els"; change(i) })
	}
	none := func(*problem.Item) {}
	return map[string]problem.Item{
		"opened": newItem(1, problem.EventOpened, problem.Detected),
		"opened by hand": changeItem(newItem(1, problem.EventOpened, problem.Detected), func(i *problem.Item) {
			i.OpenedBy, i.By, i.Comment = "els", "els", "Drie winkels bellen."
			i.Contacts, i.Customers, i.Quotes = 0, 0, nil
		}),
		"opened critical": changeItem(newItem(1, problem.EventOpened, problem.Detected), func(i *problem.Item) { i.Severity, i.Contacts, i.Customers, i.FirstSeen = "critical", 1, 1, i.LastSeen }),
		"milestone":       changeItem(newItem(2, problem.EventMilestone, problem.Detected), func(i *problem.Item) { i.Milestone = 10 }),
		"reopened": changeItem(newItem(7, problem.EventReopened, problem.Detected), func(i *problem.Item) {
			i.Evidence = &problem.Evidence{Since: noon.AddDate(0, 0, -3), Contacts: 6}
			i.Reopened = 1
		}),
		"reopened by hand":   changeItem(newItem(7, problem.EventReopened, problem.Detected), func(i *problem.Item) { i.By, i.Comment = "queue:documentation", "De herdruk had dezelfde fout." }),
		"state acknowledged": state(problem.Acknowledged, none),
		"state cause_known":  state(problem.CauseKnown, func(i *problem.Item) { i.Cause = "De tekening hoort bij een ander model." }),
		"state workaround": state(problem.Workaround, func(i *problem.Item) {
			i.Workaround = "Sla stap 4 over."
			i.Links = []string{"https://wiki.example.com/4"}
		}),
		"state fix_planned": state(problem.FixPlanned, func(i *problem.Item) { i.ExpectedAt = noon.AddDate(0, 0, 10) }),
		"state fixed":       state(problem.Fixed, none),
		"state confirmed": state(problem.Confirmed, func(i *problem.Item) {
			i.By = ""
			i.Proof = &problem.Proof{Avoided: 10.5, Low: 6.25, High: 14, Saved: 52.5, Currency: "EUR"}
		}),
		"state rejected": state(problem.Rejected, func(i *problem.Item) { i.Comment = "De brief legt het uit." }),
		"state merged":   state(problem.Merged, func(i *problem.Item) { i.MergedInto = "0195b7a0-0000-7000-8000-0000000000b8" }),
		"updated":        changeItem(newItem(4, problem.EventUpdated, problem.Acknowledged), func(i *problem.Item) { i.By, i.Comment = "els", "We zoeken het uit." }),
		"updated part is full": changeItem(newItem(2, problem.EventUpdated, problem.Detected), func(i *problem.Item) {
			i.Other, i.SplitFrom = "0195b7a0-0000-7000-8000-0000000000b8", "0195b7a0-0000-7000-8000-0000000000b8"
		}),
		"moved": changeItem(newItem(5, problem.EventMoved, problem.Moved), func(i *problem.Item) {
			i.MovedTo, i.By, i.Comment = "it", "els", "De site toont een oude versie."
			i.Names.Department = problem.Label{NL: "ICT", EN: "IT"}
		}),
		"merged": changeItem(newItem(4, problem.EventMerged, problem.Acknowledged), func(i *problem.Item) { i.Other = "0195b7a0-0000-7000-8000-0000000000b8" }),
		"split": changeItem(newItem(4, problem.EventSplit, problem.Acknowledged), func(i *problem.Item) {
			i.Other, i.By, i.Comment = "0195b7a0-0000-7000-8000-0000000000b8", "els", "Tekening zeven is iets anders."
		}),
		"escalated": changeItem(newItem(3, problem.EventEscalated, problem.Detected), func(i *problem.Item) { i.EscalatedTo, i.AcknowledgeBy = "customer-care", noon }),
		"escalated to us": changeItem(newItem(3, problem.EventEscalated, problem.Detected), func(i *problem.Item) {
			i.EscalatedTo, i.Department, i.AcknowledgeBy = "customer-care", "customer-care", noon
		}),
		"overdue": changeItem(newItem(6, problem.EventOverdue, problem.FixPlanned), func(i *problem.Item) { i.ExpectedAt = noon.Add(-time.Hour) }),
	}
}

func TestComposeLetter_Golden(t *testing.T) {
	t.Parallel()
	for language, tongue := range wordings {
		m := &mailer{
			key: []byte(strings.Repeat("k", minKeyBytes)), now: func() time.Time { return noon }, url: "https://problems.example.com", wording: tongue, zone: time.UTC,
		}
		type mail struct {
			Subject string
			Text    []string
		}
		all, subjects := map[string]mail{}, map[string]string{}
		for name, i := range sampleItems() {
			l := m.composeLetter(i)
			text := strings.Join(l.parts, "\n\n")
			all[name] = mail{l.subject, strings.Split(text, "\n")}
			if !strings.Contains(l.subject, tongue.labelText(i.Names.Reason)) || tongue.eventText(i) == "" || !strings.HasPrefix(l.subject, tongue.eventText(i)) {
				t.Errorf("%s %s: subject %q", language, name, l.subject)
			}
			if strings.Contains(text, "%!") || strings.Contains(text, "queue:") {
				t.Errorf("%s %s: %s", language, name, text)
			}
			subjects[l.subject] = name
		}
		golden.JSON(t, "testdata/"+language+".json", all)
	}
}

// TestWordings_AllEventsAndStates fails for a new event or state without texts in
// both languages.
func TestWordings_AllEventsAndStates(t *testing.T) {
	t.Parallel()
	seen := map[problem.EventKind]bool{}
	for _, i := range sampleItems() {
		seen[i.Event] = true
	}
	for language, tongue := range wordings {
		for _, k := range []problem.EventKind{
			problem.EventOpened, problem.EventMilestone, problem.EventReopened, problem.EventUpdated, problem.EventMoved, problem.EventMerged,
			problem.EventSplit, problem.EventEscalated, problem.EventOverdue,
		} {
			if tongue.events[k] == "" || !seen[k] {
				t.Errorf("%s: no words or no golden mail for %s", language, k)
			}
		}
		for _, s := range problem.States() {
			if tongue.states[s] == "" {
				t.Errorf("%s: no words for %s", language, s)
			}
		}
	}
}

var choices = regexp.MustCompile(`<option value="([^"]*)"`)

func TestServeHTTP_OfferedSteps(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"nl", "en"} {
		b := newBench(t, language)
		all := sampleItems()
		for name, tt := range map[string]struct {
			do    string
			says  string // in the words of the language
			steps string
		}{
			"opened":             {"acknowledge", "", ""},
			"milestone":          {"answer", "", " acknowledged rejected"},
			"state acknowledged": {"acknowledge", b.wording.already, ""},
			"state cause_known":  {"answer", "", " workaround fix_planned fixed rejected"},
			"state fixed":        {"answer", "", " detected"},
			"moved":              {"answer", b.wording.already, ""},
			"state merged":       {"answer", b.wording.already, ""},
		} {
			i := all[name]
			b.seen[i.ID] = i
			status, body := b.requestPage(http.MethodGet, b.signedLink(tt.do, i.ID), nil)
			var steps []string
			for _, c := range choices.FindAllStringSubmatch(body, -1) {
				steps = append(steps, c[1])
			}
			if status != http.StatusOK || !strings.Contains(body, b.wording.problemTitle(i)) || !strings.Contains(body, b.wording.states[i.State]) || !strings.Contains(body, tt.says) {
				t.Errorf("%s: %d %s", name, status, body)
			}
			if got := strings.Join(steps, " "); got != tt.steps || strings.Contains(body, "<form") != (tt.says == "") {
				t.Errorf("%s: offers %q: %s", name, got, body)
			}
		}
	}
}

func TestAcceptAnswer_Updates(t *testing.T) {
	t.Parallel()
	b := newBench(t, "en")
	i := sampleItems()["state acknowledged"]
	b.seen[i.ID] = i
	tomorrow := time.Now().AddDate(0, 0, 2).UTC().Format(time.DateOnly)
	link := b.signedLink("answer", i.ID)
	for name, tt := range map[string]struct {
		form url.Values
		want map[string]string
	}{
		"comment":          {url.Values{"word": {" Bezig. "}}, map[string]string{"comment": "Bezig."}},
		"cause":            {url.Values{"to": {"cause_known"}, "word": {"De tekening."}}, map[string]string{"to": "cause_known", "cause": "De tekening."}},
		"workaround":       {url.Values{"to": {"workaround"}, "word": {"Sla over."}}, map[string]string{"to": "workaround", "workaround": "Sla over."}},
		"planned fix":      {url.Values{"to": {"fix_planned"}, "day": {tomorrow}}, map[string]string{"to": "fix_planned", "expectedAt": tomorrow + "T17:00:00Z"}},
		"new date":         {url.Values{"day": {tomorrow}}, map[string]string{"expectedAt": tomorrow + "T17:00:00Z"}},
		"fix with comment": {url.Values{"to": {"fixed"}, "word": {"Herdrukt."}}, map[string]string{"to": "fixed", "comment": "Herdrukt."}},
	} {
		status, body := b.requestPage(http.MethodPost, link, tt.form)
		u := b.receiveUpdates()
		if status != http.StatusOK || !strings.Contains(body, b.wording.problemTitle(i)) || !strings.Contains(body, b.wording.thanks) || len(u) != 1 {
			t.Fatalf("%s: %d %s %v", name, status, body, u)
		}
		tt.want["problem"], tt.want["id"] = i.ID, u[0]["id"]
		if len(u[0]) != len(tt.want) || u[0]["id"] == "" {
			t.Errorf("%s: %v", name, u[0])
		}
		for k, v := range tt.want {
			if u[0][k] != v {
				t.Errorf("%s: %v", name, u[0])
			}
		}
	}
	for name, tt := range map[string]struct {
		form url.Values
		says string
	}{
		"empty form":             {url.Values{}, b.wording.needAny},
		"blank comment":          {url.Values{"word": {" \n "}}, b.wording.needAny},
		"unknown step":           {url.Values{"to": {"merged"}, "word": {"x"}}, b.wording.needAny},
		"cause without text":     {url.Values{"to": {"cause_known"}}, b.wording.needWord},
		"rejection without text": {url.Values{"to": {"rejected"}}, b.wording.needWord},
		"plan without date":      {url.Values{"to": {"fix_planned"}, "word": {"x"}}, b.wording.needDay},
		"past date":              {url.Values{"to": {"fix_planned"}, "day": {"2020-01-01"}}, b.wording.needDay},
		"invalid date":           {url.Values{"word": {"x"}, "day": {"soon"}}, b.wording.needDay},
		"comment too long":       {url.Values{"word": {strings.Repeat("é", problem.MaxComment+1)}}, "2000"},
		"form too large":         {url.Values{"word": {strings.Repeat("x", maxForm)}}, "2000"},
	} {
		status, body := b.requestPage(http.MethodPost, link, tt.form)
		if status != http.StatusBadRequest || !strings.Contains(body, tt.says) || !strings.Contains(body, "<form") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if u := b.receiveUpdates(); len(u) > 0 {
		t.Errorf("got updates %v after invalid forms, want none", u)
	}
}
