// Package messageview shows stored messages in the answers of the APIs. It
// loads what the table does not hold, adds links to files, and cuts a page
// where an answer would be too large for Lambda.
//
// The table holds a message of more than 8 KB as a preview, the beginning of
// its text. The whole message is a JSON object in the bucket. [Render] shows
// the whole message, except in two cases, in which the message has the member
// preview:
//
//		{"id":"1772366400000#email#…","text":"The first 2,000 bytes …","preview":true}
//
//	  - The object is gone, because it was erased or has expired.
//	  - The message alone is larger than [MaxBytes].
package messageview

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"mime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/message"
)

// MaxBytes bounds the messages of one answer. A Lambda response has at most
// 6 MB, in which a body can need two bytes for one: it is a JSON text in a
// string of another.
const MaxBytes = 2_500_000

// A Message is a stored message as an answer shows it.
type Message struct {
	message.Entry
	Preview bool `json:"preview,omitempty"` // the text is only the beginning
}

// A Page is the part of some entries that fits in one answer.
type Page struct {
	Messages []json.RawMessage
	Entries  int    // how many entries the page covers, those included that show left out
	Sum      []byte // hash of the messages without their links, which differ on each request
}

// loadBatch is how many whole messages are loaded at a time.
const loadBatch = 16

// Render shows entries in their order, as many as fit in one answer and at
// least one. Show returns the value that a message becomes as JSON, or nil to
// leave the message out.
func Render(ctx context.Context, blobs *blob.Bucket, entries []message.Entry, show func(Message) any) (Page, error) {
	page := Page{Messages: make([]json.RawMessage, 0, len(entries))}
	size := 0
	sum := sha256.New()
	for len(entries) > 0 {
		chunk := entries[:min(loadBatch, len(entries))]
		entries = entries[len(chunk):]
		messages, err := Load(ctx, blobs, chunk)
		if err != nil {
			return page, err
		}
		for i, m := range messages {
			if show(m) == nil {
				page.Entries++
				continue
			}
			data, err := httpapi.EncodeJSON(show(m))
			if err == nil && len(data) > MaxBytes {
				m = Message{Entry: chunk[i], Preview: true}
				data, err = httpapi.EncodeJSON(show(m))
			}
			sum.Write(data)
			if err == nil && hasStoredFiles(m.State) {
				if err = AddLinks(ctx, blobs, m.State); err == nil {
					data, err = httpapi.EncodeJSON(show(m))
				}
			}
			if err != nil {
				return page, err
			}
			size += len(data)
			if size > MaxBytes && len(page.Messages) > 0 {
				page.Sum = sum.Sum(nil)
				return page, nil
			}
			page.Messages = append(page.Messages, data)
			page.Entries++
		}
	}
	page.Sum = sum.Sum(nil)
	return page, nil
}

// Load returns the messages of entries, whole, in the same order.
func Load(ctx context.Context, blobs *blob.Bucket, entries []message.Entry) ([]Message, error) {
	messages := make([]Message, len(entries))
	errs := make([]error, len(entries))
	var wg sync.WaitGroup
	for i, e := range entries {
		messages[i] = Message{Entry: e}
		if e.Whole != "" {
			wg.Go(func() { messages[i], errs[i] = loadWhole(ctx, blobs, e) })
		}
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return messages, nil
}

// loadWhole returns the whole message of a preview, and the preview itself if
// the object is gone or too large.
func loadWhole(ctx context.Context, blobs *blob.Bucket, e message.Entry) (Message, error) {
	data, err := blobs.Get(ctx, e.Whole, MaxBytes)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.TooLarge:
		return Message{Entry: e, Preview: true}, nil
	default:
		if err != nil {
			return Message{}, err
		}
	}
	var m message.Message
	if err := json.Unmarshal(data, &m); err != nil || m.ID != e.ID {
		return Message{}, fault.New(fault.Internal, "a whole message differs from its preview")
	}
	return Message{Entry: message.Entry{Message: m, State: e.State}}, nil
}

// linkLifetime is how long a link to a file works.
const linkLifetime = 15 * time.Minute

// hasStoredFiles reports whether a message has files in the bucket.
func hasStoredFiles(s *message.State) bool {
	return s != nil && slices.ContainsFunc(s.Files, func(f message.MediaFile) bool { return f.Key != "" })
}

// AddLinks sets the URL of each stored file of a message, its HTML page
// included. A nil state has no files.
func AddLinks(ctx context.Context, blobs *blob.Bucket, s *message.State) error {
	if s == nil {
		return nil
	}
	files := make([]*message.MediaFile, 0, len(s.Files)+1)
	for i := range s.Files {
		files = append(files, &s.Files[i])
	}
	if s.Page != nil {
		files = append(files, s.Page)
	}
	for _, f := range files {
		if f.Key == "" {
			continue
		}
		var err error
		if f.URL, err = blobs.Link(ctx, f.Key, f.Type, contentDisposition(*f), linkLifetime); err != nil {
			return err
		}
	}
	return nil
}

// inlineTypes begin the types of files that a browser may show. Another file
// could be a page with a script in it, so it is downloaded.
var inlineTypes = []string{"image/", "audio/", "video/", "application/pdf", "text/plain"}

// contentDisposition returns the Content-Disposition of a file.
func contentDisposition(f message.MediaFile) string {
	disposition := "attachment"
	isInline := slices.ContainsFunc(inlineTypes, func(prefix string) bool { return strings.HasPrefix(f.Type, prefix) })
	if isInline && !strings.Contains(f.Type, "xml") {
		disposition = "inline"
	}
	return mime.FormatMediaType(disposition, map[string]string{"filename": f.Name})
}
