package main

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/problem"
)

// link is the signed address of a page.
func (m *mailer) link(do, id string) string {
	until := strconv.FormatInt(m.now().Add(linkLasts).Unix(), 10)
	q := url.Values{"do": {do}, "problem": {id}, "until": {until}, "sign": {m.sign(do, id, until)}}
	return strings.TrimRight(m.url, "/") + "/?" + q.Encode()
}

func (m *mailer) sign(parts ...string) string {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// A page is what a link shows: which problem it is, where that stands, and
// what there is to fill in.
type page struct {
	labels
	Title, Problem, Stands string
	Text                   string // instead of a form
	Wrong                  string // with what was sent
	Form                   bool
	Steps                  []option
	Word, Day              string // as they were sent
	ReasonOf, Reason       string // of a candidate: what is asked for, and as it was sent
	Why                    string // of a candidate: what the explanation is called
}

// labels are the words of the page itself.
type labels struct{ Language, WhatIsNew, Comment, Expected, Send string }

// An option is a step that can be chosen.
type option struct {
	Value, Name string
	Chosen      bool
}

// style is all that a page may load: its policy names it by its hash.
const style = `
body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #1d2733 }
h1 { font-size: 1.5rem }
select, textarea, input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
button { padding: .6rem 1.5rem; font: inherit; color: #fff; background: #14508c; border: 0; border-radius: .3rem }
[role=alert] { padding: .5rem 1rem; background: #fde8e8 }
`

// policy lets a page load and do nothing but what it is for.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; frame-ancestors 'none'"
}()

var pageTemplate = template.Must(template.New("").Parse(`<!doctype html><html lang="{{.Language}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>` + style + `</style>
<title>{{.Title}}{{with .Problem}}: {{.}}{{end}}</title><h1>{{.Title}}</h1>{{with .Problem}}
<p><strong>{{.}}</strong></p>{{end}}{{with .Stands}}
<p>{{.}}</p>{{end}}{{with .Text}}
<p>{{.}}</p>{{end}}{{with .Wrong}}
<p role="alert">{{.}}</p>{{end}}{{if .Form}}
<form method="post">{{if .Steps}}
<p><label>{{.WhatIsNew}}<br><select name="to">{{range .Steps}}<option value="{{.Value}}"{{if .Chosen}} selected{{end}}>{{.Name}}</option>{{end}}</select></label></p>
<p><label>{{.Comment}}<br><textarea name="word" rows="8" cols="36" maxlength="2000">{{.Word}}</textarea></label></p>
<p><label>{{.Expected}}<br><input type="date" name="day" value="{{.Day}}"></label></p>{{end}}{{with .ReasonOf}}
<p><label>{{.}}<br><input name="reason" maxlength="40" value="{{$.Reason}}" required></label></p>{{end}}{{with .Why}}
<p><label>{{.}}<br><textarea name="word" rows="8" cols="36" maxlength="500" required>{{$.Word}}</textarea></label></p>{{end}}
<p><button>{{.Send}}</button></p></form>{{end}}
`))

// ServeHTTP shows the page behind a link, and does what it says when its
// button is pressed.
func (m *mailer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Referrer-Policy", "no-referrer")
	rw.Header().Set("Content-Security-Policy", policy)
	q := r.URL.Query()
	do, id, until := q.Get("do"), q.Get("problem"), q.Get("until")
	ends, err := strconv.ParseInt(until, 10, 64)
	title := map[string]string{
		"acknowledge": m.tongue.ackTitle, "answer": m.tongue.answerTitle,
		"confirm": maybes[m.tongue.name].confirm, "dismiss": maybes[m.tongue.name].dismiss,
	}[do]
	if err != nil || title == "" || !hmac.Equal([]byte(q.Get("sign")), []byte(m.sign(do, id, until))) || m.now().Unix() >= ends {
		m.show(rw, http.StatusForbidden, page{Title: "Heard", Text: m.tongue.gone})
		return
	}
	if do == "confirm" || do == "dismiss" {
		m.judge(rw, r, title, do, id)
		return
	}
	i := m.latest(id)
	p := page{Title: title, Problem: m.tongue.title(i), Form: true}
	if i.Version > 0 {
		p.Stands = fmt.Sprintf(m.tongue.state, m.tongue.states[i.State]) + " " + m.tongue.people(i.Customers) + "."
	}
	switch {
	case i.Version > 0 && (do == "acknowledge" && i.State != problem.Detected || len(i.Next) == 0):
		p.Form, p.Text = false, m.tongue.already
		m.show(rw, http.StatusOK, p)
	case r.Method == http.MethodPost:
		m.take(rw, r, p, i, do)
	default:
		p.Steps = m.steps(do, i, "")
		m.show(rw, http.StatusOK, p)
	}
}

// take passes on what was filled in, or shows what is wrong with it.
func (m *mailer) take(rw http.ResponseWriter, r *http.Request, p page, i problem.Item, do string) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
	err := r.ParseForm()
	p.Word, p.Day = strings.TrimSpace(r.PostForm.Get("word")), r.PostForm.Get("day")
	to := problem.State(r.PostForm.Get("to"))
	p.Steps = m.steps(do, i, to)
	if err != nil {
		p.Wrong = fmt.Sprintf(m.tongue.tooLong, problem.MaxComment)
		m.show(rw, http.StatusBadRequest, p)
		return
	}
	update := map[string]string{"problem": i.ID}
	if do == "acknowledge" {
		update["to"], update["id"] = string(problem.Acknowledged), m.sign(do, i.ID, r.URL.Query().Get("until"))
	} else if p.Wrong = m.fill(update, to, p.Word, p.Day); p.Wrong != "" {
		m.show(rw, http.StatusBadRequest, p)
		return
	}
	done := p
	done.Stands = "" // where it stood is no news
	if name := m.tongue.states[problem.State(update["to"])]; name != "" {
		done.Title = name
	}
	m.pass(rw, r, update, p, done)
}

// pass puts an update on the queue of updates, and says so on a page that is
// done; where it cannot, on the page with what was sent.
func (m *mailer) pass(rw http.ResponseWriter, r *http.Request, update map[string]string, p, done page) {
	body, err := json.Marshal(update)
	if err == nil {
		_, err = m.sqs.SendMessage(r.Context(), &sqs.SendMessageInput{QueueUrl: m.answers, MessageBody: aws.String(string(body))})
	}
	if err != nil {
		slog.ErrorContext(r.Context(), "update not passed on", "err", err)
		p.Wrong = m.tongue.failed
		m.show(rw, http.StatusServiceUnavailable, p)
		return
	}
	done.Form, done.Text = false, m.tongue.thanks
	m.show(rw, http.StatusOK, done)
}

// fill makes an update of an answer, and says what is wrong with it. It has a
// name, so that two presses are one.
func (m *mailer) fill(update map[string]string, to problem.State, word, day string) (wrong string) {
	at, err := time.ParseInLocation("2006-01-02 15:04", day+" 17:00", m.zone)
	switch {
	case utf8.RuneCountInString(word) > problem.MaxComment:
		return fmt.Sprintf(m.tongue.tooLong, problem.MaxComment)
	case to != "" && !slices.Contains(answers, to), to == "" && word == "" && day == "":
		return m.tongue.needAny
	case word == "" && (to == problem.CauseKnown || to == problem.Workaround || to == problem.Rejected):
		return m.tongue.needWord
	case (day != "" || to == problem.FixPlanned) && (err != nil || !at.After(m.now())):
		return m.tongue.needDay
	}
	update["id"] = m.sign("answer", update["problem"], string(to), word, day)
	member := map[problem.State]string{problem.CauseKnown: "cause", problem.Workaround: "workaround"}[to]
	for name, value := range map[string]string{"to": string(to), cmp.Or(member, "comment"): word} {
		if value != "" {
			update[name] = value
		}
	}
	if day != "" {
		update["expectedAt"] = at.UTC().Format(time.RFC3339)
	}
	return ""
}

// answers are the steps that a page offers, where they are possible.
var answers = []problem.State{
	problem.Acknowledged, problem.CauseKnown, problem.Workaround, problem.FixPlanned, problem.Fixed, problem.Rejected, problem.Detected,
}

// steps returns what can be chosen on a page.
func (m *mailer) steps(do string, i problem.Item, chosen problem.State) []option {
	if do != "answer" {
		return nil
	}
	all := []option{{"", m.tongue.onlyWord, chosen == ""}}
	for _, s := range answers {
		if i.Version == 0 || slices.Contains(i.Next, s) {
			name := m.tongue.states[s]
			if s == problem.Detected {
				name = m.tongue.reopen
			}
			all = append(all, option{string(s), name, chosen == s})
		}
	}
	return all
}

func (m *mailer) show(rw http.ResponseWriter, status int, p page) {
	t := m.tongue
	p.labels = labels{t.name, t.step, t.word, t.day, t.do}
	rw.WriteHeader(status)
	_ = pageTemplate.Execute(rw, p)
}
