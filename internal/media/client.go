package media

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// userAgent is who we say we are; Meta's media servers refuse those who say
// nothing.
const userAgent = "Heard/1.0 (+https://github.com/heard-intake/heard)"

// A Client asks the hosts of platforms, and nobody else. It goes by https to
// port 443 of a host on its list, however it was sent there, and only to public
// addresses, which it checks when it connects: what a name means may change
// between a check and its use. It uses no proxy, and tells a token to nobody
// but the host that it is for.
type Client struct {
	names    map[string]bool // hosts
	suffixes []string        // ".example.com": every host below it
	origins  map[string]bool // "http://127.0.0.1:8088": a server on this machine
	local    map[string]bool // the addresses of origins
	http     *http.Client
}

// NewClient returns a client for hosts: "graph.example.com" is that host,
// ".example.com" every one below it, and "http://127.0.0.1:8088" a server of
// one's own, for which no rule holds.
func NewClient(hosts []string) (*Client, error) {
	c := &Client{names: map[string]bool{}, origins: map[string]bool{}, local: map[string]bool{}}
	for _, h := range hosts {
		switch {
		case strings.Contains(h, "://"):
			u, err := url.Parse(h)
			if err != nil || net.ParseIP(u.Hostname()) == nil || u.Port() == "" || u.Path != "" {
				return nil, fault.New(fault.Invalid, "media hosts: %q is no scheme, address and port", h)
			}
			c.origins[u.Scheme+"://"+u.Host] = true
			c.local[u.Host] = true
		case strings.HasPrefix(h, "."):
			c.suffixes = append(c.suffixes, strings.ToLower(h))
		default:
			c.names[strings.ToLower(h)] = true
		}
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: c.checkConnection}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  10 * time.Second,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // lengths and checksums are those of the file
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errBlocked
			}
			return c.checkURL(req.URL)
		},
	}
	return c, nil
}

const maxRedirects = 3

// Addresses that are not the platform's: by what they say, and by where their
// name leads, which may be a resolver's passing mistake.
var (
	errBlocked = &refusal{reason: contact.Blocked, tries: firstTry, detail: "address not allowed"}
	errPrivate = &refusal{reason: contact.Blocked, tries: afterMinutes, detail: "not on the internet"}
)

// check reports whether u is an address of a platform.
func (c *Client) checkURL(u *url.URL) error {
	if u.User != nil || u.Opaque != "" {
		return errBlocked
	}
	if c.origins[u.Scheme+"://"+u.Host] {
		return nil
	}
	host := strings.ToLower(u.Hostname())
	if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return errBlocked
	}
	if c.names[host] {
		return nil
	}
	for _, s := range c.suffixes {
		if strings.HasSuffix(host, s) && len(host) > len(s) {
			return nil
		}
	}
	return errBlocked
}

// control refuses a connection that is not to a public address.
func (c *Client) checkConnection(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err == nil && (c.local[address] || isPublic(to.Addr()) && to.Port() == 443) {
		return nil
	}
	return errPrivate
}

// reserved are the networks that are not the internet's, beside those that
// netip knows.
var reservedNetworks = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),        // IPv4 in another form
	netip.MustParsePrefix("64:ff9b::/96"), // the same, by NAT64
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), // Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4
	netip.MustParsePrefix("fec0::/10"),
}

// public reports whether an address is one of the internet.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, p := range reservedNetworks {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// get asks for an address of a platform. Its error is a [refusal], which says
// nothing of the address: that holds ids of people.
func (c *Client) sendRequest(ctx context.Context, address, token string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errBlocked
	}
	if err := c.checkURL(req.URL); err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token) // not sent on to another host
	}
	resp, err := c.http.Do(req)
	if err == nil {
		return resp, nil
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return nil, r
	}
	return nil, newUnavailable(describeFailure(err))
}

// network says of a failed connection what may be logged.
func describeFailure(err error) string {
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
		return "time-out"
	}
	return "no answer"
}

// A source is where a file is, and what the platform says of it.
type fileSource struct {
	url    string
	token  string
	typ    string
	sha256 string // hexadecimal
	size   int64
}

// A download is a file that was fetched whole. It lies in a temporary file
// without a name, so that it is gone with the process.
type download struct {
	file   *os.File
	size   int64
	sha256 string
	head   []byte // its first bytes
	typ    string // as whoever serves it says
}

func (d *download) closeFile() { _ = d.file.Close() }

// download fetches a file of at most maxFile bytes, and checks it.
func (c *Client) download(ctx context.Context, from fileSource) (*download, error) {
	tooLarge := &refusal{reason: contact.TooLarge, tries: firstTry}
	if from.size > maxFile {
		return nil, tooLarge
	}
	resp, err := c.sendRequest(ctx, from.url, from.token)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	switch {
	case resp.StatusCode != http.StatusOK:
		return nil, refusalFromStatus(resp, from.token != "")
	case resp.ContentLength > maxFile:
		return nil, tooLarge
	}
	return saveFile(resp.Body, cmp.Or(from.typ, resp.Header.Get("Content-Type")), from.sha256)
}

// save keeps a file of at most maxFile bytes, and checks it.
func saveFile(body io.Reader, typ, sha256 string) (*download, error) {
	file, err := unnamedFile()
	if err != nil {
		return nil, err
	}
	d := &download{file: file, typ: typ}
	if err := d.readFrom(body); err != nil {
		d.closeFile()
		return nil, err
	}
	if d.size == 0 || sha256 != "" && d.sha256 != sha256 {
		d.closeFile()
		return nil, &refusal{reason: contact.Damaged, tries: afterMinutes}
	}
	return d, nil
}

// temporary returns a file without a name.
func unnamedFile() (*os.File, error) {
	f, err := os.CreateTemp("", "media-*")
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "make a temporary file")
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fault.Wrap(fault.Internal, err, "unname a temporary file"), f.Close())
	}
	return f, nil
}

func (d *download) readFrom(body io.Reader) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(d.file, sum), io.LimitReader(body, maxFile+1))
	if w, ok := errors.AsType[*os.PathError](err); ok {
		return fault.Wrap(fault.Unavailable, w, "write a temporary file")
	}
	switch {
	case err != nil:
		return newUnavailable(fmt.Sprintf("broke off after %d bytes", n))
	case n > maxFile:
		return &refusal{reason: contact.TooLarge, tries: firstTry}
	}
	d.size = n
	d.sha256 = hex.EncodeToString(sum.Sum(nil))
	d.head = make([]byte, min(n, headLen))
	if _, err := d.file.ReadAt(d.head, 0); err != nil {
		return fault.Wrap(fault.Unavailable, err, "read a temporary file")
	}
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return fault.Wrap(fault.Unavailable, err, "read a temporary file")
	}
	return nil
}
