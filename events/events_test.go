// Package events_test keeps the sample events true: one for every trigger in
// the template, in the shape that AWS gives it.
package events_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/infra/local/eventsource"
	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/message"
)

// appSecret signed the sample webhooks.
const appSecret = "example-app-secret"

func model(t *testing.T) *template.Model {
	t.Helper()
	src, err := os.ReadFile("../infra/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := template.Parse(src, template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// samples are the events of a function's folder.
func samples[E any](t *testing.T, f template.Function) []E {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Base(f.CodeURI), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []E
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var e E
		if err := json.Unmarshal(data, &e); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		all = append(all, e)
	}
	return all
}

func TestEveryRouteHasASample(t *testing.T) {
	t.Parallel()
	m := model(t)
	functions := map[string]template.Function{}
	for _, f := range m.Functions {
		functions[f.Name] = f
	}
	for _, route := range m.HTTPAPIs[0].Routes {
		found := false
		for _, e := range samples[events.APIGatewayV2HTTPRequest](t, functions[route.Function]) {
			if e.RouteKey != route.Key() {
				continue
			}
			found = true
			if e.RequestContext.RouteKey != e.RouteKey || e.RequestContext.HTTP.Method != route.Method {
				t.Errorf("%s: the event says it is %s %s", route.Key(), e.RequestContext.HTTP.Method, e.RequestContext.RouteKey)
			}
			if route.Authorizer != "" && e.RequestContext.Authorizer.JWT.Claims["scope"] != strings.Join(route.Scopes, " ") {
				t.Errorf("%s: the event's token does not fit", route.Key())
			}
		}
		if !found {
			t.Errorf("%s of %s has no sample", route.Key(), route.Function)
		}
	}
}

func TestEveryEventSourceHasASample(t *testing.T) {
	t.Parallel()
	m := model(t)
	for _, f := range m.Functions {
		for _, source := range f.Queues {
			name := sampled(m, source.Queue)
			if !anyRecord(t, f, func(arn string, _ json.RawMessage) bool { return strings.HasSuffix(arn, ":"+name) }) {
				t.Errorf("queue %s of %s has no sample", source.Queue, f.Name)
			}
		}
		for _, source := range f.Streams {
			filter, err := eventsource.ParseFilter(source.Filters...)
			if err != nil {
				t.Fatal(err)
			}
			if !anyRecord(t, f, func(arn string, record json.RawMessage) bool {
				return strings.Contains(arn, ":table/") && filter.Match(record)
			}) {
				t.Errorf("stream %s of %s has no sample that passes its filter", source.ID, f.Name)
			}
		}
	}
}

func TestEveryScheduleHasASample(t *testing.T) {
	t.Parallel()
	for _, f := range model(t).Functions {
		if len(f.Schedules) == 0 {
			continue
		}
		all := samples[events.EventBridgeEvent](t, f)
		if len(all) == 0 || all[0].DetailType != "Scheduled Event" || all[0].Time.IsZero() {
			t.Errorf("the schedule of %s has no sample", f.Name)
		}
	}
}

// sampled returns the queue whose sample event is read for queue: for the queues
// of departments, the first department's.
func sampled(m *template.Model, queue string) string {
	for _, p := range m.Parameters {
		if p.Name != "Departments" {
			continue
		}
		all := strings.Split(p.Value, ",")
		for _, d := range all {
			if before, ok := strings.CutSuffix(queue, "-"+d); ok {
				return before + "-" + all[0]
			}
		}
	}
	return queue
}

func anyRecord(t *testing.T, f template.Function, fits func(arn string, record json.RawMessage) bool) bool {
	for _, e := range samples[struct{ Records []json.RawMessage }](t, f) {
		for _, r := range e.Records {
			var source struct{ EventSourceARN string }
			if err := json.Unmarshal(r, &source); err != nil {
				t.Error(err)
			}
			if fits(source.EventSourceARN, r) {
				return true
			}
		}
	}
	return false
}

func TestSampleWebhooksAreSignedAndHoldAMessage(t *testing.T) {
	t.Parallel()
	for file, normalize := range map[string]func([]byte) (message.Delivery, error){
		"whatsapp/webhook.json": whatsapp.Normalize, "messenger/webhook.json": messenger.Normalize, "messenger/instagram.json": messenger.Normalize,
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var e events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		body := []byte(e.Body)
		if e.IsBase64Encoded {
			if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
				t.Fatal(err)
			}
		}
		if err := meta.Verify(body, e.Headers[meta.SignatureHeader], appSecret); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		d, err := normalize(body)
		if err != nil || len(d.Messages) != 1 || len(d.Broken) != 0 {
			t.Errorf("%s: %+v, %v", file, d, err)
		}
	}
}

func TestDeliveriesAreWhatTheWebhooksCarry(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"whatsapp", "messenger"} {
		delivery, err := os.ReadFile("deliveries/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name + "/webhook.json")
		if err != nil {
			t.Fatal(err)
		}
		var e events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.TrimSpace(delivery), []byte(e.Body)) {
			t.Errorf("%s: the delivery and the body of the event differ", name)
		}
	}
}

func TestTheSampleThatAWSHandsOnHoldsAMessageWithAFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("whatsapp/social.json")
	if err != nil {
		t.Fatal(err)
	}
	var e events.SNSEvent
	if err := json.Unmarshal(data, &e); err != nil || len(e.Records) != 1 {
		t.Fatalf("%+v, %v", e, err)
	}
	d, err := whatsapp.NormalizeSNS([]byte(e.Records[0].SNS.Message))
	if err != nil || len(d.Messages) != 2 || d.Messages[0].Via == "" || len(d.Broken) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
}
