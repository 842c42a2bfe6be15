package channeltest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A File is one payload of the corpus, with the results that its collectors
// expect.
type File struct {
	Name string // without the folder
	Body []byte
	Want []Item
}

// An Item is an expected element of a payload. Fields that do not apply are
// empty. Time has the format of the payload.
type Item struct {
	Kind      string `json:"kind"`
	Sender    string `json:"sender"`
	Recipient string `json:"recipient"` // Messenger
	Customer  string `json:"customer"`  // Messenger: sender, or recipient of an echo
	BSUID     string `json:"bsuid"`     // WhatsApp
	ID        string `json:"id"`
	Time      string `json:"ts"`
	Text      string `json:"text"`
	Name      string `json:"name"`
}

// Corpus returns the payloads in one folder of the corpus beside the
// repository. Without a corpus it skips the test.
func Corpus(t testing.TB, folder string) []File {
	t.Helper()
	dir := filepath.Join(findRepositoryRoot(t), "..", "shared", "corpus")
	lines, err := os.ReadFile(filepath.Join(dir, "EXPECTED.jsonl"))
	if err != nil {
		t.Skip("the corpus is not beside the repository")
	}
	var files []File
	for line := range bytes.Lines(lines) {
		var entry struct {
			File  string `json:"file"`
			Items []Item `json:"items"`
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(entry.File, folder+"/"); ok {
			body := readTestFile(t, filepath.Join(dir, entry.File))
			files = append(files, File{Name: name, Body: body, Want: entry.Items})
		}
	}
	return files
}

// findRepositoryRoot returns the folder that has go.mod.
func findRepositoryRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("go.mod not found in a parent folder of the test")
	return ""
}

// A Row has the fields of a delivery's element that are compared with the
// corpus.
type Row struct {
	Addresses []string // values of the customer's aliases, main address first
	ID        string   // of a message, or of the target of an effect
	OwnID     string   // of an effect or notice: "id" in its Data
	At        time.Time
	Text      string
	Notice    bool // a notice, which has no text of its own
}

// Rows returns the messages, effects and notices of d, in that order.
func Rows(d message.Delivery) []Row {
	var rows []Row
	for _, m := range d.Messages {
		rows = append(rows, Row{Addresses: aliasValues(m.Addresses()), ID: m.ProviderID, At: m.SentAt, Text: m.Text})
	}
	for _, e := range d.Effects {
		rows = append(rows, Row{
			Addresses: aliasValues(e.Addresses()), ID: e.Target, OwnID: idInData(e.Data), At: e.At, Text: e.Emoji + e.Text,
		})
	}
	for _, n := range d.Notices {
		row := Row{ID: n.ID, OwnID: idInData(n.Data), At: n.At, Notice: true}
		if n.Customer != nil {
			row.Addresses = aliasValues(append([]identity.Address{*n.Customer}, n.Aliases...))
		}
		rows = append(rows, row)
	}
	return rows
}

func idInData(data json.RawMessage) string {
	var own struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(data, &own) // most data has no id
	return own.ID
}

func aliasValues(as []identity.Address) []string {
	var out []string
	for _, a := range as {
		out = append(out, a.Value)
	}
	return out
}

// Differences returns the items of f that match no row of d. An item matches a
// row with the same customer, id, time and text, if it has them. Each row
// matches one item only.
func Differences(f File, d message.Delivery) []Item {
	rows := Rows(d)
	var missing []Item
	for _, item := range f.Want {
		found := -1
		for i, row := range rows {
			if row.matchesItem(item) {
				found = i
				break
			}
		}
		if found < 0 {
			missing = append(missing, item)
			continue
		}
		rows = append(rows[:found], rows[found+1:]...)
	}
	return missing
}

func (r Row) matchesItem(item Item) bool {
	customer := item.Customer
	for _, alternative := range []string{item.Sender, item.BSUID} {
		if customer == "" {
			customer = alternative
		}
	}
	if customer != "" && (len(r.Addresses) == 0 || r.Addresses[0] != customer) {
		return false
	}
	if item.ID != "" && item.ID != r.ID && item.ID != r.OwnID {
		return false
	}
	if n, err := strconv.ParseInt(item.Time, 10, 64); err == nil && r.At.Unix() != n && r.At.UnixMilli() != n {
		return false
	}
	return item.Text == r.Text || r.Notice
}
