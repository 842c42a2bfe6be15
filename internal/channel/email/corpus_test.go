package email_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/email/bounce"
)

const corpus = "../../../../shared/corpus/email"

// mails returns the corpus's files below dir.
func mails(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(filepath.Join(corpus, dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(corpus, path)
		found[name], err = os.ReadFile(path)
		return err
	})
	if err != nil || len(found) == 0 {
		t.Skip("no corpus")
	}
	return found
}

func TestEveryMailOfTheCorpusBecomesAMessage(t *testing.T) {
	t.Parallel()
	for name, raw := range mails(t, ".") {
		if strings.HasPrefix(name, "expected") || strings.HasPrefix(name, "aws_events") {
			continue
		}
		d, p, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := d.Messages[0]
		if strings.TrimSpace(m.Text) == "" && len(m.Attachments) == 0 && m.Mark == "" {
			t.Errorf("%s: neither text nor a mark", name)
		}
		if p.Quarantine != "" {
			t.Errorf("%s: %s", name, p.Quarantine)
		}
		again, _, _ := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		a, _ := json.Marshal(d)
		b, _ := json.Marshal(again)
		if string(a) != string(b) {
			t.Errorf("%s: another message at the second reading", name)
		}
		for _, file := range m.Attachments {
			if _, ok := p.FileContent(file.Ref); !ok {
				t.Errorf("%s: attachment %s cannot be had", name, file.Ref)
			}
		}
	}
}

type verdict struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	Hard   bool   `json:"hardbounce"`
}

func verdicts(t testing.TB) map[string][]verdict {
	raw, err := os.ReadFile(filepath.Join(corpus, "expected/sisimai.json"))
	if err != nil {
		t.Skip("no corpus")
	}
	var all map[string][]verdict
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBouncesOfTheCorpusAreRecognized(t *testing.T) {
	t.Parallel()
	all := mails(t, "sisimai/bsd")
	recognized := 0
	for name, raw := range all {
		d, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		if err != nil {
			t.Fatal(name, err)
		}
		if m := d.Messages[0]; m.Automated != "" && m.Passive {
			recognized++
		} else {
			t.Logf("missed %s: %s", name, m.Subject)
		}
	}
	t.Logf("recognized %d of %d", recognized, len(all))
	if recognized*100 < len(all)*97 {
		t.Errorf("recognized %d of %d", recognized, len(all))
	}
}

func TestStatusesOfTheCorpusAreFound(t *testing.T) {
	t.Parallel()
	total, right, reasons := 0, 0, 0
	for name, want := range verdicts(t) {
		raw, err := os.ReadFile(filepath.Join(corpus, name))
		if err != nil {
			t.Fatal(err)
		}
		_, p, _ := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		var got []bounce.Recipient
		if p.Report != nil {
			got = p.Report.Recipients
		}
		left := append([]bounce.Recipient(nil), got...)
		for _, w := range want {
			total++
			found := false
			for i, r := range left {
				if r.Status == w.Status {
					left = append(left[:i], left[i+1:]...)
					right++
					found = true
					if r.Reason == w.Reason {
						reasons++
					}
					break
				}
			}
			if !found && w.Status == "" {
				right++
				found = true
			}
			if !found {
				t.Logf("%s: want %s %s, got %+v", name, w.Status, w.Reason, got)
			}
		}
	}
	t.Logf("statuses: %d of %d, with the reason too: %d", right, total, reasons)
	if right*100 < total*92 {
		t.Errorf("statuses: %d of %d", right, total)
	}
}

// Mails of these corpora are people's, but for those that say otherwise.
func TestOrdinaryMailIsNotTakenForAMachines(t *testing.T) {
	t.Parallel()
	says := regexp.MustCompile(`auto_reply|bounce`)
	flagged, total := 0, 0
	for _, dir := range []string{"chatwoot", "talon", "enmime", "sisimai/not"} {
		for name, raw := range mails(t, dir) {
			if says.MatchString(name) {
				continue
			}
			total++
			d, _, _ := email.Normalize(raw, email.Envelope{})
			if m := d.Messages[0]; m.Automated != "" {
				flagged++
				t.Logf("flagged %s as %s", name, m.Automated)
			}
		}
	}
	t.Logf("flagged %d of %d", flagged, total)
	if flagged*100 > total*2 {
		t.Errorf("flagged %d of %d", flagged, total)
	}
}

// The corpus wants what stands under a reply kept in two of these mails, and
// dropped in others: we drop it.
func TestRepliesInMailsOfTheCorpus(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(corpus, "expected/reply.json"))
	if err != nil {
		t.Skip("no corpus")
	}
	var all []struct {
		File   string `json:"file"`
		Expect string `json:"expect"`
		MIME   bool   `json:"is_mime"`
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	right, total := 0, 0
	for _, e := range all {
		if !e.MIME {
			continue
		}
		total++
		mail, err := os.ReadFile(filepath.Join(corpus, e.File))
		if err != nil {
			t.Fatal(err)
		}
		d, _, _ := email.Normalize(mail, email.Envelope{})
		if got := d.Messages[0].Text; got == e.Expect {
			right++
		} else {
			t.Logf("%s: got %q, want %q", e.File, got, e.Expect)
		}
	}
	t.Logf("%d of %d", right, total)
	if right < 10 {
		t.Errorf("%d of %d", right, total)
	}
}
