package meta_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/fault"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	body := []byte(`{"object":"page","text":"\u00e4 \/ \u0040"}`)
	good := meta.Sign(body, "s3cret")
	tests := []struct {
		name      string
		body      string
		signature string
		secrets   []string
		want      fault.Kind // "" if it verifies
	}{
		{"current secret", string(body), good, []string{"s3cret"}, ""},
		{"previous secret", string(body), good, []string{"new", "s3cret"}, ""},
		{"upper-case hex", string(body), "sha256=" + strings.ToUpper(good[7:]), []string{"s3cret"}, ""},
		{"other secret", string(body), good, []string{"other"}, fault.Unauthorized},
		{"other body", `{"object":"Page"}`, good, []string{"s3cret"}, fault.Unauthorized},
		{"same JSON in another encoding", `{"object":"page","text":"ä / @"}`, good, []string{"s3cret"}, fault.Unauthorized},
		{"missing signature", string(body), "", []string{"s3cret"}, fault.Unauthorized},
		{"SHA-1 scheme", string(body), "sha1=" + good[7:], []string{"s3cret"}, fault.Unauthorized},
		{"invalid hex", string(body), "sha256=zz", []string{"s3cret"}, fault.Unauthorized},
		{"truncated signature", string(body), good[:20], []string{"s3cret"}, fault.Unauthorized},
		{"no secret configured", string(body), good, nil, fault.Internal},
		{"empty secret configured", string(body), meta.Sign(body, ""), []string{""}, fault.Internal},
		{"empty previous secret configured", string(body), meta.Sign(body, ""), []string{"s3cret", ""}, fault.Internal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := meta.Verify([]byte(tt.body), tt.signature, tt.secrets...)
			if tt.want == "" {
				if err != nil {
					t.Fatalf("Verify: got %v, want nil", err)
				}
				return
			}
			if !fault.Is(err, tt.want) {
				t.Fatalf("Verify: got %v, want kind %s", err, tt.want)
			}
		})
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		query  map[string]string
		tokens []string
		want   string
		kind   fault.Kind
	}{
		{"current token", map[string]string{"hub.mode": "subscribe", "hub.verify_token": "tok", "hub.challenge": "1158201444"}, []string{"tok"}, "1158201444", ""},
		{"previous token", map[string]string{"hub.mode": "subscribe", "hub.verify_token": "old", "hub.challenge": "7"}, []string{"tok", "old"}, "7", ""},
		{"other token", map[string]string{"hub.mode": "subscribe", "hub.verify_token": "x", "hub.challenge": "7"}, []string{"tok"}, "", fault.Forbidden},
		{"no token, empty token configured", map[string]string{"hub.mode": "subscribe"}, []string{""}, "", fault.Forbidden},
		{"hub.mode missing", map[string]string{"hub.verify_token": "tok"}, []string{"tok"}, "", fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := meta.Challenge(tt.query, tt.tokens...)
			if got != tt.want || (err != nil) != (tt.kind != "") || err != nil && fault.KindOf(err) != tt.kind {
				t.Fatalf("Challenge: got %q, %v, want %q and kind %q", got, err, tt.want, tt.kind)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("{}"), "sha256=00", "s")
	f.Add([]byte(""), "", "")
	f.Fuzz(func(t *testing.T, body []byte, signature, secret string) {
		err := meta.Verify(body, signature, secret)
		if err == nil && !strings.EqualFold(signature, meta.Sign(body, secret)) {
			t.Errorf("Verify(%q, %q, %q): got nil, want an error", body, signature, secret)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	body := make([]byte, 4<<10)
	signature := meta.Sign(body, "s3cret")
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := meta.Verify(body, signature, "s3cret"); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleVerify() {
	err := meta.Verify([]byte("{}"), "sha256=00", "s3cret")
	fmt.Println(fault.KindOf(err), err)
	// Output: unauthorized webhook: wrong signature
}
