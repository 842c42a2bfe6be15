package media_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/media"
	"github.com/heard-intake/heard/internal/message"
)

// platform has hosts of the deployed stack, and two names that resolve to this
// machine.
var platform = []string{"graph.facebook.com", ".fbsbx.com", ".fbcdn.net", "localhost", "metadata.localhost"}

// An attacker who can put an address into a webhook must not reach other
// servers.
func TestClient_BlockedAddresses(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	inside := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(inside, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, url string }{
		{"instance metadata", "http://169.254.169.254/latest/meta-data/"},
		{"instance metadata by https", "https://169.254.169.254/latest/meta-data/"},
		{"container credentials", "http://169.254.170.2/v2/credentials"},
		{"Lambda Runtime API", "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next"},
		{"a server on this machine", inside + "/x"},
		{"a server on this machine by name", "http://localhost:" + port + "/x"},
		{"allowed name that resolves to this machine", "https://localhost/x"},
		{"allowed name with another port", "https://localhost:" + port + "/x"},
		{"this machine in IPv6", "https://[::1]/x"},
		{"this machine as IPv4 in IPv6", "https://[::ffff:127.0.0.1]/x"},
		{"this machine as one number", "https://2130706433/x"},
		{"this machine in octal", "https://0177.0.0.1/x"},
		{"no host", "https:///x"},
		{"another host", "https://example.com/x"},
		{"platform's host as a prefix", "https://lookaside.fbsbx.com.example.com/x"},
		{"platform's host as a suffix", "https://evilfbsbx.com/x"},
		{"the suffix itself", "https://.fbsbx.com/x"},
		{"the platform's host with a dot", "https://lookaside.fbsbx.com./x"},
		{"platform's host as the user", "https://lookaside.fbsbx.com@example.com/x"},
		{"a user at the platform", "https://user:password@lookaside.fbsbx.com/x"},
		{"a backslash", `https://lookaside.fbsbx.com\@example.com/x`},
		{"a line break", "https://lookaside.fbsbx.com/x\r\nHost: example.com"},
		{"platform's host without encryption", "http://lookaside.fbsbx.com/x"},
		{"a file", "file:///etc/passwd"},
		{"another protocol", "gopher://lookaside.fbsbx.com/x"},
		{"an opaque address", "https:lookaside.fbsbx.com/x"},
		{"a path alone", "/etc/passwd"},
		{"invalid address", "::"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := media.NewClient(platform)
			if err != nil {
				t.Fatal(err)
			}
			if reason := media.RefusalReason(t.Context(), c, tt.url); reason != message.Blocked {
				t.Errorf("reason: got %q, want %q", reason, message.Blocked)
			}
		})
	}
	t.Cleanup(func() {
		if len(asked) > 0 {
			t.Errorf("a server on this machine got a request for %s", <-asked)
		}
	})
}

func TestClient_BlockedRedirects(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	inside := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	for name, to := range map[string]string{
		"instance metadata":                          "http://169.254.169.254/latest/meta-data/",
		"other server on this machine":               inside + "/x",
		"allowed name that resolves to this machine": "https://localhost/x",
		"platform's host without encryption":         "http://lookaside.fbsbx.com/x",
		"other host":                                 "//example.com/x",
		"file":                                       "file:///etc/passwd",
		"user at the platform's host":                "https://a:b@lookaside.fbsbx.com/x",
		"endless redirect":                           "/again",
		"invalid address":                            "http://[::bad/x",
		"endless redirect with a query":              "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if to == "" {
				to = "/again?"
			}
			origin := serve(t, http.RedirectHandler(to, http.StatusFound))
			c, err := media.NewClient(append([]string{origin}, platform...))
			if err != nil {
				t.Fatal(err)
			}
			if reason := media.RefusalReason(t.Context(), c, origin+"/x"); reason != message.Blocked && reason != message.Unavailable {
				t.Errorf("reason: got %q, want %q or %q", reason, message.Blocked, message.Unavailable)
			}
		})
	}
	t.Cleanup(func() {
		if len(asked) > 0 {
			t.Errorf("a server on this machine got a request for %s", <-asked)
		}
	})
}

func TestClient_TokenAfterRedirect(t *testing.T) {
	t.Parallel()
	tokens := make(chan string, 2)
	note := func(w http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("Authorization")
	}
	other := serve(t, http.HandlerFunc(note))
	// A second address, so that the redirect leads to another host.
	l, err := net.Listen("tcp4", "127.0.0.2:0")
	if err != nil {
		t.Skip("this machine has no second address of its own")
	}
	first := httptest.NewUnstartedServer(http.RedirectHandler(other+"/x", http.StatusFound))
	first.Listener = l
	first.Start()
	t.Cleanup(first.Close)
	c, err := media.NewClient([]string{other, first.URL})
	if err != nil {
		t.Fatal(err)
	}
	if reason := media.RefusalReason(t.Context(), c, first.URL+"/x"); reason != "" {
		t.Fatal(reason)
	}
	if got := <-tokens; got != "" {
		t.Errorf("token at the other host: got %q, want none", got)
	}
}

func TestNewClient_InvalidHosts(t *testing.T) {
	t.Parallel()
	for _, h := range []string{"http://localhost:80", "http://127.0.0.1", "http://127.0.0.1:1/x", "https://example.com", "://"} {
		if _, err := media.NewClient([]string{h}); err == nil {
			t.Errorf("NewClient(%s): got no error, want one", h)
		}
	}
}

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"157.240.1.1": true, "2a03:2880:f10c::1": true, "8.8.8.8": true,
		"127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "0.1.2.3": false, "100.64.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false, "64:ff9b::a9fe:a9fe": false, "2002:7f00:1::": false,
	} {
		if got := media.IsPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("IsPublic(%s): got %v, want %v", address, got, want)
		}
	}
}

// FuzzAddress checks that each address is refused or is on a host of the
// platform.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"https://lookaside.fbsbx.com/x", "https://a@b.fbcdn.net", "http://127.0.0.1:80", "https://LOOKASIDE.FBSBX.COM:443/", "https:\\\\x"} {
		f.Add(s)
	}
	c, err := media.NewClient([]string{".fbsbx.com", ".fbcdn.net"})
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no request is sent
	f.Fuzz(func(t *testing.T, s string) {
		if media.RefusalReason(ctx, c, s) == message.Blocked {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s, nil)
		if err != nil {
			t.Fatalf("the invalid address %q was allowed", s)
		}
		host := strings.ToLower(req.URL.Hostname())
		if req.URL.Scheme != "https" || !strings.HasSuffix(host, ".fbsbx.com") && !strings.HasSuffix(host, ".fbcdn.net") {
			t.Fatalf("%q was allowed", s)
		}
	})
}
