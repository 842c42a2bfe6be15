// Package canary_test checks that personal data does not leak. It sends messages
// of fictional customers with unique names, numbers and words (canaries) through
// every function and every kind of failure. It then searches for these where no
// customer data may be: logs, metrics, message attributes of queues, items for
// departments, and the keys of objects and of the table.
package canary_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/traffic"
)

// The canaries. No other test data contains these numbers and words.
const (
	phone   = "319701007331"
	name    = "Kanariana Vogelzang"
	user    = "kanarie.vogel.91"
	psid    = "7791919191919191"
	word    = "kwinkeleer"
	bsuid   = "NL.91919191919191919191"
	mail    = "kanariana.vogelzang@kanarie.example"
	account = "KLANT-919191"
	order   = "WS-919191"
	visitor = "0199aaaa-bbbb-7ccc-8ddd-919191919191"
)

// newNumber is the number that person 0 changes to.
const newNumber = phone + "8"

func person(n int) traffic.Person {
	return traffic.Person{
		Name: name, Phone: phone + string(rune('0'+n)), BSUID: bsuid + string(rune('0'+n)), PSID: psid + string(rune('0'+n)),
		Mail: strings.Replace(mail, "@", string(rune('0'+n))+"@", 1), Visitor: visitor,
	}
}

// needles returns the texts to search for, in lower case, with the canary of each:
// the canary itself, URL-encoded, and in base64 at each of the three offsets, as in
// a WhatsApp message id.
func needles() map[string]string {
	out := map[string]string{}
	for _, c := range []string{phone, "Kanariana", "Vogelzang", "kanarie.", user, psid, word, bsuid, account, order, "@kanarie", visitor} {
		out[strings.ToLower(c)] = c
		out[strings.ToLower(url.QueryEscape(c))] = c
		for skip := range 3 {
			// The first and last characters depend on the bytes before and after.
			coded := base64.StdEncoding.EncodeToString(append(make([]byte, skip), c...))
			coded = strings.TrimRight(coded, "=")
			if inner := coded[[]int{0, 2, 3}[skip] : len(coded)-2]; len(inner) >= 8 {
				out[strings.ToLower(inner)] = c + " in base64"
			}
		}
	}
	return out
}

// A haystack has the texts that are searched.
type haystack struct {
	mu    sync.Mutex
	lines map[string][]string // by source: "log of heard-email"
}

func (h *haystack) add(where, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines[where] = append(h.lines[where], text)
}

func (h *haystack) addLogLine(l lambda.Line) { h.add("log of "+l.Function, l.Text) }

// findCanary returns the first canary in a text, and whether there is one.
func findCanary(text string, all map[string]string) (string, bool) {
	text = strings.ToLower(text)
	for needle, canary := range all {
		if strings.Contains(text, needle) {
			return canary, true
		}
	}
	return "", false
}

// search fails the test for every canary in the texts, once per source.
func (h *haystack) search(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	all := needles()
	for where, lines := range h.lines {
		found := map[string]bool{}
		for _, line := range lines {
			if canary, ok := findCanary(line, all); ok && !found[canary] {
				found[canary] = true
				t.Errorf("%s contains the canary %s: %.600s", where, canary, line)
			}
		}
	}
}

// A flight is a stack with the clients and credentials to call it.
type flight struct {
	*testing.T
	s       *stack.Stack
	client  *http.Client
	secrets map[string]string
	agent   string // a token
}

func TestStack_NoPersonalDataLeaks(t *testing.T) {
	hay := &haystack{lines: map[string][]string{}}
	s, err := stack.Start(t.Context(), stack.Config{Root: "../..", Memory: true, Lines: hay.addLogLine})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &flight{T: t, s: s, client: &http.Client{Timeout: time.Minute}, secrets: map[string]string{}}
	for _, channel := range []string{"whatsapp", "messenger"} {
		values, err := s.Secret(t.Context(), channel)
		if err != nil {
			t.Fatal(err)
		}
		f.secrets[channel] = values["appSecret"]
	}
	f.agent = f.token("", "customers:read", "customers:write", "identity:write", "register:write", "problems:read", "problems:write", "problems:all")

	f.whatsapp()
	f.messenger()
	f.mail()
	f.chat()
	f.drain()
	f.agents()
	f.drain()
	f.departments()
	f.malformed()
	f.drain()
	f.gather(hay)
	s.KillDynamoDB()
	f.whileDown()
	hay.search(t)
	for _, fn := range s.Model.Functions {
		if len(hay.lines["log of "+fn.Name]) == 0 {
			t.Errorf("%s logged nothing: the test did not invoke it", fn.Name)
		}
	}
}

func (f *flight) drain() {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 10*time.Minute)
	defer cancel()
	if err := f.s.Drained(ctx); err != nil {
		f.Fatal(err)
	}
}

func (f *flight) token(department string, scopes ...string) string {
	f.Helper()
	token, err := f.s.Token(department, scopes...)
	if err != nil {
		f.Fatal(err)
	}
	return token
}

// call sends a request and checks its status, unless want is 0. It returns the
// response body.
func (f *flight) call(want int, method, path, body string, headers ...string) string {
	f.Helper()
	status, answer := f.request(method, path, body, headers...)
	if want != 0 && status != want {
		f.Errorf("%s %.80s: got status %d, want %d: %.300s", method, path, status, want, answer)
	}
	return answer
}

// request sends a request and returns the status and the body of the response.
func (f *flight) request(method, path, body string, headers ...string) (status int, text string) {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), method, f.s.API+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := f.client.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		f.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// webhook delivers a signed webhook and checks its status. It retries a 5xx up to
// ten times, because a function can time out on a busy machine.
func (f *flight) webhook(want int, channel string, body []byte) {
	f.Helper()
	for n := 1; ; n++ {
		status, answer := f.request(http.MethodPost, "/webhooks/"+channel, string(body), meta.SignatureHeader, meta.Sign(body, f.secrets[channel]))
		switch {
		case status == want:
			return
		case n == 10 || status < http.StatusInternalServerError:
			f.Fatalf("webhook of %s: got status %d, want %d: %.300s", channel, status, want, answer)
		}
	}
}

// said returns a WhatsApp text of person n.
func said(n int, id, text string) traffic.Said {
	return traffic.Said{From: person(n), ID: traffic.Wamid(person(n), id), At: time.Now(), Text: text}
}

const unclear = "Ik snap mijn factuur " + order + " niet, zei de " + word + " tegen " + name + " op " + mail

func (f *flight) whatsapp() {
	for n := range 7 { // enough for a problem, with quotes
		f.webhook(200, "whatsapp", traffic.WhatsApp(said(n, fmt.Sprint("text", n), unclear)))
	}
	p := person(0)
	id := traffic.Wamid(p, "text0")
	f.webhook(200, "whatsapp", traffic.WhatsApp(said(0, "text0", unclear)))
	f.webhook(200, "whatsapp", traffic.WhatsAppStatus(p, id, "read", time.Now()))
	f.webhook(200, "whatsapp", traffic.WhatsAppEcho(p, traffic.Wamid(p, "echo"), word, time.Now()))
	f.webhook(200, "whatsapp", traffic.WhatsApp(said(1, "long", strings.Repeat(unclear+". ", 400))))
	at := fmt.Sprint(time.Now().Unix())
	value := func(value string) []byte {
		return []byte(`{"object":"whatsapp_business_account","entry":[{"id":"` + traffic.WABA + `","changes":[{"field":"messages","value":{` +
			`"metadata":{"phone_number_id":"` + traffic.PhoneID + `"},"contacts":[{"wa_id":"` + p.Phone + `","profile":{"name":"` + name + `","username":"` + user + `"}}],` + value + `}}]}]}`)
	}
	from := `"from":"` + p.Phone + `","timestamp":"` + at + `"`
	for i, m := range []string{
		`"type":"image","image":{"id":"91","caption":"` + word + `","mime_type":"image/jpeg"}`,
		`"type":"location","location":{"latitude":52,"longitude":5,"name":"` + word + `","address":"` + word + ` 1"}`,
		`"type":"contacts","contacts":[{"name":{"formatted_name":"` + name + `"},"phones":[{"phone":"+` + phone + `9"}]}]`,
		`"type":"reaction","reaction":{"message_id":"` + id + `","emoji":"👍"}`,
		`"type":"` + word + `","` + word + `":{"body":"` + word + `"}`,
		`"type":"unsupported","errors":[{"code":131051,"title":"` + word + `"}]`,
		`"type":"system","system":{"type":"user_changed_number","wa_id":"` + newNumber + `","body":"` + name + ` changed"}`,
		`"type":"text","text":"` + word + `"`,
		`"type":91,"text":{"body":"` + word + `"}`,
	} {
		f.webhook(200, "whatsapp", value(`"messages":[{`+from+`,"id":"`+traffic.Wamid(p, fmt.Sprint("kind", i))+`",`+m+`}]`))
	}
	for _, broken := range []string{
		`"messages":[{"from":"` + p.Phone + `","text":{"body":"` + word + `"}}]`,               // no id
		`"messages":[{"id":"` + id + `","from":"` + p.Phone + `","timestamp":"` + word + `"}]`, // no time
		`"messages":["` + word + `", 91, null]`,
		`"statuses":[{"id":"` + id + `","recipient_id":"` + p.Phone + `","status":"` + word + `","timestamp":"x"}]`,
		`"errors":[{"code":91,"title":"` + word + `","message":"` + phone + `"}]`,
	} {
		f.webhook(200, "whatsapp", value(broken))
	}
	f.deliveries("whatsapp")
}

// deliveries sends webhooks that are invalid as a whole.
func (f *flight) deliveries(channel string) {
	f.webhook(200, channel, []byte(`{"object":"`+word+`","phone":"`+phone+`","id":"`+traffic.Wamid(person(0), "x")+`"}`))
	f.webhook(200, channel, []byte(word+" is no JSON "+mail))
	f.webhook(200, channel, []byte(strings.Repeat(`[{"`+word+`":`, 9000)))
	f.call(401, http.MethodPost, "/webhooks/"+channel, word, meta.SignatureHeader, "sha256="+word)
	f.call(401, http.MethodPost, "/webhooks/"+channel, word)
	f.call(413, http.MethodPost, "/webhooks/"+channel, strings.Repeat(word, 400_000), meta.SignatureHeader, "sha256=00")
	f.call(403, http.MethodGet, "/webhooks/"+channel+"?hub.mode=subscribe&hub.verify_token="+word+"&hub.challenge="+word, "")
}

func (f *flight) messenger() {
	p := person(0)
	f.webhook(200, "messenger", traffic.Messenger(traffic.Said{From: p, ID: "m_" + word, At: time.Now(), Text: unclear}))
	f.webhook(200, "messenger", traffic.MessengerWatermark(p, "read", time.Now()))
	f.webhook(200, "messenger", traffic.MessengerEcho(p, "m_"+word+"echo", word, time.Now()))
	for i, item := range []string{
		`"message":{"mid":"m_` + word + `%d","attachments":[{"type":"image","payload":{"url":"https://` + word + `.example/a.jpg"}}]}`,
		`"postback":{"mid":"m_` + word + `%d","title":"` + word + `","payload":"` + word + `"}`,
		`"reaction":{"mid":"m_` + word + `","action":"react","emoji":"x","reaction":"` + word + `%d"}`,
		`"` + word + `":{"text":"` + word + `%d"}`,
		`"message":{"text":"` + word + `%d"}`,
		`"message":"` + word + `%d"`,
	} {
		f.webhook(200, "messenger", []byte(`{"object":"page","entry":[{"id":"`+traffic.Page+`","time":1790000000000,"messaging":[{"sender":{"id":"`+p.PSID+
			`"},"recipient":{"id":"`+traffic.Page+`"},"timestamp":1790000000000,`+fmt.Sprintf(item, i)+`}]}]}`))
	}
	f.deliveries("messenger")
}

func (f *flight) mail() {
	p := person(0)
	from := "From: " + name + " <" + p.Mail + ">\r\nTo: " + traffic.Mailbox + "\r\nSubject: " + word + "\r\n"
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=\""+word+"\"\r\n\r\n--"+word+"\r\n", 5000)
	for _, raw := range []string{
		string(traffic.Mail(p, word+"@kanarie.example", "", unclear, unclear, time.Now())),
		string(traffic.MailReply(p, word+"2@kanarie.example", word+"@kanarie.example", word, unclear, word, time.Now())),
		from + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + word +
			"\r\n--b\r\nContent-Type: application/pdf; name=\"" + word + ".pdf\"\r\nContent-Disposition: attachment; filename=\"" + word + ".pdf\"\r\n\r\n" + word + "\r\n--b--\r\n",
		from + nested + word,
		from + "X-Long: " + strings.Repeat(word, 200_000) + "\r\n\r\n" + word,
		from + "Content-Type: " + word + "\r\nContent-Transfer-Encoding: " + word + "\r\n\r\n" + word,
		word,
	} {
		if err := smtp.SendMail(f.s.SMTP, nil, p.Mail, []string{word + "@support.example.com"}, []byte(raw)); err != nil {
			f.Error(err)
		}
	}
	for _, body := range []string{
		word + " is no event " + mail,
		`{"Records":[{"s3":{"bucket":{"name":"` + word + `"},"object":{"key":"in/%zz` + word + `"}}}]}`,
		`{"Records":[{"s3":{"bucket":{"name":"` + word + `"},"object":{"key":"in/` + word + `"}}}]}`,
	} {
		f.invoke("email", `{"Records":[{"messageId":"1","body":`+quoteJSON(body)+`}]}`)
	}
}

func (f *flight) chat() {
	var session struct{ Token, Visitor string }
	if err := json.Unmarshal([]byte(f.call(201, http.MethodPost, "/chat/sessions", "{}")), &session); err != nil {
		f.Fatal(err)
	}
	auth := []string{"Authorization", "Bearer " + session.Token}
	id := func(at time.Time) string { return traffic.DeterministicUUIDv7(at, word) }
	post := "/chat/messages"
	f.call(201, http.MethodPost, post, string(traffic.Chat(id(time.Now()), unclear)), auth...)
	f.call(400, http.MethodPost, post, string(traffic.Chat(id(time.Now().Add(time.Hour)), unclear)), auth...)
	f.call(400, http.MethodPost, post, string(traffic.Chat(word, unclear)), auth...)
	f.call(0, http.MethodPost, post, string(traffic.Chat(id(time.Now()), strings.Repeat(word, 2000))), auth...)
	f.call(400, http.MethodPost, post, word, auth...)
	f.call(401, http.MethodPost, post, word, "Authorization", "Bearer "+word)
	f.call(200, http.MethodGet, post, "", auth...)
	f.call(400, http.MethodGet, post+"?cursor="+word, "", auth...)
	f.call(400, http.MethodGet, post+"?"+word+"="+word, "", auth...)
	f.call(401, http.MethodPost, "/chat/sessions", `{"hostToken":"`+word+`"}`)
	f.call(0, http.MethodPost, "/chat/sessions", `{"`+word+`":"`+word+`"}`)
}

func (f *flight) agents() {
	auth := []string{"Authorization", "Bearer " + f.agent}
	get := func(want int, path string) string { f.Helper(); return f.call(want, http.MethodGet, path, "", auth...) }
	post := func(want int, path, body string) { f.Helper(); f.call(want, http.MethodPost, path, body, auth...) }
	var who struct{ ID string }
	if err := json.Unmarshal([]byte(get(200, "/v1/customers?alias=phone:"+newNumber)), &who); err != nil || who.ID == "" {
		f.Fatal("customer not found by phone:", err)
	}
	get(404, "/v1/customers?alias=phone:"+phone+"77")
	get(404, "/v1/customers?alias=email:nobody."+mail)
	get(400, "/v1/customers?alias="+word+":"+word)
	get(400, "/v1/customers?"+word+"="+phone)
	get(404, "/v1/customers/"+word)
	get(404, "/v1/customers/"+visitor)
	of := "/v1/customers/" + who.ID
	get(200, of)
	get(200, of+"/messages")
	get(200, of+"/contacts")
	get(200, "/v1/contacts?state=waiting&department=billing")
	get(400, "/v1/contacts?state=waiting&department="+word)
	get(400, of+"/messages?cursor="+word)
	get(400, of+"/messages?channel="+word)
	get(400, of+"/contacts?cursor="+word)
	now := time.Now().UTC().Format(time.RFC3339)
	post(201, of+"/messages", `{"delivery":"recorded","channel":"whatsapp","id":"`+word+`1","sentAt":"`+now+`","text":"`+unclear+`","author":"`+word+`"}`)
	post(400, of+"/messages", `{"delivery":"`+word+`","channel":"whatsapp","id":"1","text":"`+word+`"}`)
	post(0, of+"/messages", `{"delivery":"recorded","channel":"email","id":"`+word+`","sentAt":"`+word+`","text":"`+word+`"}`)
	post(400, of+"/messages", word)
	post(404, "/v1/customers/"+visitor+"/messages", `{"delivery":"recorded","channel":"whatsapp","id":"`+word+`","sentAt":"`+now+`","text":"`+word+`"}`)
	post(201, of+"/contacts", `{"id":"`+word+`2","channel":"phone","at":"`+now+`","reason":"invoice-unclear","text":"`+unclear+`","outcome":"`+word+`"}`)
	post(400, of+"/contacts", `{"id":"`+word+`3","channel":"phone","at":"`+now+`","reason":"`+word+`"}`)
	get(200, of+"/brief")
	get(200, of+"/claim")
	get(400, of+"/brief?"+word+"="+phone)
	bot := `{"kind":"bot","id":"` + word + `"}`
	f.call(200, http.MethodPost, of+"/claim", `{"holder":`+bot+`}`, auth...)
	post(409, of+"/claim", `{"holder":{"kind":"agent","id":"agent-7"}}`)
	post(400, of+"/claim", `{"holder":"`+word+`"}`)
	post(409, of+"/messages", `{"delivery":"recorded","channel":"whatsapp","id":"`+word+`4","sentAt":"`+now+`","text":"`+word+`","author":"agent-7"}`)
	post(201, of+"/notes", `{"id":"`+word+`5","kind":"tried","at":"`+now+`","text":"`+word+" "+phone+`"}`)
	post(400, of+"/notes", `{"id":"`+word+`6","kind":"`+word+`","at":"`+now+`","text":"`+word+`"}`)
	post(200, of+"/handover", `{"holder":`+bot+`,"to":{"kind":"team","id":"returns"},"reason":"`+word+`","note":"`+word+" "+mail+`"}`)
	post(200, of+"/release", `{"holder":`+bot+`,"version":2}`)
	register := "/v1/customers/account/"
	f.call(200, http.MethodPut, register+account, `{"name":"`+name+`","locale":"nl","phones":["+`+person(0).Phone+`","+`+person(1).Phone+`"],"mails":["`+mail+
		`"],"orders":[{"number":"`+order+`","products":["coffee-machine"]}]}`, auth...)
	f.call(400, http.MethodPut, register+account, `{"phones":["`+word+`"]}`, auth...)
	f.call(400, http.MethodPut, register+account, `{"`+word+`":"`+word+`"}`, auth...)
	f.call(401, http.MethodGet, of, "", "Authorization", "Bearer "+word)
	f.call(403, http.MethodGet, of, "", "Authorization", "Bearer "+f.token("", word))
	f.call(404, http.MethodGet, "/v1/"+word+"?"+phone, "", auth...)
}

func (f *flight) departments() {
	auth := []string{"Authorization", "Bearer " + f.agent}
	var list struct{ Problems []struct{ ID string } }
	if err := json.Unmarshal([]byte(f.call(200, http.MethodGet, "/v1/problems?department=billing", "", auth...)), &list); err != nil || len(list.Problems) != 1 {
		f.Fatalf("got %d problems, want 1: %v", len(list.Problems), err)
	}
	of := "/v1/problems/" + list.Problems[0].ID
	f.call(200, http.MethodGet, of, "", auth...)
	f.call(200, http.MethodGet, of+"/affected", "", auth...)
	f.call(400, http.MethodGet, of+"/affected?cursor="+word, "", auth...)
	f.call(200, http.MethodGet, of+"/messages", "", auth...)
	f.call(400, http.MethodGet, of+"/messages?cursor="+word, "", auth...)
	f.call(404, http.MethodGet, "/v1/problems/"+word, "", auth...)
	f.call(400, http.MethodGet, "/v1/problems?department="+word, "", auth...)
	f.call(400, http.MethodPost, of+"/updates", word, auth...)
	f.call(0, http.MethodPost, of+"/updates", `{"state":"`+word+`","comment":"`+word+`"}`, auth...)
	f.call(403, http.MethodGet, of, "", "Authorization", "Bearer "+f.token(word, "problems:read"))
}

// malformed invokes every function with invalid events and events of other
// functions.
func (f *flight) malformed() {
	for _, fn := range f.s.Model.Functions {
		short := strings.TrimPrefix(fn.Name, f.s.Name+"-")
		for _, ev := range []string{
			quoteJSON(word + " " + phone), `[` + quoteJSON(mail) + `]`, `{"Records":` + quoteJSON(word) + `}`, `{"body":[` + quoteJSON(word) + `]}`,
			`{"Records":[{"messageId":"1","body":` + quoteJSON(`{"customer":"`+mail+`","text":"`+word+`"}`) + `}]}`,
			`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"C#` + phone + `"},"sk":{"S":"M#` + word + `"}}}}]}`,
			`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"C#` + visitor + `"},"sk":{"S":"M#1790000000000#whatsapp#` +
				traffic.Wamid(person(0), "gone") + `"}},"NewImage":{"t":{"S":"` + word + `"}}}}]}`,
			`{"Records":[{"eventName":"MODIFY","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"P#1"},"sk":{"S":"P"}},"NewImage":{"n":{"N":"1"},"j":{"S":"{` + word + `"},"ev":{"S":"[]"}}}}]}`,
		} {
			f.invoke(short, ev)
		}
	}
}

// invoke invokes a function directly. Its response does not matter.
func (f *flight) invoke(function, event string) {
	f.Helper()
	if _, err := f.s.Lambda().Invoke(f.Context(), f.s.Name+"-"+function, []byte(event)); err != nil {
		f.Error(err)
	}
}

// whileDown calls the functions while the table is down.
func (f *flight) whileDown() {
	auth := []string{"Authorization", "Bearer " + f.agent}
	f.webhook(503, "whatsapp", traffic.WhatsApp(said(0, "down", unclear)))
	f.webhook(503, "messenger", traffic.Messenger(traffic.Said{From: person(0), ID: "m_" + word + "down", At: time.Now(), Text: unclear}))
	f.call(503, http.MethodGet, "/v1/customers?alias=phone:"+phone, "", auth...)
	f.call(503, http.MethodGet, "/v1/problems?department=billing", "", auth...)
	f.invoke("triage", `{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"C#`+visitor+`"},"sk":{"S":"M#1790000000000#whatsapp#`+
		traffic.Wamid(person(0), "down")+`"}}}}]}`)
}

// gather adds the content of queues, and the keys in buckets and in the table, to
// the haystack.
func (f *flight) gather(hay *haystack) {
	f.Helper()
	ctx := f.Context()
	c := f.s.Clients()
	for _, b := range f.s.Model.Buckets {
		pages := s3.NewListObjectsV2Paginator(c.S3, &s3.ListObjectsV2Input{Bucket: &b.Name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				f.Fatal(err)
			}
			for _, o := range page.Contents {
				hay.add("keys of bucket "+b.Name, aws.ToString(o.Key))
			}
		}
	}
	items := 0
	for _, q := range f.s.Model.Queues {
		out, err := c.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &q.URL, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll},
		})
		if err != nil {
			f.Fatal(err)
		}
		for _, m := range out.Messages {
			for name, value := range m.Attributes {
				hay.add("attribute "+name+" in queue "+q.Name, value)
			}
			if strings.Contains(q.Name, "-problems-") {
				items++
				hay.add("item in queue "+q.Name, aws.ToString(m.Body))
			}
		}
	}
	if items == 0 {
		f.Error("got no items for departments, want some to search")
	}
	all := needles()
	coded := 0
	pages := dynamodb.NewScanPaginator(c.DynamoDB, &dynamodb.ScanInput{TableName: &f.s.Table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			f.Fatal(err)
		}
		for _, it := range page.Items {
			if sk, ok := it["sk"].(*types.AttributeValueMemberS); ok && strings.Contains(sk.Value, "#wamid.") {
				if canary, ok := findCanary(sk.Value, all); ok && strings.HasSuffix(canary, "in base64") {
					coded++
				}
			}
			for _, key := range []string{"pk", "gsi1pk", "gsi1sk"} {
				if v, ok := it[key].(*types.AttributeValueMemberS); ok {
					hay.add("keys of the table", v.Value)
				}
			}
		}
	}
	if coded < 7 { // WhatsApp message ids do contain the number, so the search must find it there
		f.Errorf("got %d wamids with the phone number, want at least 7: the search does not work", coded)
	}
}

func quoteJSON(s string) string {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(s); err != nil {
		panic(err) // strings always encode
	}
	return strings.TrimSpace(b.String())
}
