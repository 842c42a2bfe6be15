package media_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/internal/media"
	"github.com/heard-intake/heard/internal/message"
)

func TestHandle_WhatsAppFile(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	id := w.graph.AddMedium(graph.Medium{Type: "image/png", Data: picture})
	a := image(id)
	a.SHA256 = sum(picture)
	m := w.storeMessage(t, message.WhatsApp, a)
	if diff := cmp.Diff([]message.MediaFile{{State: message.Pending}}, w.fileStates(t)); diff != "" {
		t.Error("before: ", diff)
	}
	if !w.handleOnce(t) {
		t.Fatal("the job is not done")
	}
	want := message.MediaFile{
		State: message.Stored, Type: "image/png", Size: int64(len(picture)), SHA256: sum(picture), Name: "foto van mij.png",
		Key: fmt.Sprintf("c/%s/f/%s/0", w.customer, w.table.Hash("message", string(m.ID))),
	}
	if diff := cmp.Diff([]message.MediaFile{want}, w.fileStates(t)); diff != "" {
		t.Error(diff)
	}
	if data, typ := w.object(t, want.Key); !bytes.Equal(data, picture) || typ != "image/png" {
		t.Errorf("object: got %q of type %s, want the picture of type image/png", data, typ)
	}
	if w.counts.sum["Fetched"] != 1 || len(w.delays.all) != 0 {
		t.Errorf("counts %v, delays %v", w.counts.sum, w.delays.all)
	}
}

const phoneNumberARN = "arn:aws:social-messaging:eu-west-1:123456789012:phone-number-id/0a1b2c"

func TestHandle_FileThroughAWS(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.token.now = ""
	a := image(w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture}))
	a.SHA256 = sum(picture)
	w.storeMessageVia(t, message.WhatsApp, phoneNumberARN, a)
	if !w.handleOnce(t) {
		t.Fatal("the job is not done")
	}
	got := w.fileStates(t)
	if len(got) != 1 || got[0].State != message.Stored || got[0].Type != "image/png" || got[0].SHA256 != sum(picture) || got[0].Size != int64(len(picture)) {
		t.Fatalf("files: got %+v", got)
	}
	if data, typ := w.object(t, got[0].Key); !bytes.Equal(data, picture) || typ != "image/png" {
		t.Errorf("object: got %q of type %s, want the picture of type image/png", data, typ)
	}
}

func TestHandle_AccountToken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.token.now, w.token.own = "another's", map[string]string{"110": "s3cret"}
	w.storeMessage(t, message.WhatsApp, image(w.graph.AddMedium(graph.Medium{Type: "image/png", Data: picture})))
	if !w.handleOnce(t) || w.fileStates(t)[0].State != message.Stored {
		t.Errorf("files: got %+v", w.fileStates(t))
	}
}

func TestHandle_MessengerFile(t *testing.T) {
	t.Parallel()
	for _, ch := range []message.Channel{message.Messenger, message.Instagram} {
		t.Run(string(ch), func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.token.now = ""
			one, two := w.graph.AddMedium(graph.Medium{ID: "1", Type: "image/png", Data: picture}), w.graph.AddMedium(graph.Medium{ID: "2", Type: "text/html", Data: []byte("<html>hoi")})
			w.storeMessage(t, ch, message.Attachment{Kind: message.Image, URL: w.origin + "/cdn/" + one}, message.Attachment{Kind: message.File, URL: w.origin + "/cdn/" + two, Name: "../x/brief.pdf"})
			if !w.handleOnce(t) {
				t.Fatal("the job is not done")
			}
			got := w.fileStates(t)
			if len(got) != 2 || got[0].Name != "image.png" || got[1].Name != "_x_brief.pdf" || got[1].Type != "text/html" || got[1].State != message.Stored {
				t.Errorf("files: got %+v", got)
			}
		})
	}
}

func TestHandle_FailingFileBesideOthers(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for _, id := range []string{"1", "3"} {
		w.graph.AddMedium(graph.Medium{ID: id, Type: "image/png", Data: picture})
	}
	w.graph.Fail("/cdn/2", &graph.Fault{Status: http.StatusServiceUnavailable, Times: 1})
	var files []message.Attachment
	for _, id := range []string{"1", "2", "3"} {
		files = append(files, message.Attachment{Kind: message.Image, URL: w.origin + "/cdn/" + id})
	}
	w.storeMessage(t, message.Messenger, files...)
	if w.handleOnce(t) {
		t.Fatal("done, want a file to be missing")
	}
	got := w.fileStates(t)
	if got[0].State != message.Stored || got[1].State != message.Pending || got[2].State != message.Stored {
		t.Errorf("after one try: got %+v, want only the second file pending", got)
	}
	w.graph.AddMedium(graph.Medium{ID: "2", Type: "image/png", Data: picture})
	if !w.handleOnce(t) {
		t.Fatal("the job is not done")
	}
	if got := w.fileStates(t); got[1].State != message.Stored {
		t.Errorf("after two tries: got %+v, want all files stored", got)
	}
	asked := map[string]int{}
	for _, path := range w.graph.Asked() {
		asked[path]++
	}
	if diff := cmp.Diff(map[string]int{"/cdn/1": 1, "/cdn/2": 2, "/cdn/3": 1}, asked); diff != "" {
		t.Error("asked: ", diff)
	}
}

func TestHandle_AddressPerTry(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture})
	w.graph.Fail("/media/77", &graph.Fault{Status: 503, Times: 2})
	w.storeMessage(t, message.WhatsApp, image("77"))
	for range 2 {
		if w.handleOnce(t) {
			t.Fatal("the job is done, want a failure")
		}
		w.now = w.now.Add(10 * time.Minute) // the address expires after five
	}
	if !w.handleOnce(t) || w.fileStates(t)[0].State != message.Stored {
		t.Fatalf("files: got %+v", w.fileStates(t))
	}
}

// serveSize serves as many bytes as its path says. With ?say it declares the
// length.
func serveSize(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if r.URL.Query().Has("say") {
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	}
	block := make([]byte, 1<<20)
	for ; n > 0; n -= int64(len(block)) {
		if _, err := w.Write(block[:min(n, int64(len(block)))]); err != nil {
			return
		}
	}
}

func TestHandle_FileSizeLimit(t *testing.T) {
	t.Parallel()
	const limit = 100 << 20
	for name, tt := range map[string]struct {
		path  string
		state message.FileState
	}{
		"at the limit":             {fmt.Sprint(limit), message.Stored},
		"declared one byte over":   {fmt.Sprint(limit+1) + "?say", message.Failed},
		"undeclared one byte over": {fmt.Sprint(limit + 1), message.Failed},
		"undeclared terabyte":      {fmt.Sprint(1 << 40), message.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			origin := serve(t, http.HandlerFunc(serveSize))
			w.handler = w.newHandler(t, origin)
			w.storeMessage(t, message.Messenger, message.Attachment{Kind: message.Video, URL: origin + "/" + tt.path})
			if !w.handleOnce(t) {
				t.Fatal("the job is not done")
			}
			got := w.fileStates(t)[0]
			if got.State != tt.state || got.State == message.Failed && got.Reason != message.TooLarge || got.State == message.Stored && got.Size != limit {
				t.Errorf("file: got %+v, want state %s", got, tt.state)
			}
		})
	}
}

// crashingBlobs fails once, after its first write, as if the process was
// killed.
type crashingBlobs struct {
	media.Blobs
	crashed bool
}

func (c *crashingBlobs) PutFrom(ctx context.Context, key, typ string, r io.ReadSeeker, size int64) error {
	err := c.Blobs.PutFrom(ctx, key, typ, r, size)
	if !c.crashed {
		c.crashed = true
		return errors.New("killed")
	}
	return err
}

func TestHandle_RepeatedJob(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.graph.AddMedium(graph.Medium{ID: "77", Type: "image/png", Data: picture})
	m := w.storeMessage(t, message.WhatsApp, image("77"))
	w.handler.Blobs = &crashingBlobs{Blobs: w.handler.Blobs}
	if w.handleOnce(t) {
		t.Fatal("the killed process reported the job as done")
	}
	w.handler = w.newHandler(t, w.origin)
	if !w.handleOnce(t) {
		t.Fatal("the job is not done")
	}
	first := w.fileStates(t)
	w.enqueueJob(t, message.Job{Customer: w.customer, Message: m.ID})
	if !w.handleOnce(t) {
		t.Fatal("not done again")
	}
	if diff := cmp.Diff(first, w.fileStates(t)); diff != "" {
		t.Error(diff)
	}
	out, err := w.objects.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("blobs")})
	if err != nil || len(out.Contents) != 1 || len(w.graph.Asked()) != 4 {
		t.Errorf("objects and requests: got %d, %v (%v), want 1 object and 4 requests", len(out.Contents), w.graph.Asked(), err)
	}
}

func TestPutEffect_StoredFileStaysStored(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	m := w.storeMessage(t, message.WhatsApp, image("77"))
	stored := message.MediaFile{State: message.Stored, Type: "image/png", Key: "k"}
	failed := message.MediaFile{State: message.Failed, Reason: message.Gone}
	for _, f := range []message.MediaFile{failed, stored, failed, stored} {
		_, err := w.table.Messages.PutEffect(t.Context(), w.customer, message.Effect{
			Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: message.Media, At: at, File: &f,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]message.MediaFile{stored}, w.fileStates(t)); diff != "" {
		t.Error(diff)
	}
}

func TestHandle_ErasedMessage(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.enqueueJob(t, message.Job{Customer: w.customer, Message: message.NewID(message.WhatsApp, at, "wamid.gone")})
	w.enqueueJob(t, message.Job{Alias: "A#psid#gone"})
	if !w.handleOnce(t) || len(w.graph.Asked()) != 0 {
		t.Errorf("requests: got %v", w.graph.Asked())
	}
}

func TestHandle_InvalidJob(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for _, body := range []string{"", "{}", "no JSON", `{"message":"a","alias":"b"}`} {
		if body == "" {
			body = " "
		}
		if err := w.delays.Put(t.Context(), []byte(body)); err != nil {
			t.Fatal(err)
		}
		if w.handleOnce(t) {
			t.Errorf("job %q: got done, want a failure", body)
		}
	}
}

func TestHandle_FileLostByPlatform(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	a := image("77")
	a.Mark = "failed"
	w.storeMessage(t, message.WhatsApp, a)
	if !w.handleOnce(t) || len(w.graph.Asked()) != 0 {
		t.Errorf("requests: got %v", w.graph.Asked())
	}
	if diff := cmp.Diff([]message.MediaFile{{State: message.Failed, Reason: message.Lost}}, w.fileStates(t)); diff != "" {
		t.Error(diff)
	}
}

func TestHandle_MessageInBucket(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.graph.AddMedium(graph.Medium{ID: "1", Type: "image/png", Data: picture})
	whole := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.Messenger, at, "m_1"), CustomerID: w.customer, Channel: message.Messenger,
		Direction: message.Inbound, Kind: message.Image, ProviderID: "m_1", Customer: jan, SentAt: at, Text: "the whole text",
		Attachments: []message.Attachment{{Kind: message.Image, URL: w.origin + "/cdn/1?" + strings.Repeat("x", 2000)}},
	}
	data, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.handler.Blobs.PutFrom(t.Context(), "c/x/m/1.json", "application/json", bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	preview := whole
	preview.Attachments = []message.Attachment{{Kind: message.Image, URL: whole.Attachments[0].URL[:100]}}
	if _, err := w.table.Messages.Put(t.Context(), preview, "c/x/m/1.json"); err != nil {
		t.Fatal(err)
	}
	w.enqueueJob(t, message.Job{Customer: w.customer, Message: whole.ID})
	if !w.handleOnce(t) || w.fileStates(t)[0].State != message.Stored {
		t.Errorf("files: got %+v", w.fileStates(t))
	}
}

func TestHandle_NoCustomerDataInLog(t *testing.T) { // not parallel: it replaces the default logger
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(old)
	w := newFixture(t)
	w.storeMessage(t, message.Messenger,
		message.Attachment{Kind: message.Image, URL: "http://127.0.0.1:1/secret-address", Name: "secret-name.png"},
		message.Attachment{Kind: message.Image, URL: "https://user:secret-password@example.com/secret-path"},
		message.Attachment{Kind: message.Image, URL: ":secret"},
		message.Attachment{Kind: message.Image, URL: w.origin + "/cdn/secret-id"})
	w.graph.Fail("/cdn/secret-id", &graph.Fault{Status: 500})
	w.handler = w.newHandler(t, w.origin, "http://127.0.0.1:1")
	if w.handleOnce(t) {
		t.Fatal("the job is done, want a failure")
	}
	if log.Len() == 0 || strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "wamid") || strings.Contains(log.String(), "31970") {
		t.Errorf("log: got %s, want an entry without customer data", log.String())
	}
}
