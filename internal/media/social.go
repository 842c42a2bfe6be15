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

	"github.com/heard-intake/heard/internal/fault"
)

// A SocialClient fetches the files of WhatsApp messages that arrived through AWS
// End User Messaging Social. The service gets a file from Meta and copies it to a
// bucket in which the caller may write. The client calls one operation,
// GetWhatsAppMessageMedia, in the region of Config, and signs it with the SDK; a
// whole module of the SDK is not worth its size.
type SocialClient struct {
	Config   aws.Config
	Endpoint string // optional; the region's endpoint if empty
}

// maxSocialAnswer limits the part of a response that is read, in bytes.
const maxSocialAnswer = 64 << 10

// A mediaRequest is the request body of GetWhatsAppMessageMedia.
type mediaRequest struct {
	Number   string    `json:"originationPhoneNumberId"`
	Media    string    `json:"mediaId"`
	Metadata bool      `json:"metadataOnly,omitempty"`
	To       *s3Object `json:"destinationS3File,omitempty"`
}

type s3Object struct {
	Bucket string `json:"bucketName"`
	Key    string `json:"key"`
}

// A mediaResponse is the response body of GetWhatsAppMessageMedia.
type mediaResponse struct {
	Type string `json:"mimeType"`
	Size int64  `json:"fileSize"` // kilobytes
}

// Copy copies a file of at most limit bytes to a bucket. It returns the media
// type that WhatsApp reports. number is the ARN of our phone number that
// received the file, and media is the file's id.
//
// A file over the limit is [fault.TooLarge], a file that is gone
// [fault.NotFound], a file that we may not read [fault.Forbidden], and a
// malformed request [fault.Invalid]. After [fault.TooMany] and
// [fault.Unavailable] a later call may succeed. No error names the file.
func (c *SocialClient) Copy(ctx context.Context, number, media, bucket, key string, limit int64) (string, error) {
	ask := mediaRequest{Number: phoneNumberID(number), Media: media, Metadata: true}
	about, err := c.sendRequest(ctx, ask)
	if err != nil {
		return "", err
	}
	if about.Size > limit>>10 {
		return "", fault.New(fault.TooLarge, "the file has %d KB, at most %d are allowed", about.Size, limit>>10)
	}
	ask.Metadata = false
	ask.To = &s3Object{bucket, key}
	got, err := c.sendRequest(ctx, ask)
	return got.Type, err
}

// phoneNumberID returns the id in an ARN, in the form that the service
// expects: "arn:aws:social-messaging:eu-west-1:1:phone-number-id/0a1b" is
// "phone-number-id-0a1b".
func phoneNumberID(arn string) string {
	return strings.ReplaceAll(arn[strings.LastIndexByte(arn, ':')+1:], "/", "-")
}

func (c *SocialClient) sendRequest(ctx context.Context, w mediaRequest) (mediaResponse, error) {
	req, err := c.signedRequest(ctx, w)
	if err != nil {
		return mediaResponse{}, err
	}
	resp, err := c.Config.HTTPClient.Do(req)
	if err != nil {
		return mediaResponse{}, fault.New(fault.Unavailable, "no response")
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	if resp.StatusCode != http.StatusOK {
		return mediaResponse{}, fault.New(faultKindOf(resp.StatusCode), "status %d", resp.StatusCode)
	}
	var g mediaResponse
	if json.NewDecoder(io.LimitReader(resp.Body, maxSocialAnswer)).Decode(&g) != nil {
		return mediaResponse{}, fault.New(fault.Unavailable, "the response is not JSON")
	}
	return g, nil
}

func faultKindOf(status int) fault.Kind {
	switch {
	case status == http.StatusNotFound:
		return fault.NotFound
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fault.Forbidden
	case status == http.StatusTooManyRequests:
		return fault.TooMany
	case status >= http.StatusInternalServerError:
		return fault.Unavailable
	default:
		return fault.Invalid
	}
}

// signedRequest returns the HTTP request, signed with SigV4.
func (c *SocialClient) signedRequest(ctx context.Context, w mediaRequest) (*http.Request, error) {
	body, err := json.Marshal(w)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode request")
	}
	endpoint := c.Endpoint
	if endpoint == "" {
		endpoint = "https://social-messaging." + c.Config.Region + ".amazonaws.com"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/v1/whatsapp/media/get", bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "create request")
	}
	req.Header.Set("Content-Type", "application/json")
	keys, err := c.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "get credentials")
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, keys, req, hex.EncodeToString(sum[:]), "social-messaging", c.Config.Region, time.Now()); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "sign request")
	}
	return req, nil
}
