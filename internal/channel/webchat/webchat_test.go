package webchat_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

const visitor = "01991234-5678-7abc-8def-0123456789ab"

// uuidAt returns a UUIDv7 with this time.
func uuidAt(at time.Time) string {
	u := uuid.MustParse("00000000-0000-7abc-8def-0123456789ab")
	for i := range 6 {
		u[i] = byte(at.UnixMilli() >> (8 * (5 - i)))
	}
	return u.String()
}

// body returns the JSON of a posted message.
func body(t testing.TB, members map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestNormalize_Golden(t *testing.T) {
	t.Parallel()
	normalize := func(b []byte) (message.Delivery, error) { return webchat.Normalize(site, visitor, b, now) }
	channeltest.Golden(t, "testdata", ".json", normalize)
}

func TestNormalize_SentTwice(t *testing.T) {
	t.Parallel()
	first, err := webchat.Normalize(site, visitor, body(t, map[string]any{"id": uuidAt(now), "text": "hoi"}), now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := webchat.Normalize(site, visitor, body(t, map[string]any{"id": strings.ToUpper(uuidAt(now)), "text": "hoi"}), now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("second delivery (-first +second):\n%s", diff)
	}
	if want := message.NewID(message.WebChat, now, uuidAt(now)); first.Messages[0].ID != want {
		t.Errorf("id %s, want %s", first.Messages[0].ID, want)
	}
}

func TestNormalize_Time(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		off time.Duration
		ok  bool
	}{
		"now":                          {0, true},
		"two minutes ahead":            {2 * time.Minute, true},
		"two minutes and a tick ahead": {2*time.Minute + time.Millisecond, false},
		"a year ahead":                 {365 * 24 * time.Hour, false},
		"a day old":                    {-24 * time.Hour, true},
		"a day and a tick old":         {-24*time.Hour - time.Millisecond, false},
		"the year 1970":                {-now.Sub(time.UnixMilli(1)), false},
		"the last time of a UUID":      {time.UnixMilli(1<<48 - 1).Sub(now), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := now.Add(tt.off)
			d, err := webchat.Normalize(site, visitor, body(t, map[string]any{"id": uuidAt(at), "text": "hoi"}), now)
			if tt.ok {
				if err != nil || !d.Messages[0].SentAt.Equal(at) {
					t.Errorf("got %+v, %v; want a message at %s", d, err, at)
				}
				return
			}
			if !fault.Is(err, fault.Invalid) || d.Elements() != 0 {
				t.Errorf("got %+v, %v; want %s", d, err, fault.Invalid)
			}
		})
	}
}

func TestNormalize_Refused(t *testing.T) {
	t.Parallel()
	id := uuidAt(now)
	post := func(members map[string]any) []byte { return body(t, members) }
	tests := map[string]struct {
		body []byte
		kind fault.Kind
		says string
	}{
		"nothing":                   {nil, fault.Invalid, "body"},
		"not JSON":                  {[]byte("hoi"), fault.Invalid, "body"},
		"a list":                    {[]byte("[]"), fault.Invalid, "body"},
		"null":                      {[]byte("null"), fault.Invalid, "text"},
		"two values":                {append(post(map[string]any{"id": id, "text": "hoi"}), '1'), fault.Invalid, "body"},
		"deeply nested":             {[]byte(strings.Repeat("[", 60_000)), fault.Invalid, "body"},
		"a body too large":          {bytes.Repeat([]byte(" "), webchat.MaxBody+1), fault.TooLarge, "body"},
		"a text too long":           {post(map[string]any{"id": id, "text": strings.Repeat("é", webchat.MaxText/2+1)}), fault.TooLarge, "text"},
		"no text":                   {post(map[string]any{"id": id}), fault.Invalid, "text"},
		"a blank text":              {post(map[string]any{"id": id, "text": " \n\u0000"}), fault.Invalid, "text"},
		"a text that is a number":   {post(map[string]any{"id": id, "text": 7}), fault.Invalid, "body"},
		"no id":                     {post(map[string]any{"text": "hoi"}), fault.Invalid, "id"},
		"an id that is a number":    {post(map[string]any{"id": 7, "text": "hoi"}), fault.Invalid, "body"},
		"a random UUID":             {post(map[string]any{"id": uuid.NewString(), "text": "hoi"}), fault.Invalid, "UUIDv7"},
		"a UUID without dashes":     {post(map[string]any{"id": strings.ReplaceAll(id, "-", ""), "text": "hoi"}), fault.Invalid, "UUIDv7"},
		"a UUID in braces":          {post(map[string]any{"id": "{" + id + "}", "text": "hoi"}), fault.Invalid, "UUIDv7"},
		"a UUID of another variant": {post(map[string]any{"id": strings.Replace(id, "-8def-", "-cdef-", 1), "text": "hoi"}), fault.Invalid, "UUIDv7"},
		"replyTo too long":          {post(map[string]any{"id": id, "text": "hoi", "replyTo": strings.Repeat("x", 201)}), fault.Invalid, "replyTo"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := webchat.Normalize(site, visitor, tt.body, now)
			if fault.KindOf(err) != tt.kind || !strings.Contains(fault.Message(err), tt.says) || d.Elements() != 0 {
				t.Errorf("got %+v, %v; want %s with %q in its message", d, err, tt.kind, tt.says)
			}
		})
	}
}

func TestNormalize_LongestText(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("é", webchat.MaxText/2)
	d, err := webchat.Normalize(site, visitor, body(t, map[string]any{"id": uuidAt(now), "text": text}), now)
	if err != nil || d.Messages[0].Text != text {
		t.Errorf("got %d messages, %v; want one with the whole text", len(d.Messages), err)
	}
}

func TestNormalize_NoVisitor(t *testing.T) {
	t.Parallel()
	if _, err := webchat.Normalize(site, "", body(t, map[string]any{"id": uuidAt(now), "text": "hoi"}), now); !fault.Is(err, fault.Invalid) {
		t.Errorf("got error %v, want %s", err, fault.Invalid)
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add(fmt.Appendf(nil, `{"id":%q,"text":"hoi\ud83d\u0000","replyTo":"1"}`, uuidAt(now)))
	f.Add([]byte("{\"id\":\"" + uuidAt(now) + "\",\"text\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := webchat.Normalize(site, visitor, b, now)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.TooLarge {
				t.Errorf("got %v of kind %s, want %s or %s", err, kind, fault.Invalid, fault.TooLarge)
			}
			return
		}
		channeltest.Check(t, d)
	})
}

func BenchmarkNormalize(b *testing.B) {
	normalize := func(b []byte) (message.Delivery, error) { return webchat.Normalize(site, visitor, b, now) }
	channeltest.Bench(b, normalize, [][]byte{body(b, map[string]any{"id": uuidAt(now), "text": strings.Repeat("Waar blijft mijn pakket? ", 20)})})
}
