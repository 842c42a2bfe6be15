package mail

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// envelope is the SMTP envelope of a mail.
type envelope struct {
	from string // empty for a bounce
	to   []string
	helo string
	ip   string
}

// newObjectID returns 40 random letters and digits, the shape of SES's ids.
func newObjectID() string {
	var b [25]byte
	_, _ = rand.Read(b[:]) // never fails
	return strings.ToLower(base32.HexEncoding.EncodeToString(b[:]))
}

// verdicts are the results of SES's checks of a mail.
type verdicts struct{ spf, dkim, dmarc, spam, virus string }

var (
	fromDomain  = regexp.MustCompile(`(?im)^from:(?:.*\r?\n[ \t])*.*@([a-z0-9.-]*[a-z0-9])`)
	localHeader = regexp.MustCompile(`(?im)^x-heard-local-verdict:(.*)$`)
)

// addHeaders returns the mail with the headers of SES above it.
func (s *Server) addHeaders(id string, e envelope, raw []byte, now time.Time) []byte {
	header := headerBlock(raw)
	v := parseVerdicts(header)
	_, envelopeDomain, _ := strings.Cut(e.from, "@")
	headerDomain := envelopeDomain
	if found := fromDomain.FindSubmatch(header); found != nil {
		headerDomain = strings.ToLower(string(found[1]))
	}
	spf := fmt.Sprintf("%s (spfCheck: %s) client-ip=%s; envelope-from=%s; helo=%s;",
		v.spf, spfReason(v.spf, envelopeDomain, e.ip), e.ip, e.from, e.helo)
	now = now.UTC()

	var out bytes.Buffer
	out.Grow(len(raw) + 2048)
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\r\n", args...) }
	line("Return-Path: <%s>", e.from)
	line("Received: from %s (%s [%s])", e.helo, e.helo, e.ip)
	line(" by %s with SMTP id %s", s.hostName(), id)
	line(" for %s;", e.to[0])
	line(" %s (UTC)", now.Format(time.RFC1123Z))
	line("X-SES-Spam-Verdict: %s", v.spam)
	line("X-SES-Virus-Verdict: %s", v.virus)
	line("Received-SPF: %s", spf)
	line("Authentication-Results: amazonses.com;")
	line(" spf=%s", spf)
	line(" dkim=%s header.i=@%s;", v.dkim, headerDomain)
	line(" dmarc=%s header.from=%s;", v.dmarc, headerDomain)
	line("X-SES-RECEIPT: AEFBQUFBQUFBQUFFbG9jYWw=")
	line("X-SES-DKIM-SIGNATURE: a=rsa-sha256; q=dns/txt; b=bG9jYWw=; c=relaxed/simple; s=local; d=amazonses.com; t=%d; v=1; bh=bG9jYWw=; h=From:To:Cc:Bcc:Subject:Date:Message-ID:MIME-Version:Content-Type:X-SES-RECEIPT;", now.Unix())
	out.Write(raw)
	return out.Bytes()
}

func spfReason(verdict, domain, ip string) string {
	switch verdict {
	case "pass":
		return fmt.Sprintf("domain of %s designates %s as permitted sender", domain, ip)
	case "none":
		return fmt.Sprintf("domain of %s does not designate permitted sender hosts", domain)
	default:
		return fmt.Sprintf("domain of %s does not designate %s as permitted sender", domain, ip)
	}
}

// parseVerdicts reads the verdicts from the X-Heard-Local-Verdict header. The checks that it does not name pass, also for a
// bounce, which has no sender.
func parseVerdicts(header []byte) verdicts {
	v := verdicts{spf: "pass", dkim: "pass", dmarc: "pass", spam: "PASS", virus: "PASS"}
	of := map[string]*string{"spf": &v.spf, "dkim": &v.dkim, "dmarc": &v.dmarc, "spam": &v.spam, "virus": &v.virus}
	found := localHeader.FindSubmatch(header)
	if found == nil {
		return v
	}
	for wish := range strings.SplitSeq(string(found[1]), ";") {
		check, verdict, _ := strings.Cut(strings.TrimSpace(wish), "=")
		if field := of[strings.ToLower(check)]; field != nil {
			*field = verdict
		}
	}
	return v
}

// headerBlock returns the bytes before the first empty line. Without an empty line it returns all bytes.
func headerBlock(raw []byte) []byte {
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if header, _, ok := bytes.Cut(raw, []byte(end)); ok {
			return header
		}
	}
	return raw
}
