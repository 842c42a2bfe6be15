// Package media gets from the platforms, in the background, what their
// webhooks leave out: the files of messages and the names of customers.
//
// A message is stored before its files. The result for each file is an effect
// on the message. Jobs may arrive twice and in any order, because a file's key
// is derived from its message, and a stored file stays stored.
//
// Platforms block clients that retry at once. So a job that may still succeed
// is delayed in the queue, for half a minute at first and for twice as long
// after each try, up to six hours. When the platform no longer has the file,
// the job fails and the effect gives the reason.
//
// The addresses of files come from webhooks and are not trusted; see [Client].
package media

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
)

// A Store has the parts of the table that hold messages and the results for their
// files. [store.Table] has an implementation of each.
type Store struct {
	Messages  Messages
	Customers Customers
}

// Messages are the messages, and the results for their files.
type Messages interface {
	Get(ctx context.Context, c identity.CustomerID, id message.ID) (message.Entry, error)
	PutEffect(ctx context.Context, c identity.CustomerID, e message.Effect) (changed bool, err error)
	Hash(parts ...string) string
}

// Customers are the owners of aliases, and the names to show for them.
type Customers interface {
	AliasByKey(ctx context.Context, key string) (identity.Address, identity.CustomerID, error)
	PutShownName(ctx context.Context, c identity.CustomerID, name string) error
}

// A Blobs stores files, and whole messages that are too large for the table.
// [blob.Bucket] is a Blobs.
type Blobs interface {
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	PutFrom(ctx context.Context, key, contentType string, r io.ReadSeeker, size int64) error
	Name() string
}

// A Social copies a file from AWS End User Messaging Social to a bucket.
// [SocialClient] is a Social and documents the kinds of errors.
type Social interface {
	Copy(ctx context.Context, number, media, bucket, key string, limit int64) (contentType string, err error)
}

// A Queue delays the redelivery of a message. [queue.Queue] is a Queue.
type Queue interface {
	Delay(ctx context.Context, receipt string, d time.Duration) error
}

// A Token has the access tokens of a channel. The name "accessToken" is the
// channel's token, "accessToken:<account>" the token of one page or number.
// [secret.Secret] is a Token.
type Token interface {
	Value(ctx context.Context, name string) (string, error)
	Refresh(ctx context.Context) (bool, error)
}

// A Meter counts metrics. [telemetry.Meter] is a Meter.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Handler runs the jobs in a queue.
type Handler struct {
	Store  Store
	Blobs  Blobs
	Queue  Queue
	Tokens map[message.Channel]Token
	Client *Client
	Graph  string // address of the Graph API with its version: "https://graph.facebook.com/v24.0"
	Social Social // for files of messages that arrived through it
	Meter  Meter
	Now    func() time.Time

	mu          sync.Mutex
	pausedUntil map[message.Channel]time.Time // when each channel may be called again
}

// Limits of one file and one job.
const (
	maxFile        = 100 << 20          // WhatsApp's limit for a document
	maxWhole       = 8 << 20            // of a message that is stored in the bucket
	keptByPlatform = 7 * 24 * time.Hour // how long platforms keep files
	maxFileTime    = 60 * time.Second   // for one file
	resultMargin   = 5 * time.Second    // before the end of the invocation, for recording the result
)

// Handle runs the jobs of a batch. A job that fails is delayed in the queue
// and returned as a failure.
func (h *Handler) Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return lambdabatch.Queue(ctx, ev, func(ctx context.Context, m events.SQSMessage) error {
		try, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
		if err != nil {
			try = 1
		}
		wait, err := h.runJob(ctx, m.Body, try)
		if err == nil {
			return nil
		}
		if derr := h.Queue.Delay(ctx, m.ReceiptHandle, max(wait, retryDelay(try))); derr != nil {
			slog.WarnContext(ctx, "could not delay the job", "err", derr) // the queue redelivers it anyway
		}
		return err
	}), nil
}

// Shortest and longest delay between tries.
const (
	firstDelay = 30 * time.Second
	lastDelay  = 6 * time.Hour
)

// retryDelay returns the delay after a try.
func retryDelay(try int) time.Duration {
	return min(firstDelay<<min(try-1, 16), lastDelay)
}

// runJob runs one job. After an error, wait is the least time for which the
// platform must not be called.
func (h *Handler) runJob(ctx context.Context, body string, try int) (wait time.Duration, err error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-resultMargin))
		defer cancel()
	}
	var job message.Job
	if err := json.Unmarshal([]byte(body), &job); err != nil || (job.Message == "") == (job.Alias == "") {
		return 0, fault.New(fault.Invalid, "the job must name either a message or an alias")
	}
	if job.Alias != "" {
		return h.fetchName(ctx, job.Alias, try)
	}
	return h.fetchFiles(ctx, job, try)
}

// fetchFiles fetches the pending files of a message. It does nothing if the
// message no longer exists.
func (h *Handler) fetchFiles(ctx context.Context, job message.Job, try int) (wait time.Duration, err error) {
	m, state, err := h.loadMessage(ctx, job)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	counts := map[string]int{}
	for i := range state.Files {
		if state.Files[i].State != message.Pending || i >= len(m.Attachments) {
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

// loadMessage returns the whole message and the state of its files.
func (h *Handler) loadMessage(ctx context.Context, job message.Job) (message.Message, message.State, error) {
	e, err := h.Store.Messages.Get(ctx, job.Customer, job.Message)
	if err != nil {
		return message.Message{}, message.State{}, err
	}
	m := e.Message
	if e.Whole != "" {
		data, err := h.Blobs.Get(ctx, e.Whole, maxWhole)
		if err != nil {
			return m, message.State{}, fmt.Errorf("read whole message %s: %w", e.Whole, err)
		}
		if err := json.Unmarshal(data, &m); err != nil {
			return m, message.State{}, fault.New(fault.Internal, "the message in the bucket is not valid JSON")
		}
	}
	var state message.State
	if e.State != nil {
		state = *e.State
	}
	state.Expect(m)
	return m, state, nil
}

// fetchAndRecord fetches one attachment. It records the result, unless a later
// try may succeed.
func (h *Handler) fetchAndRecord(ctx context.Context, m message.Message, i, try int, counts map[string]int) (time.Duration, error) {
	f, err := h.copyToBucket(ctx, m, i)
	r, refused := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		counts["Fetched"]++
	case !refused:
		return 0, fmt.Errorf("copy file %d to the bucket: %w", i, err) // our own failure, not the platform's
	case !r.isFinal(try) && h.Now().Sub(cmp.Or(m.ReceivedAt, m.SentAt)) < keptByPlatform:
		counts["Delayed"]++
		return h.recordRefusal(m.Channel, r), fmt.Errorf("fetch file %d: %w", i, err)
	default:
		counts["Failed"]++
		f = message.MediaFile{State: message.Failed, Reason: r.reason}
	}
	_, err = h.Store.Messages.PutEffect(ctx, m.CustomerID, message.Effect{
		Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: message.Media, At: h.Now(), Index: i, File: &f,
	})
	if err != nil {
		return 0, fmt.Errorf("record the result for file %d: %w", i, err)
	}
	return 0, nil
}

// Pauses during which no job of this function calls the platform.
const (
	unauthorizedPause = 5 * time.Minute
	throttledPause    = time.Minute
)

// recordRefusal pauses the channel after a refusal that concerns more than one
// file: the platform refused our token or throttled us. It returns how long
// not to call the platform.
func (h *Handler) recordRefusal(ch message.Channel, r *refusal) time.Duration {
	wait := r.pauseFor
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
		h.pausedUntil = map[message.Channel]time.Time{}
	}
	if until := h.Now().Add(wait); until.After(h.pausedUntil[ch]) {
		h.pausedUntil[ch] = until
	}
	return wait
}

// pauseRefusal returns a refusal while a channel is paused, else nil.
func (h *Handler) pauseRefusal(ch message.Channel) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if left := h.pausedUntil[ch].Sub(h.Now()); left > 0 {
		return &refusal{reason: message.Unavailable, pauseFor: left}
	}
	return nil
}

// accessToken returns the access token of an account, or else that of its
// channel.
func (h *Handler) accessToken(ctx context.Context, ch message.Channel, account string) (string, error) {
	if err := h.pauseRefusal(ch); err != nil {
		return "", err
	}
	t, ok := h.Tokens[ch]
	if !ok {
		return "", fault.New(fault.Internal, "no access tokens configured for %s", ch)
	}
	for _, name := range [...]string{"accessToken:" + account, "accessToken"} {
		token, err := t.Value(ctx, name)
		if !fault.Is(err, fault.Internal) {
			return token, err
		}
	}
	return "", errNoToken
}

// errNoToken means that the operator has not set an access token.
var errNoToken = &refusal{reason: message.Refused, unauthorized: true, detail: "no access token is set"}

// copyToBucket copies one attachment to the bucket.
func (h *Handler) copyToBucket(ctx context.Context, m message.Message, i int) (message.MediaFile, error) {
	ctx, cancel := context.WithTimeout(ctx, maxFileTime)
	defer cancel()
	a := m.Attachments[i]
	f := message.MediaFile{State: message.Stored, Key: m.FileKey(h.Store.Messages.Hash("message", string(m.ID)), strconv.Itoa(i))}
	got, err := h.downloadFile(ctx, m, a, f.Key)
	if err != nil {
		return message.MediaFile{}, err
	}
	defer got.closeFile()
	f.Size = got.size
	f.SHA256 = got.sha256
	f.Type = detectType(got.head, cmp.Or(got.typ, a.Type), a.Name)
	f.Name = safeFileName(a, f.Type)
	return f, h.Blobs.PutFrom(ctx, f.Key, f.Type, got.file, got.size)
}

// downloadFile fetches an attachment from the platform or from AWS. key is the
// attachment's key in the bucket.
func (h *Handler) downloadFile(ctx context.Context, m message.Message, a message.Attachment, key string) (*download, error) {
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

// downloadFromAWS fetches a file through AWS End User Messaging Social. AWS
// copies it to the bucket, from which it is read to be checked.
func (h *Handler) downloadFromAWS(ctx context.Context, m message.Message, a message.Attachment, key string) (*download, error) {
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
		return nil, fmt.Errorf("read the file that AWS copied: %w", err)
	}
	defer body.Close() //nolint:errcheck // read only
	return saveFile(body, typ, a.SHA256)
}

// locateFile returns the address of an attachment. WhatsApp gives it for an
// id, and it expires after five minutes, so each try asks for it again.
func (h *Handler) locateFile(ctx context.Context, m message.Message, a message.Attachment) (fileSource, error) {
	if m.Channel != message.WhatsApp {
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

// refreshToken reads the tokens of a channel again if err says that the
// platform refused one. The next try uses them.
func (h *Handler) refreshToken(ctx context.Context, ch message.Channel, err error) {
	r, ok := errors.AsType[*refusal](err)
	if !ok || !r.unauthorized || h.Tokens[ch] == nil {
		return
	}
	if _, err := h.Tokens[ch].Refresh(ctx); err != nil {
		slog.WarnContext(ctx, "could not refresh the access token", "err", err)
	}
}
