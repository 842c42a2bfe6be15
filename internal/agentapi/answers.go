package agentapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
)

// A Mailbox is the address that our mail comes from.
type Mailbox struct {
	Domain  string // that SES sends for; empty if this stack sends no mail
	Default string // local part, for customers who wrote to none of our mailboxes
	Tokens  func(ctx context.Context) (email.Tokens, error)
	Forms   func(address string) bool // whether web forms send from an address; nil means no address
}

// A sendAnswerRequest is an answer for Heard to send.
type sendAnswerRequest struct {
	ID        string          `json:"id"`
	Channel   message.Channel `json:"channel"`
	InReplyTo message.ID      `json:"inReplyTo"`
	Subject   string          `json:"subject"`
	Text      string          `json:"text"`
	HTML      string          `json:"html"`
	Files     []answerFile    `json:"files"`
	Author    string          `json:"author"`
	Contacts  []string        `json:"contacts"` // ids of the contacts that the answer settles
	Automatic bool            `json:"automatic"`
	Force     string          `json:"force"`
}

// An answerFile is a file in an answer.
type answerFile struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Data string `json:"data"` // base64
}

// Limits of an answer. Lambda takes 6 MB in a request, which a body of
// maxAnswerBody fits in.
const (
	maxAnswerBody = 5 << 20   // bytes of the request's body
	maxFiles      = 10        // of one answer
	maxFileBytes  = 3 << 20   // of all files together
	maxHTML       = 256 << 10 // bytes
)

// maxAnswerAge is how old an answer may be, by the time in its id.
const maxAnswerAge = 24 * time.Hour

// sendAnswer stores an answer, which the send function sends later, and
// responds with 202. The files are in the bucket before the message is in the
// table, so that an answer is never sent without them.
func (a *API) sendAnswer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body sendAnswerRequest
	if err := r.DecodeLargeJSON(maxAnswerBody, &body); err != nil {
		return httpapi.Response{}, err
	}
	m, err := a.newAnswer(&body, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	mail, err := attachFiles(&m, body)
	if err != nil {
		return httpapi.Response{}, err
	}
	if err := a.requireAnswerable(ctx, r, m.Author, body.Force); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	rec := a.newRecorder(r, c)
	question, err := a.findQuestion(ctx, c, body, &m)
	if err == nil {
		err = a.addressAnswer(ctx, c, &m, question, rec)
	}
	if err == nil {
		m.Settles, err = a.findSettled(ctx, c, body.Contacts)
	}
	if err != nil {
		return a.showRepeated(ctx, rec, m, addressee{inReplyTo: body.InReplyTo}, err)
	}
	if err := a.requireSendable(ctx, r, m, question, body.Force != ""); err != nil {
		return httpapi.Response{}, err
	}
	if err := a.requireUnusedID(ctx, rec, m); err != nil {
		return httpapi.Response{}, err
	}
	return a.storeMessage(ctx, rec, m, mail, http.StatusAccepted)
}

// newAnswer returns the message of a request, without its customer and files.
// It sets the request's text to that of its HTML if it has none.
func (a *API) newAnswer(body *sendAnswerRequest, r *httpapi.Request) (message.Message, error) {
	m := message.Message{
		Version: message.SchemaVersion, Direction: message.Outbound, Kind: message.Mail, Channel: message.Email, Origin: message.Composed,
	}
	if body.Channel != message.Email {
		return m, fault.New(fault.Invalid, "channel must be email; to record an answer that you sent on another channel, use POST /v1/customers/{id}/messages")
	}
	if a.Mailbox.Domain == "" {
		return m, fault.New(fault.Invalid, "this stack cannot send mail; an operator must set its parameter MailDomain")
	}
	if len(body.HTML) > maxHTML {
		return m, fault.New(fault.TooLarge, "html must have at most %d bytes", maxHTML)
	}
	if _, text := email.OutgoingPage(body.HTML); body.Text == "" {
		body.Text = text
	}
	var err error
	if m.Text, err = httpapi.CleanText("text", body.Text, message.MaxText, true); err != nil {
		return m, err
	}
	if m.Subject, err = httpapi.CleanText("subject", body.Subject, message.MaxSubject, false); err != nil {
		return m, err
	}
	if m.Author, err = httpapi.CleanText("author", body.Author, maxAuthor, false); err != nil {
		return m, err
	}
	if body.Force, err = httpapi.CleanText("force", body.Force, maxReasonBytes, false); err != nil {
		return m, err
	}
	m.Author = cmp.Or(m.Author, r.Caller())
	if m.Data, err = httpapi.EncodeJSON(map[string]string{"sentBy": r.Caller(), "forced": body.Force}); err != nil {
		return m, err
	}
	if body.Automatic {
		m.Automated = "auto-replied"
	}
	return m, setAnswerID(&m, r, body.ID)
}

// setAnswerID sets the id of an answer, a UUIDv7, and the time in it.
func setAnswerID(m *message.Message, r *httpapi.Request, id string) error {
	u, err := uuid.Parse(cmp.Or(id, r.Header.Get("Idempotency-Key")))
	if err != nil || u.Version() != 7 {
		return fault.New(fault.Invalid, "give a UUIDv7, in id or in the header Idempotency-Key; use the same id when you repeat the request")
	}
	m.SentAt = timeOfUUID(u)
	if m.SentAt.After(r.Now.Add(maxLead)) || m.SentAt.Before(r.Now.Add(-maxAnswerAge)) {
		return fault.New(fault.Invalid, "the time in the UUIDv7 must be at most %s in the future and at most %s ago", maxLead, maxAnswerAge)
	}
	m.ProviderID = u.String()
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	return nil
}

// attachFiles adds the files and the HTML page of a request to m. The result
// gives their content to the intake.
func attachFiles(m *message.Message, body sendAnswerRequest) (*ingest.ParsedMail, error) {
	if len(body.Files) > maxFiles {
		return nil, fault.New(fault.Invalid, "an answer must have at most %d files", maxFiles)
	}
	contents := map[string][]byte{}
	total := 0
	for i, f := range body.Files {
		name, typ, err := email.OutgoingFile(f.Name, f.Type)
		if err != nil {
			return nil, fault.New(fault.Invalid, "files[%d]: %s", i, fault.Message(err))
		}
		content, err := base64.StdEncoding.DecodeString(f.Data)
		if err != nil || len(content) == 0 {
			return nil, fault.New(fault.Invalid, "files[%d].data must be the file in base64", i)
		}
		total += len(content)
		if total > maxFileBytes {
			return nil, fault.New(fault.TooLarge, "the files of an answer must have at most %d bytes together", maxFileBytes)
		}
		sum := sha256.Sum256(content)
		ref := strconv.Itoa(i + 1)
		contents[ref] = content
		m.Attachments = append(m.Attachments, message.Attachment{
			Kind: email.OutgoingKind(typ), Ref: ref, Type: typ, Name: name, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
		})
	}
	page, _ := email.OutgoingPage(body.HTML)
	m.Page = int64(len(page))
	return &ingest.ParsedMail{
		File: func(ref string) ([]byte, bool) { content, ok := contents[ref]; return content, ok },
		Page: func() string { return page },
	}, nil
}

// requireUnusedID refuses an answer whose id belongs to another message. It is
// checked before the answer's files replace those of the other message.
func (a *API) requireUnusedID(ctx context.Context, rec *recorder, m message.Message) error {
	if len(m.Attachments) == 0 && m.Page == 0 {
		return nil
	}
	stored, err := a.Store.Messages.Get(ctx, rec.owner, m.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil && !hasSameContent(stored, m) {
		return errOtherMessage
	}
	return nil
}
