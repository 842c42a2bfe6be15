package mail

import (
	"bytes"
	"encoding/json"
	netmail "net/mail"
	"strings"
	"time"
)

// maxNoticeHeaders is the limit of the headers in a notification, in bytes. SES truncates longer ones.
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

// buildNotice returns the JSON notification that SES publishes about a stored mail.
func (s *Server) buildNotice(id string, e envelope, stamped []byte, at time.Time) ([]byte, error) {
	v := parseVerdicts(headerBlock(stamped))
	policy := ""
	if eventVerdict(v.dmarc) == "FAIL" {
		policy = "none"
	}
	headers, truncated := noticeHeaders(headerBlock(stamped))
	return json.Marshal(map[string]any{
		"notificationType": "Received",
		"mail": map[string]any{
			"timestamp": formatNoticeTime(at), "source": e.from, "messageId": id, "destination": e.to,
			"headersTruncated": truncated, "headers": headers, "commonHeaders": commonHeaders(stamped, e.from),
		},
		"receipt": map[string]any{
			"timestamp": formatNoticeTime(at), "processingTimeMillis": 1, "recipients": e.to,
			"spamVerdict": status{eventVerdict(v.spam)}, "virusVerdict": status{eventVerdict(v.virus)}, "spfVerdict": status{eventVerdict(v.spf)},
			"dkimVerdict": status{eventVerdict(v.dkim)}, "dmarcVerdict": status{eventVerdict(v.dmarc)}, "dmarcPolicy": policy,
			"action": map[string]string{
				"type": "S3", "topicArn": s.cfg.Topic, "bucketName": s.cfg.Bucket, "objectKeyPrefix": s.cfg.Prefix, "objectKey": s.cfg.Prefix + id,
			},
		},
	})
}

func formatNoticeTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// eventVerdict returns a verdict as it is in SES's notifications: PASS or FAIL, and GRAY for none, neutral and softfail.
func eventVerdict(verdict string) string {
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
		continuation := len(line) > 0 && (line[0] == ' ' || line[0] == '\t')
		if continuation && len(fields) > 0 {
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
