package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

// Limits of a message in the table. The rest of a larger message is in S3,
// where a put costs as much as 8 write units.
const (
	maxInlineBytes  = 8 << 10
	maxPreviewBytes = 1 << 10
	maxAttachments  = 100 // attachments are listed in the item alone, so as many as a mail may have
	maxReferences   = 20
)

// storeMessage stores m in the table and reports whether it is new. A message
// above maxInlineBytes is stored whole in S3 first, and in the table as a
// preview that names the object.
func (ing *Ingester) storeMessage(ctx context.Context, m message.Message) (created bool, err error) {
	if inlineSize(m) <= maxInlineBytes {
		return ing.Store.Messages.Put(ctx, m, "")
	}
	data, err := json.Marshal(m)
	if err != nil {
		return false, fault.Wrap(fault.Invalid, err, "encode message")
	}
	key := fmt.Sprintf("c/%s/m/%s.json", m.CustomerID, ing.Store.Messages.Hash("message", string(m.ID)))
	if err := ing.Blobs.Put(ctx, key, "application/json", data); err != nil {
		return false, fmt.Errorf("store a long message: %w", err)
	}
	return ing.Store.Messages.Put(ctx, previewOf(m), key)
}

// inlineSize estimates the bytes that m takes in the table.
func inlineSize(m message.Message) int {
	n := len(m.Text) + len(m.FullText) + len(m.Subject) + len(m.Data) + len(m.Raw) + len(m.Payload)
	for _, a := range m.Attachments {
		n += 64 + len(a.Ref) + len(a.URL) + len(a.Name) + len(a.CID)
	}
	if m.ReplyTo != nil {
		for _, r := range m.ReplyTo.References {
			n += len(r)
		}
	}
	return n
}

// previewOf returns the part of m that lists show, for the table. The whole
// message is in S3.
func previewOf(m message.Message) message.Message {
	m.Text = message.Cut(m.Text, maxPreviewBytes)
	m.Payload = message.Cut(m.Payload, maxPreviewBytes)
	m.FullText = ""
	m.Data = nil
	m.Raw = nil
	if len(m.Attachments) > maxAttachments {
		m.Attachments = m.Attachments[:maxAttachments]
	}
	for i := range m.Attachments {
		m.Attachments[i].URL = message.Cut(m.Attachments[i].URL, maxPreviewBytes)
	}
	if m.ReplyTo != nil && len(m.ReplyTo.References) > maxReferences {
		r := *m.ReplyTo
		r.References = r.References[len(r.References)-maxReferences:]
		m.ReplyTo = &r
	}
	return m
}

// storeMailFiles stores the attachments and the HTML of a mail in S3, and
// notes their sizes in m. It must run before m is stored, so that a history
// never names a missing file. It does nothing if mail is nil.
func (ing *Ingester) storeMailFiles(ctx context.Context, m *message.Message, mail *ParsedMail) error {
	if mail == nil || mail.File == nil {
		return nil
	}
	hash := ing.Store.Messages.Hash("message", string(m.ID))
	m.Attachments = slices.Clone(m.Attachments) // shared with the messages of other mailboxes
	for i := range m.Attachments {
		a := &m.Attachments[i]
		data, ok := mail.File(a.Ref)
		if !ok {
			continue
		}
		if err := ing.Blobs.Put(ctx, m.FileKey(hash, strconv.Itoa(i)), cmp.Or(a.Type, "application/octet-stream"), data); err != nil {
			return fmt.Errorf("store attachment %d: %w", i, err)
		}
		sum := sha256.Sum256(data)
		a.Size = int64(len(data))
		a.SHA256 = hex.EncodeToString(sum[:])
	}
	page := mail.Page()
	if page == "" {
		return nil
	}
	m.Page = int64(len(page))
	if err := ing.Blobs.Put(ctx, m.FileKey(hash, message.PageFile), message.PageType, []byte(page)); err != nil {
		return fmt.Errorf("store the HTML of a mail: %w", err)
	}
	return nil
}
