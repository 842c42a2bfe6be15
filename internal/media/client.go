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

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

// userAgent identifies us. Meta's media servers refuse requests without one.
const userAgent = "Heard/1.0 (+https://github.com/heard-intake/heard)"

// A Client sends requests to the hosts of platforms only. It uses https on
// port 443 of a host in its list, also after redirects. It connects to public
// addresses only, and checks them at the moment of connecting, because a name
// may resolve to another address after a check. It uses no proxy, and sends a
// token only to the host for which it is meant.
type Client struct {
	names    map[string]bool // allowed hosts
	suffixes []string        // ".example.com" allows all its subdomains
	origins  map[string]bool // allowed local servers, such as "http://127.0.0.1:8088"
	local    map[string]bool // addresses of origins
	http     *http.Client
}

// NewClient returns a client for hosts. "graph.example.com" allows that host,
// ".example.com" all its subdomains. "http://127.0.0.1:8088" allows a local
// server, without the other rules.
func NewClient(hosts []string) (*Client, error) {
	c := &Client{names: map[string]bool{}, origins: map[string]bool{}, local: map[string]bool{}}
	for _, h := range hosts {
		switch {
		case strings.Contains(h, "://"):
			u, err := url.Parse(h)
			if err != nil || !isLocalOrigin(u) {
				return nil, fault.New(fault.Invalid, "media hosts: %q must be a host, or a scheme, IP address and port", h)
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
			DisableCompression:     true, // compression would change lengths and checksums
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

// isLocalOrigin reports whether u is a scheme, an IP address and a port.
func isLocalOrigin(u *url.URL) bool {
	return net.ParseIP(u.Hostname()) != nil && u.Port() != "" && u.Path == ""
}

const maxRedirects = 3

// Refusals of addresses. errPrivate depends on a DNS answer, which may be a
// temporary mistake, so it is not final at once.
var (
	errBlocked = &refusal{reason: message.Blocked, finalAfter: firstTry, detail: "address not allowed"}
	errPrivate = &refusal{reason: message.Blocked, finalAfter: afterMinutes, detail: "not a public address"}
)

// checkURL returns nil if u is an address of a platform.
func (c *Client) checkURL(u *url.URL) error {
	if u.User != nil || u.Opaque != "" {
		return errBlocked
	}
	if c.origins[u.Scheme+"://"+u.Host] {
		return nil
	}
	host := strings.ToLower(u.Hostname())
	if u.Scheme != "https" || (u.Port() != "" && u.Port() != "443") {
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

// checkConnection refuses a connection to an address that is not public.
func (c *Client) checkConnection(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return errPrivate
	}
	if c.local[address] || (isPublic(to.Addr()) && to.Port() == 443) {
		return nil
	}
	return errPrivate
}

// reservedNetworks are networks outside the public internet that netip does
// not report.
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

// isPublic reports whether a is an address on the public internet.
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

// sendRequest sends a GET request to a platform. Its error is a [refusal]
// without the address, which contains ids of customers.
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
		req.Header.Set("Authorization", "Bearer "+token) // net/http removes it when redirected to another host
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

// describeFailure returns the part of a connection error that may be logged.
func describeFailure(err error) string {
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
		return "timeout"
	}
	return "no response"
}

// A fileSource is the address of a file, with what the platform says about it.
type fileSource struct {
	url    string
	token  string
	typ    string
	sha256 string // hexadecimal
	size   int64
}

// A download is a file that was fetched whole. It is in a temporary file
// without a name, which disappears with the process.
type download struct {
	file   *os.File
	size   int64
	sha256 string
	head   []byte // first bytes of the file
	typ    string // media type that the server gave
}

func (d *download) closeFile() { _ = d.file.Close() }

// download fetches a file of at most maxFile bytes, and checks it.
func (c *Client) download(ctx context.Context, from fileSource) (*download, error) {
	tooLarge := &refusal{reason: message.TooLarge, finalAfter: firstTry}
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

// saveFile writes a file of at most maxFile bytes to a temporary file. It
// checks the checksum unless sha256 is empty.
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
	if d.size == 0 || (sha256 != "" && d.sha256 != sha256) {
		d.closeFile()
		return nil, &refusal{reason: message.Damaged, finalAfter: afterMinutes}
	}
	return d, nil
}

// unnamedFile returns a temporary file without a name.
func unnamedFile() (*os.File, error) {
	f, err := os.CreateTemp("", "media-*")
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "create temporary file")
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fault.Wrap(fault.Internal, err, "remove name of temporary file"), f.Close())
	}
	return f, nil
}

func (d *download) readFrom(body io.Reader) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(d.file, sum), io.LimitReader(body, maxFile+1))
	if w, ok := errors.AsType[*os.PathError](err); ok {
		return fault.Wrap(fault.Unavailable, w, "write temporary file")
	}
	switch {
	case err != nil:
		return newUnavailable(fmt.Sprintf("the response was cut off after %d bytes", n))
	case n > maxFile:
		return &refusal{reason: message.TooLarge, finalAfter: firstTry}
	}
	d.size = n
	d.sha256 = hex.EncodeToString(sum.Sum(nil))
	d.head = make([]byte, min(n, headLen))
	if _, err := d.file.ReadAt(d.head, 0); err != nil {
		return fault.Wrap(fault.Unavailable, err, "read temporary file")
	}
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return fault.Wrap(fault.Unavailable, err, "read temporary file")
	}
	return nil
}
