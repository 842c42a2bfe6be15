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

// signedLink returns the URL of a page for an action ("answer") on a problem or
// candidate. It is valid for 30 days.
func (m *mailer) signedLink(do, id string) string {
	until := strconv.FormatInt(m.now().Add(linkLifetime).Unix(), 10)
	q := url.Values{"do": {do}, "problem": {id}, "until": {until}, "sign": {m.computeSignature(do, id, until)}}
	return strings.TrimRight(m.url, "/") + "/?" + q.Encode()
}

func (m *mailer) computeSignature(parts ...string) string {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// A page is the data of pageTemplate.
type page struct {
	labels
	Title, Problem, Stands string   // Stands: the state of the problem
	Text                   string   // shown instead of a form
	Wrong                  string   // error in the form that was sent
	Form                   bool     // show the form
	Steps                  []option // the steps to choose from
	Word, Day              string   // the values that were sent
	ReasonOf, Reason       string   // candidates only: label and sent value of the reason
	Why                    string   // candidates only: label of the explanation
}

// labels are the language and the fixed texts of a page.
type labels struct{ Language, WhatIsNew, Comment, Expected, Send string }

// An option is a step in the drop-down list of a form.
type option struct {
	Value, Name string
	Chosen      bool
}

// style is the style sheet of a page. The Content-Security-Policy allows only this
// style sheet, by its hash.
const style = `
body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #1d2733 }
h1 { font-size: 1.5rem }
select, textarea, input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
button { padding: .6rem 1.5rem; font: inherit; color: #fff; background: #14508c; border: 0; border-radius: .3rem }
[role=alert] { padding: .5rem 1rem; background: #fde8e8 }
`

// policy is the Content-Security-Policy. It allows the style sheet and forms to
// this program, and nothing else.
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

// ServeHTTP serves the page of a signed link. On POST it sends the answer of the
// form to the queue of updates. A link that is invalid or expired gets a 403.
func (m *mailer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Referrer-Policy", "no-referrer")
	rw.Header().Set("Content-Security-Policy", policy)
	q := r.URL.Query()
	do := q.Get("do")
	id := q.Get("problem")
	until := q.Get("until")
	ends, err := strconv.ParseInt(until, 10, 64)
	title := map[string]string{
		"acknowledge": m.wording.ackTitle, "answer": m.wording.answerTitle,
		"confirm": candidateWordings[m.wording.name].confirm, "dismiss": candidateWordings[m.wording.name].dismiss,
	}[do]
	signed := hmac.Equal([]byte(q.Get("sign")), []byte(m.computeSignature(do, id, until)))
	expired := err != nil || m.now().Unix() >= ends
	if title == "" || !signed || expired {
		m.renderPage(rw, http.StatusForbidden, page{Title: "Heard", Text: m.wording.gone})
		return
	}
	if do == "confirm" || do == "dismiss" {
		m.serveDecision(rw, r, title, do, id)
		return
	}
	i := m.latestItem(id)
	p := page{Title: title, Problem: m.wording.problemTitle(i), Form: true}
	if i.Version > 0 {
		p.Stands = fmt.Sprintf(m.wording.state, m.wording.states[i.State]) + " " + m.wording.customerCount(i.Customers) + "."
	}
	acknowledged := do == "acknowledge" && i.State != problem.Detected
	switch {
	case i.Version > 0 && (acknowledged || len(i.Next) == 0):
		p.Form = false
		p.Text = m.wording.already
		m.renderPage(rw, http.StatusOK, p)
	case r.Method == http.MethodPost:
		m.acceptAnswer(rw, r, p, i, do)
	default:
		p.Steps = m.availableSteps(do, i, "")
		m.renderPage(rw, http.StatusOK, p)
	}
}

// acceptAnswer sends the filled-in form to the queue of updates, or shows the form
// again with its error.
func (m *mailer) acceptAnswer(rw http.ResponseWriter, r *http.Request, p page, i problem.Item, do string) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
	err := r.ParseForm()
	p.Word = strings.TrimSpace(r.PostForm.Get("word"))
	p.Day = r.PostForm.Get("day")
	to := problem.State(r.PostForm.Get("to"))
	p.Steps = m.availableSteps(do, i, to)
	if err != nil {
		p.Wrong = fmt.Sprintf(m.wording.tooLong, problem.MaxComment)
		m.renderPage(rw, http.StatusBadRequest, p)
		return
	}
	update := map[string]string{"problem": i.ID}
	if do == "acknowledge" {
		update["to"] = string(problem.Acknowledged)
		update["id"] = m.computeSignature(do, i.ID, r.URL.Query().Get("until"))
	} else if p.Wrong = m.fillUpdate(update, to, p.Word, p.Day); p.Wrong != "" {
		m.renderPage(rw, http.StatusBadRequest, p)
		return
	}
	done := p
	done.Stands = "" // the state before the update
	if name := m.wording.states[problem.State(update["to"])]; name != "" {
		done.Title = name
	}
	m.sendUpdate(rw, r, update, p, done)
}

// sendUpdate sends an update to the department's queue of updates and shows the
// page done. If it cannot send, it shows p with an error, so that the input is not
// lost.
func (m *mailer) sendUpdate(rw http.ResponseWriter, r *http.Request, update map[string]string, p, done page) {
	body, err := json.Marshal(update)
	if err == nil {
		_, err = m.sqs.SendMessage(r.Context(), &sqs.SendMessageInput{QueueUrl: m.updates, MessageBody: aws.String(string(body))})
	}
	if err != nil {
		slog.ErrorContext(r.Context(), "cannot send update to the queue", "err", err)
		p.Wrong = m.wording.failed
		m.renderPage(rw, http.StatusServiceUnavailable, p)
		return
	}
	done.Form = false
	done.Text = m.wording.thanks
	m.renderPage(rw, http.StatusOK, done)
}

// fillUpdate fills in the update from an answer. It returns a text for the page if
// the answer is invalid. The id of the update is computed from the answer, so that
// sending it twice has no further effect.
func (m *mailer) fillUpdate(update map[string]string, to problem.State, word, day string) (wrong string) {
	at, err := time.ParseInLocation("2006-01-02 15:04", day+" 17:00", m.zone)
	needsWord := to == problem.CauseKnown || to == problem.Workaround || to == problem.Rejected
	needsDay := day != "" || to == problem.FixPlanned
	validDay := err == nil && at.After(m.now())
	switch {
	case utf8.RuneCountInString(word) > problem.MaxComment:
		return fmt.Sprintf(m.wording.tooLong, problem.MaxComment)
	case to != "" && !slices.Contains(offeredSteps, to), to == "" && word == "" && day == "":
		return m.wording.needAny
	case needsWord && word == "":
		return m.wording.needWord
	case needsDay && !validDay:
		return m.wording.needDay
	}
	update["id"] = m.computeSignature("answer", update["problem"], string(to), word, day)
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

// offeredSteps are the states that a page offers as steps, in this order.
var offeredSteps = []problem.State{
	problem.Acknowledged, problem.CauseKnown, problem.Workaround, problem.FixPlanned, problem.Fixed, problem.Rejected, problem.Detected,
}

// availableSteps returns the steps that the state of the problem allows.
func (m *mailer) availableSteps(do string, i problem.Item, chosen problem.State) []option {
	if do != "answer" {
		return nil
	}
	all := []option{{"", m.wording.onlyWord, chosen == ""}}
	for _, s := range offeredSteps {
		if i.Version == 0 || slices.Contains(i.Next, s) {
			name := m.wording.states[s]
			if s == problem.Detected {
				name = m.wording.reopen
			}
			all = append(all, option{string(s), name, chosen == s})
		}
	}
	return all
}

func (m *mailer) renderPage(rw http.ResponseWriter, status int, p page) {
	t := m.wording
	p.labels = labels{t.name, t.step, t.word, t.day, t.do}
	rw.WriteHeader(status)
	_ = pageTemplate.Execute(rw, p)
}
