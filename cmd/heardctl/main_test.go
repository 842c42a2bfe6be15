package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/infra/local/where"
	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/training"
)

// heardctl runs a command line, and returns its output and exit code.
func heardctl(t *testing.T, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return o.String(), e.String(), code
}

// works runs a command line that must succeed, and returns its standard output.
func works(t *testing.T, args ...string) string {
	t.Helper()
	out, errOut, code := heardctl(t, args...)
	if code != 0 {
		t.Fatalf("heardctl %s: %d\n%s%s", strings.Join(args, " "), code, out, errOut)
	}
	return out
}

// TestRun_LastTraining prints a stored report. TestTrain_Corrections in test/e2e trains.
func TestRun_LastTraining(t *testing.T) {
	t.Parallel()
	var out, errOut bytes.Buffer
	printer := tool{out: &out, err: &errOut}
	printer.printTraining(training.Report{
		Outcome: training.Kept, Why: training.Nightly, At: time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC), Seconds: 12, Taxonomy: "2026-01", Model: "1f0c9b2a77de4410",
		Explanation: "the new model is worse: accuracy 0.700, in use 0.750", Next: []string{"heardctl corrections shows what agents corrected"},
		Material: training.Material{Taxonomy: 900, Corrections: 7, Doubled: 5, Registered: 3, Attached: 2, LeftOut: 1, Truncated: true},
		Figures: classifier.Report{
			Examples: 500, Accuracy: 0.7, FirstThree: 0.9, Sure: 0.5, SurePrecision: 0.96,
			Confusions: []classifier.Confusion{{Reason: "stock", Given: "", Texts: 4}},
		},
	})
	want := `KEPT, started 2026-03-02T03:00:00Z because of: night, took 12 s
model 1f0c9b2a77de4410 is in use, taxonomy 2026-01
the new model is worse: accuracy 0.700, in use 0.750
learned: 900 texts of the taxonomy, 7 corrections (5 count double), 3 registered contacts, 2 contacts attached to problems; left out: 1
there was more material than a training takes; the oldest was left out
cross-validation with 500 texts: the first guess is right in 70.0%, one of three in 90.0%; sure and right in 48.0%
     4 texts of stock were taken for no reason
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if want := "Next: heardctl corrections shows what agents corrected\n"; errOut.String() != want {
		t.Errorf("hint = %q, want %q", errOut.String(), want)
	}
}

func TestRun_OperatorCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := stack.Start(t.Context(), stack.Config{Root: "../..", Dir: dir, Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	here := func(args ...string) []string { return append([]string{"-dir", dir}, args...) }
	settle := func() {
		t.Helper()
		if err := s.Drained(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(out string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(out, part) {
				t.Errorf("no %q in:\n%s", part, out)
			}
		}
	}

	expect(works(t, here("demo")...), "one history", "one item:", "Manual unclear, version 1: opened", "5 customers, 5 contacts",
		"contact of", "over whatsapp, email, webchat", "aws sqs receive-message")
	expect(works(t, here("problems")...), "manual-unclear coffee-machine", "5 customers")
	expect(works(t, here("queue", "documentation")...), "Aroma coffee machine")
	one, _, _ := strings.Cut(works(t, here("problems", "documentation")...), " ")
	letGo := holdItem(t, dir)
	expect(works(t, here("queue", "documentation")...), "1 items are with a consumer")
	letGo()
	expect(works(t, here("queue", "-json", "-delete", "documentation")...), `"event":"opened"`)
	expect(works(t, here("queue", "documentation")...), "the queue is empty")
	expect(works(t, here("waiting", "documentation")...), "manual-unclear")
	expect(works(t, here("waiting", "privacy")...), "no customer is waiting")

	expect(works(t, here("import", "-dry-run", "../../events/deliveries/register.jsonl")...), "K-1001: a new customer, joined with 0 customers", "2 joined")
	expect(works(t, here("import", "../../events/deliveries/register.jsonl")...), "2 joined")
	for _, delivery := range [][2]string{
		{"whatsapp", "whatsapp.json"}, {"messenger", "messenger.json"}, {"instagram", "instagram.json"},
		{"email", "email.eml"}, {"webchat", "webchat.json"},
	} {
		expect(works(t, here("send", delivery[0], "../../events/deliveries/"+delivery[1])...), "accepted")
	}
	settle()
	expect(works(t, here("history", "account:K-1001")...), "Jan Voorbeeld", "whatsapp", "email", "ik begrijp de handleiding")

	psid := "psid:104729000000001:7700000000000001"
	_, messenger, _ := strings.Cut(strings.SplitN(works(t, here("identity", psid)...), "\n", 2)[0], " ")
	expect(works(t, here("merge", "-why", "dezelfde bestelling", "account:K-1001", psid)...), "has 2 ids now", "heardctl unmerge -why <text> ")
	expect(works(t, here("history", "account:K-1001")...), "whatsapp", "messenger")
	expect(works(t, here("unmerge", "-why", "toch niet", messenger)...), "customer "+messenger+" is separate again")
	expect(works(t, here("dismiss", "-why", "twee mensen", psid, "account:K-1001")...), "no rule merges them")
	expect(works(t, here("move", "-why", "opnieuw uitgegeven", "-from", "2026-10-01T00:00:00Z", "phone:+319701000002")...), " belongs to customer ")
	expect(works(t, here("identity", psid)...), "by webhook", "is not ", "toch niet", "merge of ", " by heardctl: dezelfde bestelling")
	if _, errOut, code := heardctl(t, here("merge", "account:K-1001", psid)...); code != 1 || !strings.Contains(errOut, "-why is required") {
		t.Errorf("a merge without -why: got code %d and %q, want 1 and the missing flag", code, errOut)
	}
	settle()
	lines := works(t, here("history", "-json", "phone:+319701000001")...)
	if strings.Count(lines, "\n") != 2 {
		t.Errorf("history as JSON:\n%s", lines)
	}
	jan := "account:K-1001"
	expect(works(t, here("claim", "-as", "bot:bot-1", jan)...), "bot bot-1 has customer")
	if _, errOut, code := heardctl(t, here("claim", "-as", "agent:agent-7", jan)...); code != 1 || !strings.Contains(errOut, "bot bot-1 has this customer") {
		t.Errorf("a claim on a claimed customer: got code %d and %q, want 1 and the holder", code, errOut)
	}
	expect(works(t, here("note", "-due", "48h", jan, "promise", "Een nieuwe handleiding komt per post.")...), ":note:")
	expect(works(t, here("handover", "-as", "bot:bot-1", "-note", "Wil een mens.", jan, "agent:agent-7", "asks for a person")...), "agent agent-7 has customer")
	expect(works(t, here("brief", jan)...), "promised", "Een nieuwe handleiding", "agent agent-7", "Wil een mens.", "[0]")
	expect(works(t, here("brief", "-json", jan)...), `"cites":[0]`)
	expect(works(t, here("release", "-as", "agent:agent-7", jan)...), "is not claimed")
	var question struct{ ID string }
	if err := json.Unmarshal([]byte(strings.SplitN(lines, "\n", 2)[0]), &question); err != nil {
		t.Fatal(err)
	}
	expect(works(t, here("decide", "-asks", "no", "phone:+319701000001", question.ID)...), question.ID+": asks no, machine not decided")
	expect(works(t, here("decide", "-machine", "no", "-asks", "withdraw", "phone:+319701000001", question.ID)...), "asks not decided, machine no")
	if _, errOut, code := heardctl(t, here("decide", "-asks", "no", "phone:+319701000001", "1795179600000:whatsapp:x")...); code != 1 || !strings.Contains(errOut, "no such message") {
		t.Errorf("a decision about an unknown message: got code %d and %q, want 1 and its error", code, errOut)
	}
	settle()
	expect(works(t, here("events", "-delete")...), `"kind":"message"`, `"kind":"waiting"`, `"kind":"assigned"`, `"kind":"released"`)
	if _, errOut, code := heardctl(t, here("history", "account:nobody")...); code != 1 || !strings.Contains(errOut, "HTTP 404") {
		t.Errorf("the history of an unknown account: got code %d and %q, want 1 and HTTP 404", code, errOut)
	}

	expect(works(t, here("reply", "email:jan.voorbeeld@example.org", "Wij zoeken het uit.")...), "to jan.voorbeeld@example.org", `"Re: Factuur"`)
	gone := "email:bounce@simulator.amazonses.com" // mail to it bounces
	mail := filepath.Join(t.TempDir(), "mail.eml")
	if err := os.WriteFile(mail, []byte("From: bounce@simulator.amazonses.com\r\nTo: klantenservice@support.example.com\r\nSubject: Hallo\r\n\r\nHoort u mij?\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	works(t, here("send", "email", mail)...)
	settle()
	expect(works(t, here("reply", "-subject", "Uw vraag", gone, "Ja, heel goed.")...), `"Uw vraag"`)
	settle()
	expect(works(t, here("history", "email:jan.voorbeeld@example.org")...), "Wij zoeken het uit. (", "answered")
	expect(works(t, here("history", gone)...), "Ja, heel goed. (failed 5.1.1)", "waiting")
	if _, errOut, code := heardctl(t, here("reply", gone, "Nog eens.")...); code != 1 || !strings.Contains(errOut, "came back") {
		t.Errorf("an answer to an address that bounced: got code %d and %q, want 1 and the bounce", code, errOut)
	}
	expect(works(t, here("reply", "-force", "de klant belde, het werkt weer", gone, "Nog eens.")...), "will be sent")

	expect(works(t, here("problem", "show", one)...), "version 1, detected, for documentation", "next: acknowledged")
	if _, errOut, code := heardctl(t, here("problem", "step", one, "fixed")...); code != 1 || !strings.Contains(errOut, "possible: acknowledged") {
		t.Errorf("an illegal step: got code %d and %q, want 1 and the possible steps", code, errOut)
	}
	if _, errOut, code := heardctl(t, here("problem", "step", "-version", "7", one, "acknowledged")...); code != 1 || !strings.Contains(errOut, "at version 1, not 7") {
		t.Errorf("a step of another version: got code %d and %q, want 1 and both versions", code, errOut)
	}
	expect(works(t, here("problem", "step", one, "acknowledged", "-version", "1", "-comment", "We look.")...), "version 2, acknowledged")
	expect(works(t, here("problem", "detach", one, "account:K-1001")...), "version 3", "5 customers")
	expect(works(t, here("problem", "attach", one, "account:K-1001")...), "version 4", "6 customers")
	part, _, _ := strings.Cut(works(t, here("problem", "split", "-words", "tekening zeven,bladzijde negen", one)...), " ")
	expect(works(t, here("problem", "merge", part, one)...), "merged", "next: nothing", "merged into "+one, "split from "+one)
	expect(works(t, here("problem", "open", "-comment", "By phone.", "invoice-unclear", "account:K-1001")...), "for billing: invoice-unclear", "1 customers")
	if _, errOut, code := heardctl(t, here("problem", "open", "-product", "coffee-machine", "manual-unclear")...); code != 1 || !strings.Contains(errOut, "problem "+one+" already") {
		t.Errorf("a second problem of one cause: got code %d and %q, want 1 and the first problem", code, errOut)
	}
	expect(works(t, here("problem", "step", one, "fix_planned", "-cause", "the drawing", "-workaround", "see page 5", "-expected", "2126-01-01T12:00:00Z",
		"-link", "https://example.com/4")...), "expected to be fixed by", "cause: the drawing", "workaround: see page 5", "links: https://example.com/4")
	expect(works(t, here("problem", "log", one)...), "opened", "acknowledged", "We look.", "split")

	if _, errOut, code := heardctl(t, here("queue", "cellar")...); code != 1 || !strings.Contains(errOut, `department "cellar" has no queue`) {
		t.Errorf("the queue of an unknown department: got code %d and %q, want 1 and its name", code, errOut)
	}
	expect(works(t, here("candidates")...), "no candidates")
	for _, args := range [][]string{{"confirm", "-why", "x", "-reason", "defect", "none"}, {"dismiss", "-why", "x", "none"}} {
		if _, errOut, code := heardctl(t, here(append([]string{"candidates"}, args...)...)...); code != 1 || !strings.Contains(errOut, "no such candidate") {
			t.Errorf("%s of an unknown candidate: got code %d and %q, want 1 and a refusal", args[0], code, errOut)
		}
	}

	if out := works(t, here("corrections")...) + works(t, here("corrections", "-text", "-since", "2026-01-01T00:00:00Z")...); out != "" {
		t.Errorf("corrections without any correction: got %q, want nothing", out)
	}
	expect(works(t, here("reclassify", "-reason", "manual-unclear", "-since", "2026-01-01T00:00:00Z", "-dry-run")...), "0 contacts were classified by a taxonomy other than", "nothing was changed")
	expect(works(t, here("reclassify", "-reason", "unknown", "-since", "2026-01-01T00:00:00Z")...), "0 contacts are being classified")
	if _, errOut, code := heardctl(t, here("reclassify", "-reason", "manual-unclaer", "-since", "2026-01-01T00:00:00Z")...); code != 1 || !strings.Contains(errOut, "similar reasons are manual-unclear") {
		t.Errorf("an unknown reason: got code %d and %q, want 1 and a similar reason", code, errOut)
	}
	expect(works(t, here("reclassify", "-reason", "fax-broken", "-retired", "-since", "2026-01-01T00:00:00Z", "-dry-run")...), "nothing was changed")
	if _, errOut, code := heardctl(t, here("reclassify", "-reason", "unknown")...); code != 1 || !strings.Contains(errOut, "-since 2026-03-01T00:00:00Z") {
		t.Errorf("reclassify without -since: got code %d and %q, want 1 and an example", code, errOut)
	}

	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"object":"page","entry":7}`), 0o600); err != nil {
		t.Fatal(err)
	}
	works(t, here("send", "messenger", bad)...)
	expect(works(t, here("replay", "-list", "quarantine")...), "messenger", "1 in quarantine")
	expect(works(t, here("replay", "quarantine")...), "1 sent again")
	expect(works(t, here("replay", "-list", "quarantine")...), "1 in quarantine")
	expect(works(t, here("replay", "dead")...), "mail-dead", "stream-dead", "problems-dead.fifo")
	works(t, here("queue", "-delete", "documentation")...)
	mend := breakNextVersion(t, dir, one)
	putDead(t, dir, "mail-dead", `{"Records":[]}`)
	putDead(t, dir, "updates-documentation-dead", `{"problem":"none","to":"fixed"}`)
	settle()
	expect(works(t, here("replay", "-list", "dead")...), "stream-dead          1\n", "mail-dead            1\n")
	expect(works(t, here("replay", "dead")...), "stream-dead          1 replayed, 1 failed again\n", "mail-dead            1 moved to their queue\n",
		"updates-documentation-dead 1 left: refused updates, which the department corrects\n")
	mend()
	expect(works(t, here("replay", "dead")...), "stream-dead          1 replayed, 0 failed again\n")
	expect(works(t, here("replay", "-list", "dead")...), "updates-documentation-dead 1\n")
	putDead(t, dir, "whatsapp-dead", `{"problem":"none"}`)
	out, errOut, code := heardctl(t, here("replay", "dead")...)
	expect(out, "whatsapp-dead        1 replayed, 1 failed again\n")
	if want := "whatsapp-dead: the dead letter names no function"; code != 1 || !strings.Contains(errOut, want) {
		t.Errorf("a letter without a function: got code %d and %q, want 1 and %q", code, errOut, want)
	}
	expect(works(t, here("queue", "-json", "documentation")...), one)

	if token := works(t, here("token", "-scopes", "problems:read", "-department", "it")...); strings.Count(token, ".") != 2 {
		t.Errorf("got token %q, want a JWT", token)
	}
	for _, tt := range []struct{ args, want []string }{
		{nil, stackclient.Scopes}, {[]string{"-department", "it"}, stackclient.DepartmentScopes}, {[]string{"-scopes", "problems:read"}, []string{"problems:read"}},
	} {
		if got := scopesOf(t, works(t, here(append([]string{"token"}, tt.args...)...)...)); !slices.Equal(got, tt.want) {
			t.Errorf("token %v: got scopes %v, want %v", tt.args, got, tt.want)
		}
	}
}

// scopesOf returns the scopes of a token.
func scopesOf(t *testing.T, token string) []string {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(strings.TrimSpace(token), claims); err != nil {
		t.Fatal(err)
	}
	return strings.Fields(fmt.Sprint(claims["scope"]))
}

// holdItem receives the item on the queue of documentation, as a consumer does.
// It returns a function that returns the item to the queue.
func holdItem(t *testing.T, dir string) (letGo func()) {
	t.Helper()
	s, err := where.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := stackclient.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	queue, err := c.Queue(t.Context(), c.SDK, "problems-documentation.fifo")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.SDK.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, VisibilityTimeout: 600})
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("received %+v, %v", got, err)
	}
	return func() {
		t.Helper()
		if _, err := c.SDK.SQS.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &queue, ReceiptHandle: got.Messages[0].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
}

// breakNextVersion writes a version of a problem that no function can read.
// mend makes its item readable.
func breakNextVersion(t *testing.T, dir, problem string) (mend func()) {
	t.Helper()
	s, err := where.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := stackclient.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "P#" + problem}, "sk": &types.AttributeValueMemberS{Value: "P"}}
	got, err := c.SDK.DynamoDB.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &c.Table, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	number, isNumber := got.Item["n"].(*types.AttributeValueMemberN)
	data, isText := got.Item["j"].(*types.AttributeValueMemberS)
	if !isNumber || !isText {
		t.Fatalf("problem %+v has no version or no JSON", got.Item)
	}
	version, err := strconv.Atoi(number.Value)
	if err != nil {
		t.Fatal(err)
	}
	next := strings.Replace(data.Value, fmt.Sprintf(`"version":%d`, version), fmt.Sprintf(`"version":%d`, version+1), 1)
	if next == data.Value {
		t.Fatalf("the JSON %s has no version %d", data.Value, version)
	}
	write := func(text string) {
		t.Helper()
		got.Item["n"] = &types.AttributeValueMemberN{Value: strconv.Itoa(version + 1)}
		got.Item["j"] = &types.AttributeValueMemberS{Value: text}
		if _, err := c.SDK.DynamoDB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &c.Table, Item: got.Item}); err != nil {
			t.Fatal(err)
		}
	}
	write("{")
	return func() { t.Helper(); write(next) }
}

// putDead puts a message into a dead-letter queue.
func putDead(t *testing.T, dir, name, body string) {
	t.Helper()
	s, err := where.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := stackclient.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	queue, err := c.Queue(t.Context(), c.SDK, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SDK.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

func TestNormalize_WithoutStack(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte("no JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	deliveries := "../../events/deliveries/"
	tests := map[string]struct {
		channel, file string
		want          map[string]any
	}{
		"whatsapp": {"whatsapp", deliveries + "whatsapp.json", map[string]any{
			"kind": "text", "direction": "inbound", "sentAt": "2026-09-21T14:13:21Z",
			"customer": map[string]any{"kind": "phone", "scope": "", "value": "319701000001", "assurance": "verified"},
		}},
		"messenger": {"messenger", deliveries + "messenger.json", map[string]any{"text": "Waar blijft mijn bestelling WS-104233?"}},
		"instagram": {"instagram", deliveries + "instagram.json", map[string]any{"channel": "instagram"}},
		"email": {"email", deliveries + "email.eml", map[string]any{
			"subject": "Factuur", "automated": "", "attachments": []any{}, "kind": "mail",
		}},
		"webchat": {"webchat", deliveries + "webchat.json", map[string]any{"providerId": "01a0c4a5-d580-7abc-8def-0123456789ab"}},
		"a status": {"whatsapp", "../../internal/channel/whatsapp/testdata/status-failed.json", map[string]any{
			"element": "effect", "kind": "status", "status": "failed", "direction": "outbound",
		}},
		"a notification of AWS": {"whatsapp", "../../events/whatsapp/social.json", map[string]any{
			"kind": "image", "text": "Zo kwam het aan", "account": "100000000000001",
		}},
		"the message of a notification": {"whatsapp", "../../internal/channel/whatsapp/testdata/sns/whole-body-in-the-entry.json", map[string]any{
			"providerId": "wamid.1", "text": "hallo",
		}},
		"an unreadable webhook": {"whatsapp", bad, map[string]any{"channel": "whatsapp", "error": "the body is not JSON"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := works(t, "-dir", t.TempDir(), "normalize", tt.channel, tt.file)
			line, _, _ := strings.Cut(out, "\n")
			var got map[string]any
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
			tt.want["file"] = tt.file
			for key, want := range tt.want {
				if a, b := mustJSON(t, got[key]), mustJSON(t, want); a != b {
					t.Errorf("%s: got %s, want %s", key, a, b)
				}
			}
		})
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRun_CommandLines(t *testing.T) {
	t.Parallel()
	none := t.TempDir()
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"no command":               {nil, 0, "go run ./cmd/heardctl"},
		"help":                     {[]string{"help"}, 0, "normalize <channel> <file...>"},
		"unknown command":          {[]string{"dance"}, 2, `no command "dance"`},
		"unknown channel":          {[]string{"normalize", "fax", "x"}, 1, `no channel "fax"`},
		"no arguments":             {[]string{"history"}, 2, "usage: heardctl history"},
		"unknown party":            {[]string{"claim", "-as", "agent-7", "phone:31970100001"}, 1, "is not an agent, bot or team"},
		"unknown flag":             {[]string{"demo", "-x"}, 2, "-x"},
		"no stack":                 {[]string{"-dir", none, "problems"}, 1, "start one with make run"},
		"missing file":             {[]string{"normalize", "whatsapp", none + "/x"}, 1, "no such file"},
		"a command's help":         {[]string{"token", "-h"}, 0, "-department"},
		"an empty department":      {[]string{"-dir", none, "token", "-department", ""}, 1, "-department is empty"},
		"a blank department":       {[]string{"-dir", none, "token", "-department= "}, 1, "-department is empty"},
		"empty scopes":             {[]string{"-dir", none, "token", "-scopes", "", "-department", "it"}, 1, "-scopes is empty"},
		"scopes of a comma":        {[]string{"-dir", none, "token", "-scopes", ","}, 1, "-scopes is empty"},
		"unknown act":              {[]string{"problem", "paint", "x"}, 2, `no action "paint"`},
		"no act":                   {[]string{"problem", "-comment", "x"}, 2, "usage: heardctl problem"},
		"too few arguments":        {[]string{"problem", "merge", "x", "-comment", "y"}, 2, "heardctl problem merge [-version <n>] [-comment <text>] <id> <into>"},
		"no decision":              {[]string{"decide", "phone:31970100001", "x"}, 1, "-asks or -machine is required"},
		"decision of a word":       {[]string{"decide", "-asks", "maybe", "phone:31970100001", "x"}, 2, "must be yes, no or withdraw"},
		"unknown decision":         {[]string{"candidates", "paint", "x"}, 2, "usage: heardctl candidates"},
		"no -why":                  {[]string{"candidates", "dismiss", "x"}, 1, "-why is required"},
		"-reason with dismiss":     {[]string{"candidates", "dismiss", "-why", "y", "-reason", "z", "x"}, 1, "-reason is required with confirm"},
		"unknown replay":           {[]string{"replay", "shoes"}, 2, "usage: heardctl replay"},
		"train without a stack":    {[]string{"-dir", none, "train", "-last"}, 1, "start one with make run"},
		"a taxonomy":               {[]string{"taxonomy", "check", "../../infra/taxonomy.yaml"}, 0, "departments"},
		"reasons easily confused":  {[]string{"taxonomy", "check", "../../infra/taxonomy.yaml"}, 0, "order-status is easily taken for delivery-late: "},
		"reasons without examples": {[]string{"taxonomy", "check", "../../internal/taxonomy/testdata/organisations/bank.yaml"}, 0, "reasons without examples: "},
		"reasons with examples":    {[]string{"taxonomy", "check", "testdata/examples.yaml"}, 0, "1 reason with fewer than 10 examples: the classifier never assigns them: fire (1 nl, 0 en)\n1 reason with fewer than 50 examples in a language: the classifier recognises them less often: defect (6 nl, 6 en)\n"},
		"through the lexicon":      {[]string{"taxonomy", "check", "-text", "mijn lidmaatschap beëindigen", "../../internal/taxonomy/testdata/organisations/telecom.yaml"}, 0, "by abonnement opzeggen through the lexicon in"},
		"a broken taxonomy":        {[]string{"taxonomy", "check", "main.go"}, 1, "1 mistake: correct it and check again\n"},
		"a classified text":        {[]string{"taxonomy", "check", "-text", "ik snap mijn factuur niet", "../../infra/taxonomy.yaml"}, 0, "invoice-unclear for billing, confidence 0."},
		"a checked form nowhere":   {[]string{"taxonomy", "check", "-out", none + "/x/y", "../../infra/taxonomy.yaml"}, 1, "no such file"},
		"a text without a reason":  {[]string{"taxonomy", "-text", "goedemorgen", "../../infra/taxonomy.yaml"}, 0, "unknown: the text has no phrase"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, errOut, code := heardctl(t, tt.args...)
			if code != tt.code || !strings.Contains(out+errOut, tt.says) {
				t.Errorf("got code %d, want %d with %q in:\n%s%s", code, tt.code, tt.says, out, errOut)
			}
		})
	}
}

func TestHelp_AllCommands(t *testing.T) {
	t.Parallel()
	out := works(t, "help")
	if slices.ContainsFunc(strings.Split(out, "\n"), func(l string) bool { return len(l) > 120 }) {
		t.Errorf("the help has lines of more than 120 letters:\n%s", out)
	}
	for _, c := range commands() {
		if !strings.Contains(out, "  "+c.name+" ") {
			t.Errorf("the help does not list %s", c.name)
		}
		if word, _, _ := strings.Cut(c.example, " "); word != c.name {
			t.Errorf("the example of %s is %q", c.name, c.example)
		}
	}
}
