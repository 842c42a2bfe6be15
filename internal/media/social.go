package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// Social is AWS End User Messaging Social, as far as we ask it: for the files
// of WhatsApp messages that it handed on. It fetches them from Meta and copies
// them to a bucket, in which the caller may write. One operation is not worth
// a module of the SDK; the SDK signs it.
//
// See GetWhatsAppMessageMedia in its API reference.
type Social struct {
	Config   aws.Config
	Endpoint string // empty is that of the region
}

// A wanted is a request of GetWhatsAppMessageMedia.
type wanted struct {
	Number   string    `json:"originationPhoneNumberId"`
	Media    string    `json:"mediaId"`
	Metadata bool      `json:"metadataOnly,omitempty"`
	To       *s3Object `json:"destinationS3File,omitempty"`
}

type s3Object struct {
	Bucket string `json:"bucketName"`
	Key    string `json:"key"`
}

// A given is its answer.
type given struct {
	Type string `json:"mimeType"`
	Size int64  `json:"fileSize"` // kilobytes
}

// Copy copies a file to the bucket, unless it is too large, and returns its
// media type as WhatsApp says it. Number is the ARN of ours to which the file
// was sent.
func (s *Social) Copy(ctx context.Context, number, media, bucket, key string) (string, error) {
	if !usable(media) {
		return "", &refusal{reason: contact.Lost, tries: atOnce, detail: "no usable id"}
	}
	ask := wanted{Number: numberID(number), Media: media, Metadata: true}
	about, err := s.ask(ctx, ask)
	if err != nil {
		return "", err
	}
	if about.Size > maxFile>>10 {
		return "", &refusal{reason: contact.TooLarge, tries: atOnce}
	}
	ask.Metadata, ask.To = false, &s3Object{bucket, key}
	got, err := s.ask(ctx, ask)
	return got.Type, err
}

// numberID returns the id in an ARN, as the service writes ids:
// "arn:aws:social-messaging:eu-west-1:1:phone-number-id/0a1b" is
// "phone-number-id-0a1b".
func numberID(arn string) string {
	return strings.ReplaceAll(arn[strings.LastIndexByte(arn, ':')+1:], "/", "-")
}

func (s *Social) ask(ctx context.Context, w wanted) (given, error) {
	req, err := s.request(ctx, w)
	if err != nil {
		return given{}, err
	}
	resp, err := s.Config.HTTPClient.Do(req)
	if err != nil {
		return given{}, unavailable(network(err))
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	if resp.StatusCode != http.StatusOK {
		return given{}, byStatus(resp, true)
	}
	var g given
	if json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&g) != nil {
		return given{}, unavailable("an answer that is not JSON")
	}
	return g, nil
}

// request returns the signed request.
func (s *Social) request(ctx context.Context, w wanted) (*http.Request, error) {
	body, err := json.Marshal(w)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode request")
	}
	endpoint := s.Endpoint
	if endpoint == "" {
		endpoint = "https://social-messaging." + s.Config.Region + ".amazonaws.com"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/v1/whatsapp/media/get", bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "make request")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	keys, err := s.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "get credentials")
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, keys, req, hex.EncodeToString(sum[:]), "social-messaging", s.Config.Region, time.Now()); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "sign request")
	}
	return req, nil
}
