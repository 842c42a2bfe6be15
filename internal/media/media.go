// Package media asks platforms in the background for what their webhooks leave
// out: the files of a message and the names of people.
//
// A message is stored first, and never waits for its files; what becomes of
// them is an effect on it. A job may come twice and in any order: a file lies
// under a key made of its message, and one that is stored stays stored.
//
// Platforms block those who ask again at once. What may succeed later is shown
// by the queue after a delay that doubles from half a minute to six hours, for
// as long as the platform keeps files; then it has failed, with the reason.
//
// The addresses of files come out of webhooks, so that they are somebody
// else's words: see [Client].
package media

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// A Store knows the messages and keeps what became of their files.
// [store.Table] is one.
type Store interface {
	Message(ctx context.Context, c identity.CustomerID, id contact.ID) (contact.Entry, error)
	PutEffect(ctx context.Context, c identity.CustomerID, e contact.Effect) (changed bool, err error)
	Alias(ctx context.Context, key string) (identity.Address, identity.CustomerID, error)
	PutName(ctx context.Context, c identity.CustomerID, name string) error
	Hash(parts ...string) string
}

// A Blobs keeps files, and the whole of messages that are too large for the
// table. [blob.Bucket] is one.
type Blobs interface {
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	PutFrom(ctx context.Context, key, contentType string, r io.ReadSeeker, size int64) error
	Name() string
}

// A Social copies what AWS End User Messaging Social has of a message to a
// bucket. [social.Client] is one, and says by which faults it refuses.
type Social interface {
	Copy(ctx context.Context, number, media, bucket, key string, limit int64) (contentType string, err error)
}

// A Queue shows a message again later. [queue.Queue] is one.
type Queue interface {
	Delay(ctx context.Context, receipt string, d time.Duration) error
}

// A Token holds the access tokens to a channel: "accessToken", and
// "accessToken:<account>" for a page or number that has one of its own.
// [secret.Secret] is one.
type Token interface {
	Value(ctx context.Context, name string) (string, error)
	Refresh(ctx context.Context) (bool, error)
}

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Handler does jobs.
type Handler struct {
	Store  Store
	Blobs  Blobs
	Queue  Queue
	Tokens map[contact.Channel]Token
	Client *Client
	Graph  string // the Graph API with its version: "https://graph.facebook.com/v24.0"
	Social Social // has the files of what it handed on
	Meter  Meter
	Now    func() time.Time

	mu          sync.Mutex
	pausedUntil map[contact.Channel]time.Time // until when a channel is left alone
}

// What is kept of a file, and how long is tried.
const (
	maxFile      = 100 << 20          // what WhatsApp allows a document
	maxWhole     = 8 << 20            // of a message that lies in the bucket
	keptFor      = 7 * 24 * time.Hour // by the platforms
	maxTime      = 60 * time.Second   // for one file
	reportMargin = 5 * time.Second    // before the end of the invocation, to say what became of the job
)

// Handle does the jobs of a batch. One that has to be done again is shown by
// the queue after a while.
func (h *Handler) Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return batch.Queue(ctx, ev, func(ctx context.Context, m events.SQSMessage) error {
		try, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
		if err != nil {
			try = 1
		}
		wait, err := h.runJob(ctx, m.Body, try)
		if err == nil {
			return nil
		}
		if derr := h.Queue.Delay(ctx, m.ReceiptHandle, max(wait, retryDelay(try))); derr != nil {
			slog.WarnContext(ctx, "job not delayed", "err", derr) // the queue shows it all the same
		}
		return err
	}), nil
}

// Delays between tries.
const (
	firstDelay = 30 * time.Second
	lastDelay  = 6 * time.Hour
)

// delay returns how long is waited after a try.
func retryDelay(try int) time.Duration {
	return min(firstDelay<<min(try-1, 16), lastDelay)
}

// do does one job. Wait is how long the platform wants to be left alone after
// an error.
func (h *Handler) runJob(ctx context.Context, body string, try int) (wait time.Duration, err error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-reportMargin))
		defer cancel()
	}
	var job contact.Job
	if err := json.Unmarshal([]byte(body), &job); err != nil || (job.Message == "") == (job.Alias == "") {
		return 0, fault.New(fault.Invalid, "not a job")
	}
	if job.Alias != "" {
		return h.fetchName(ctx, job.Alias, try)
	}
	return h.fetchFiles(ctx, job, try)
}

// files fetches the files of a message that are not there yet. A message that
// is gone needs none.
func (h *Handler) fetchFiles(ctx context.Context, job contact.Job, try int) (wait time.Duration, err error) {
	m, state, err := h.loadMessage(ctx, job)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	counts := map[string]int{}
	for i := range state.Files {
		if state.Files[i].State != contact.Pending || i >= len(m.Attachments) {
			continue
		}
		w, ferr := h.fetchAndRecord(ctx, m, i, try, counts)
		wait = max(wait, w)
		err = cmp.Or(err, ferr)
	}
	if len(counts) > 0 {
		h.Meter.Count("Channel", string(m.Channel), counts)
	}
	return wait, err
}

// message returns a message, whole, and what is known of its files.
func (h *Handler) loadMessage(ctx context.Context, job contact.Job) (contact.Message, contact.State, error) {
	e, err := h.Store.Message(ctx, job.Customer, job.Message)
	if err != nil {
		return contact.Message{}, contact.State{}, err
	}
	m := e.Message
	if e.Whole != "" {
		data, err := h.Blobs.Get(ctx, e.Whole, maxWhole)
		if err != nil {
			return m, contact.State{}, err
		}
		if err := json.Unmarshal(data, &m); err != nil {
			return m, contact.State{}, fault.New(fault.Internal, "a whole message cannot be read")
		}
	}
	var state contact.State
	if e.State != nil {
		state = *e.State
	}
	state.Expect(m)
	return m, state, nil
}

// file fetches one attachment, and records what became of it unless it may
// still succeed.
func (h *Handler) fetchAndRecord(ctx context.Context, m contact.Message, i, try int, counts map[string]int) (time.Duration, error) {
	f, err := h.copyToBucket(ctx, m, i)
	r, refused := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		counts["Fetched"]++
	case !refused:
		return 0, err // ours, not the platform's
	case !r.isFinal(try) && h.Now().Sub(cmp.Or(m.ReceivedAt, m.SentAt)) < keptFor:
		counts["Delayed"]++
		return h.recordRefusal(m.Channel, r), r
	default:
		counts["Failed"]++
		f = contact.MediaFile{State: contact.Failed, Reason: r.reason}
	}
	_, err = h.Store.PutEffect(ctx, m.CustomerID, contact.Effect{
		Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: contact.Media, At: h.Now(), Index: i, File: &f,
	})
	return 0, err
}

// Pauses after which a platform is asked again by anybody here.
const (
	unauthorizedPause = 5 * time.Minute
	throttledPause    = time.Minute
)

// report notes what concerns more than one file: that the platform refuses
// our token, or that we ask too much. It returns how long to leave it alone.
func (h *Handler) recordRefusal(ch contact.Channel, r *refusal) time.Duration {
	wait := r.wait
	switch {
	case r.unauthorized:
		h.Meter.Count("", "", map[string]int{"Unauthorized": 1})
		wait = max(wait, unauthorizedPause)
	case r.throttled:
		wait = max(wait, throttledPause)
	default:
		return wait
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pausedUntil == nil {
		h.pausedUntil = map[contact.Channel]time.Time{}
	}
	if until := h.Now().Add(wait); until.After(h.pausedUntil[ch]) {
		h.pausedUntil[ch] = until
	}
	return wait
}

// paused returns a refusal while a channel is left alone.
func (h *Handler) pauseRefusal(ch contact.Channel) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if left := h.pausedUntil[ch].Sub(h.Now()); left > 0 {
		return &refusal{reason: contact.Unavailable, wait: left}
	}
	return nil
}

// token returns the access token to one of our accounts of a channel: its own,
// "accessToken:<account>", or the one of all, "accessToken".
func (h *Handler) accessToken(ctx context.Context, ch contact.Channel, account string) (string, error) {
	if err := h.pauseRefusal(ch); err != nil {
		return "", err
	}
	t, ok := h.Tokens[ch]
	if !ok {
		return "", fault.New(fault.Internal, "no access token to %s", ch)
	}
	for _, name := range [...]string{"accessToken:" + account, "accessToken"} {
		token, err := t.Value(ctx, name)
		if err == nil || fault.KindOf(err) != fault.Internal {
			return token, err
		}
	}
	return "", errNoToken
}

// errNoToken is that the operator has not set an access token.
var errNoToken = &refusal{reason: contact.Refused, unauthorized: true, detail: "no access token is set"}

// fetch copies one attachment to the bucket.
func (h *Handler) copyToBucket(ctx context.Context, m contact.Message, i int) (contact.MediaFile, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	a := m.Attachments[i]
	f := contact.MediaFile{State: contact.Stored, Key: m.FileKey(h.Store.Hash("message", string(m.ID)), strconv.Itoa(i))}
	got, err := h.downloadFile(ctx, m, a, f.Key)
	if err != nil {
		return contact.MediaFile{}, err
	}
	defer got.closeFile()
	f.Size = got.size
	f.SHA256 = got.sha256
	f.Type = detectType(got.head, cmp.Or(got.typ, a.Type), a.Name)
	f.Name = safeFileName(a, f.Type)
	return f, h.Blobs.PutFrom(ctx, f.Key, f.Type, got.file, got.size)
}

// get fetches an attachment, which is to lie under key, from who has it.
func (h *Handler) downloadFile(ctx context.Context, m contact.Message, a contact.Attachment, key string) (*download, error) {
	if m.Via != "" {
		return h.downloadFromAWS(ctx, m, a, key)
	}
	from, err := h.locateFile(ctx, m, a)
	if err != nil {
		return nil, err
	}
	got, err := h.Client.download(ctx, from)
	h.refreshToken(ctx, m.Channel, err)
	return got, err
}

// handedOn fetches what AWS End User Messaging Social has: AWS copies it to
// the bucket, whence it is read to be checked.
func (h *Handler) downloadFromAWS(ctx context.Context, m contact.Message, a contact.Attachment, key string) (*download, error) {
	if err := h.pauseRefusal(m.Channel); err != nil {
		return nil, err
	}
	if !isUsableID(a.Ref) {
		return nil, errNoID
	}
	typ, err := h.Social.Copy(ctx, m.Via, a.Ref, h.Blobs.Name(), key, maxFile)
	if err != nil {
		return nil, refusalFromFault(err)
	}
	body, err := h.Blobs.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // read only
	return saveFile(body, typ, a.SHA256)
}

// locate returns where an attachment is. WhatsApp tells that by the id, anew
// for each try, since the address is good for five minutes.
func (h *Handler) locateFile(ctx context.Context, m contact.Message, a contact.Attachment) (fileSource, error) {
	if m.Channel != contact.WhatsApp {
		return fileSource{url: a.URL}, nil
	}
	token, err := h.accessToken(ctx, m.Channel, m.Account)
	if err != nil {
		return fileSource{}, err
	}
	from, err := h.queryMedium(ctx, a.Ref, m.Account, token)
	h.refreshToken(ctx, m.Channel, err)
	from.sha256 = cmp.Or(from.sha256, a.SHA256)
	return from, err
}

// refresh reads a token anew that the platform refused, for the next try.
func (h *Handler) refreshToken(ctx context.Context, ch contact.Channel, err error) {
	r, ok := errors.AsType[*refusal](err)
	if !ok || !r.unauthorized || h.Tokens[ch] == nil {
		return
	}
	if _, err := h.Tokens[ch].Refresh(ctx); err != nil {
		slog.WarnContext(ctx, "token not read anew", "err", err)
	}
}

// nameTries is how often a name is asked for. It is a nicety: a platform that
// does not tell it for a quarter of an hour is not asked again, and one to which
// there is no token is not asked at all.
const nameTries = 6

// name asks for the name behind an alias. Whatever fails, nothing else does.
func (h *Handler) fetchName(ctx context.Context, key string, try int) (wait time.Duration, err error) {
	alias, customer, err := h.Store.Alias(ctx, key)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ch := contact.Messenger
	if alias.Kind == identity.IGSID {
		ch = contact.Instagram
	}
	token, err := h.accessToken(ctx, ch, alias.Scope)
	if err == nil {
		var name string
		if name, err = h.queryName(ctx, alias.Alias, token); err == nil && name != "" {
			err = h.Store.PutName(ctx, customer, name)
		}
		h.refreshToken(ctx, ch, err)
	}
	r, refused := errors.AsType[*refusal](err)
	if !refused {
		return 0, err
	}
	unset := errors.Is(err, errNoToken)
	if !unset {
		wait = h.recordRefusal(ch, r)
	}
	if unset || r.isFinal(1) || try >= nameTries {
		h.Meter.Count("Channel", string(ch), map[string]int{"NoName": 1})
		return 0, nil
	}
	return wait, r
}
