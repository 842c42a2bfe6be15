package mail

import (
	"bytes"
	"encoding/json"
	netmail "net/mail"
	"strings"
	"time"
)

// maxNoticeHeaders is how much of a mail's header SES puts into what it says of the mail, in bytes.
const maxNoticeHeaders = 10 << 10

type (
	status struct {
		Status string `json:"status"`
	}
	field struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// notice returns what SES publishes of a mail that it stored.
func (s *Server) notice(id string, e envelope, stamped []byte, at time.Time) ([]byte, error) {
	v := verdictsOf(headerOf(stamped))
	policy := ""
	if upper(v.dmarc) == "FAIL" {
		policy = "none"
	}
	headers, truncated := noticeHeaders(headerOf(stamped))
	return json.Marshal(map[string]any{
		"notificationType": "Received",
		"mail": map[string]any{
			"timestamp": stampTime(at), "source": e.from, "messageId": id, "destination": e.to,
			"headersTruncated": truncated, "headers": headers, "commonHeaders": commonHeaders(stamped, e.from),
		},
		"receipt": map[string]any{
			"timestamp": stampTime(at), "processingTimeMillis": 1, "recipients": e.to,
			"spamVerdict": status{upper(v.spam)}, "virusVerdict": status{upper(v.virus)}, "spfVerdict": status{upper(v.spf)},
			"dkimVerdict": status{upper(v.dkim)}, "dmarcVerdict": status{upper(v.dmarc)}, "dmarcPolicy": policy,
			"action": map[string]string{
				"type": "S3", "topicArn": s.cfg.Topic, "bucketName": s.cfg.Bucket, "objectKeyPrefix": s.cfg.Prefix, "objectKey": s.cfg.Prefix + id,
			},
		},
	})
}

func stampTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// upper is a verdict as SES's events have it; what is neither a pass nor a fail is gray.
func upper(verdict string) string {
	switch v := strings.ToUpper(verdict); v {
	case "NONE", "NEUTRAL", "SOFTFAIL":
		return "GRAY"
	default:
		return v
	}
}

func noticeHeaders(header []byte) (fields []field, truncated bool) {
	if truncated = len(header) > maxNoticeHeaders; truncated {
		header = header[:maxNoticeHeaders]
	}
	for line := range bytes.Lines(header) {
		line = bytes.TrimRight(line, "\r\n")
		if len(fields) > 0 && len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			fields[len(fields)-1].Value += " " + strings.TrimSpace(string(line))
			continue
		}
		if name, value, ok := strings.Cut(string(line), ":"); ok {
			fields = append(fields, field{name, strings.TrimSpace(value)})
		}
	}
	return fields, truncated
}

func commonHeaders(stamped []byte, from string) map[string]any {
	common := map[string]any{"returnPath": from}
	m, err := netmail.ReadMessage(bytes.NewReader(stamped))
	if err != nil {
		return common
	}
	for key, name := range map[string]string{"messageId": "Message-ID", "date": "Date", "subject": "Subject"} {
		if v := m.Header.Get(name); v != "" {
			common[key] = v
		}
	}
	for _, name := range []string{"From", "To", "Cc"} {
		if v := m.Header.Get(name); v != "" {
			common[strings.ToLower(name)] = []string{v}
		}
	}
	return common
}
