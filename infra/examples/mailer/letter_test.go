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

// noon is the moment of the mails in the golden files.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// base is a problem that was detected yesterday, with an event of version n.
func base(n int, kind problem.EventKind, state problem.State) problem.Item {
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

// with returns an item after some changes.
func with(i problem.Item, change func(*problem.Item)) problem.Item {
	change(&i)
	return i
}

// told are items of every event, and of every state that a problem can come to.
func told() map[string]problem.Item {
	state := func(s problem.State, change func(*problem.Item)) problem.Item {
		return with(base(3, problem.EventState, s), func(i *problem.Item) { i.By = "els"; change(i) })
	}
	none := func(*problem.Item) {}
	return map[string]problem.Item{
		"opened": base(1, problem.EventOpened, problem.Detected),
		"opened by hand": with(base(1, problem.EventOpened, problem.Detected), func(i *problem.Item) {
			i.OpenedBy, i.By, i.Comment = "els", "els", "Drie winkels bellen."
			i.Contacts, i.Customers, i.Quotes = 0, 0, nil
		}),
		"opened critical": with(base(1, problem.EventOpened, problem.Detected), func(i *problem.Item) { i.Severity, i.Contacts, i.Customers, i.FirstSeen = "critical", 1, 1, i.LastSeen }),
		"milestone":       with(base(2, problem.EventMilestone, problem.Detected), func(i *problem.Item) { i.Milestone = 10 }),
		"reopened": with(base(7, problem.EventReopened, problem.Detected), func(i *problem.Item) {
			i.Evidence = &problem.Evidence{Since: noon.AddDate(0, 0, -3), Contacts: 6}
			i.Reopened = 1
		}),
		"reopened by hand":   with(base(7, problem.EventReopened, problem.Detected), func(i *problem.Item) { i.By, i.Comment = "queue:documentation", "De herdruk had dezelfde fout." }),
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
		"updated":        with(base(4, problem.EventUpdated, problem.Acknowledged), func(i *problem.Item) { i.By, i.Comment = "els", "We zoeken het uit." }),
		"updated part is full": with(base(2, problem.EventUpdated, problem.Detected), func(i *problem.Item) {
			i.Other, i.SplitFrom = "0195b7a0-0000-7000-8000-0000000000b8", "0195b7a0-0000-7000-8000-0000000000b8"
		}),
		"moved": with(base(5, problem.EventMoved, problem.Moved), func(i *problem.Item) {
			i.MovedTo, i.By, i.Comment = "it", "els", "De site toont een oude versie."
			i.Names.Department = problem.Label{NL: "ICT", EN: "IT"}
		}),
		"merged": with(base(4, problem.EventMerged, problem.Acknowledged), func(i *problem.Item) { i.Other = "0195b7a0-0000-7000-8000-0000000000b8" }),
		"split": with(base(4, problem.EventSplit, problem.Acknowledged), func(i *problem.Item) {
			i.Other, i.By, i.Comment = "0195b7a0-0000-7000-8000-0000000000b8", "els", "Tekening zeven is iets anders."
		}),
		"escalated": with(base(3, problem.EventEscalated, problem.Detected), func(i *problem.Item) { i.EscalatedTo, i.AcknowledgeBy = "customer-care", noon }),
		"escalated to us": with(base(3, problem.EventEscalated, problem.Detected), func(i *problem.Item) {
			i.EscalatedTo, i.Department, i.AcknowledgeBy = "customer-care", "customer-care", noon
		}),
		"overdue": with(base(6, problem.EventOverdue, problem.FixPlanned), func(i *problem.Item) { i.ExpectedAt = noon.Add(-time.Hour) }),
	}
}

func TestEveryMailSaysWhatHappenedToWhichProblemAndWhatIsAsked(t *testing.T) {
	t.Parallel()
	for language, tongue := range tongues {
		m := &mailer{
			key: []byte(strings.Repeat("k", leastKey)), now: func() time.Time { return noon }, url: "https://problems.example.com", tongue: tongue, zone: time.UTC,
		}
		type mail struct {
			Subject string
			Text    []string
		}
		all, subjects := map[string]mail{}, map[string]string{}
		for name, i := range told() {
			l := m.letter(i)
			text := strings.Join(l.parts, "\n\n")
			all[name] = mail{l.subject, strings.Split(text, "\n")}
			if !strings.Contains(l.subject, tongue.label(i.Names.Reason)) || tongue.event(i) == "" || !strings.HasPrefix(l.subject, tongue.event(i)) {
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

// A new event or state of a problem needs words in both languages.
func TestEveryEventAndStateHasWords(t *testing.T) {
	t.Parallel()
	seen := map[problem.EventKind]bool{}
	for _, i := range told() {
		seen[i.Event] = true
	}
	for language, tongue := range tongues {
		for _, k := range []problem.EventKind{
			problem.EventOpened, problem.EventMilestone, problem.EventReopened, problem.EventUpdated, problem.EventMoved, problem.EventMerged,
			problem.EventSplit, problem.EventEscalated, problem.EventOverdue,
		} {
			if tongue.happened[k] == "" || !seen[k] {
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

func TestAPageNamesTheProblemAndOffersWhatIsPossible(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"nl", "en"} {
		b := newBench(t, language)
		all := told()
		for name, tt := range map[string]struct {
			do    string
			says  string // in the words of the language
			steps string
		}{
			"opened":             {"acknowledge", "", ""},
			"milestone":          {"answer", "", " acknowledged rejected"},
			"state acknowledged": {"acknowledge", b.tongue.already, ""},
			"state cause_known":  {"answer", "", " workaround fix_planned fixed rejected"},
			"state fixed":        {"answer", "", " detected"},
			"moved":              {"answer", b.tongue.already, ""},
			"state merged":       {"answer", b.tongue.already, ""},
		} {
			i := all[name]
			b.seen[i.ID] = i
			status, body := b.ask(http.MethodGet, b.link(tt.do, i.ID), nil)
			var steps []string
			for _, c := range choices.FindAllStringSubmatch(body, -1) {
				steps = append(steps, c[1])
			}
			if status != http.StatusOK || !strings.Contains(body, b.tongue.title(i)) || !strings.Contains(body, b.tongue.states[i.State]) || !strings.Contains(body, tt.says) {
				t.Errorf("%s: %d %s", name, status, body)
			}
			if got := strings.Join(steps, " "); got != tt.steps || strings.Contains(body, "<form") != (tt.says == "") {
				t.Errorf("%s: offers %q: %s", name, got, body)
			}
		}
	}
}

func TestAnAnswerIsPassedOnAsItsStep(t *testing.T) {
	t.Parallel()
	b := newBench(t, "en")
	i := told()["state acknowledged"]
	b.seen[i.ID] = i
	tomorrow := time.Now().AddDate(0, 0, 2).UTC().Format(time.DateOnly)
	link := b.link("answer", i.ID)
	for name, tt := range map[string]struct {
		form url.Values
		want map[string]string
	}{
		"a message":            {url.Values{"word": {" Bezig. "}}, map[string]string{"comment": "Bezig."}},
		"a cause":              {url.Values{"to": {"cause_known"}, "word": {"De tekening."}}, map[string]string{"to": "cause_known", "cause": "De tekening."}},
		"a workaround":         {url.Values{"to": {"workaround"}, "word": {"Sla over."}}, map[string]string{"to": "workaround", "workaround": "Sla over."}},
		"a plan":               {url.Values{"to": {"fix_planned"}, "day": {tomorrow}}, map[string]string{"to": "fix_planned", "expectedAt": tomorrow + "T17:00:00Z"}},
		"a new date":           {url.Values{"day": {tomorrow}}, map[string]string{"expectedAt": tomorrow + "T17:00:00Z"}},
		"a fix with a message": {url.Values{"to": {"fixed"}, "word": {"Herdrukt."}}, map[string]string{"to": "fixed", "comment": "Herdrukt."}},
	} {
		status, body := b.ask(http.MethodPost, link, tt.form)
		u := b.updates()
		if status != http.StatusOK || !strings.Contains(body, b.tongue.title(i)) || !strings.Contains(body, "passed on") || len(u) != 1 {
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
		"nothing":                   {url.Values{}, b.tongue.needAny},
		"blanks":                    {url.Values{"word": {" \n "}}, b.tongue.needAny},
		"a step that there is not":  {url.Values{"to": {"merged"}, "word": {"x"}}, b.tongue.needAny},
		"a cause without words":     {url.Values{"to": {"cause_known"}}, b.tongue.needWord},
		"a rejection without words": {url.Values{"to": {"rejected"}}, b.tongue.needWord},
		"a plan without a day":      {url.Values{"to": {"fix_planned"}, "word": {"x"}}, b.tongue.needDay},
		"a day that is past":        {url.Values{"to": {"fix_planned"}, "day": {"2020-01-01"}}, b.tongue.needDay},
		"a day that is none":        {url.Values{"word": {"x"}, "day": {"soon"}}, b.tongue.needDay},
		"more than a problem takes": {url.Values{"word": {strings.Repeat("é", problem.MaxComment+1)}}, "2000"},
		"more than a form may have": {url.Values{"word": {strings.Repeat("x", maxForm)}}, "2000"},
	} {
		status, body := b.ask(http.MethodPost, link, tt.form)
		if status != http.StatusBadRequest || !strings.Contains(body, tt.says) || !strings.Contains(body, "<form") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if u := b.updates(); len(u) > 0 {
		t.Errorf("passed on %v", u)
	}
}
