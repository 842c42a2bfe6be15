package email_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/email/bounce"
)

// corpus is a folder of real mails with expected results. Tests skip without it.
const corpus = "../../../../shared/corpus/email"

// mails returns the corpus's files below dir, by name.
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

func TestNormalize_Corpus(t *testing.T) {
	t.Parallel()
	for name, raw := range mails(t, ".") {
		if strings.HasPrefix(name, "expected") || strings.HasPrefix(name, "aws_events") {
			continue
		}
		d, p, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		if err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
			continue
		}
		m := d.Messages[0]
		if strings.TrimSpace(m.Text) == "" && len(m.Attachments) == 0 && m.Mark == "" {
			t.Errorf("%s: got neither text nor a mark, want one", name)
		}
		if p.Quarantine != "" {
			t.Errorf("%s: got quarantine %q, want none", name, p.Quarantine)
		}
		again, _, _ := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		a, _ := json.Marshal(d)
		b, _ := json.Marshal(again)
		if string(a) != string(b) {
			t.Errorf("%s: got another message when it was normalized again", name)
		}
		for _, file := range m.Attachments {
			if _, ok := p.FileContent(file.Ref); !ok {
				t.Errorf("%s: got no content of attachment %s", name, file.Ref)
			}
		}
	}
}

// bounceVerdict is the expected result for one recipient of a bounce.
type bounceVerdict struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	Hard   bool   `json:"hardbounce"`
}

// bounceVerdicts returns the expected results by file.
func bounceVerdicts(t testing.TB) map[string][]bounceVerdict {
	raw, err := os.ReadFile(filepath.Join(corpus, "expected/sisimai.json"))
	if err != nil {
		t.Skip("no corpus")
	}
	var all map[string][]bounceVerdict
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNormalize_CorpusBounces(t *testing.T) {
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
		t.Errorf("recognized %d of %d bounces, want 97%%", recognized, len(all))
	}
}

func TestNormalize_CorpusStatuses(t *testing.T) {
	t.Parallel()
	var total, right, reasons int
	for name, want := range bounceVerdicts(t) {
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
		t.Errorf("got %d of %d statuses right, want 92%%", right, total)
	}
}

// TestNormalize_CorpusHardBounces compares the reports that stop our answers with
// the expected ones. The corpus knows that some networks say "user unknown" for
// other reasons; their reports do not show it.
func TestNormalize_CorpusHardBounces(t *testing.T) {
	t.Parallel()
	var right, wrong, missed int
	for name, want := range bounceVerdicts(t) {
		raw, err := os.ReadFile(filepath.Join(corpus, name))
		if err != nil {
			t.Fatal(err)
		}
		_, p, _ := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		isHard := slices.ContainsFunc(want, func(w bounceVerdict) bool { return w.Hard })
		switch got := len(p.HardBounces) > 0; {
		case got && isHard:
			right++
		case got:
			wrong++
			t.Logf("%s: got hard, want %+v", name, want)
		case isHard:
			missed++
		}
	}
	t.Logf("hard bounces: %d right, %d wrong, %d missed", right, wrong, missed)
	if wrong > 12 || right < 70 {
		t.Errorf("hard bounces: got %d right and %d wrong, want at least 70 and at most 12", right, wrong)
	}
}

// TestNormalize_CorpusPeople reads corpora of people's mails. Files of other mails
// say so in their names, and are left out.
func TestNormalize_CorpusPeople(t *testing.T) {
	t.Parallel()
	machine := regexp.MustCompile(`auto_reply|bounce`)
	var flagged, total int
	for _, dir := range []string{"chatwoot", "talon", "enmime", "sisimai/not"} {
		for name, raw := range mails(t, dir) {
			if machine.MatchString(name) {
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
		t.Errorf("flagged %d of %d mails of people, want at most 2%%", flagged, total)
	}
}

// TestNormalize_CorpusReplies compares the text with the expected reply. In two of
// these mails the corpus keeps the text below a reply, and drops it in others; we
// always drop it.
func TestNormalize_CorpusReplies(t *testing.T) {
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
	var right, total int
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
		t.Errorf("got %d of %d replies right, want at least 10", right, total)
	}
}
