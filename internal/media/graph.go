package media

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// maxAnswer limits the part of a response of the Graph API that is read, in
// bytes.
const maxAnswer = 64 << 10

// errNoID means that the webhook had no id with which to request a file.
var errNoID = &refusal{reason: message.Lost, finalAfter: firstTry, detail: "no usable id"}

// queryGraph reads an object of the Graph API into out.
func (h *Handler) queryGraph(ctx context.Context, id string, query url.Values, token string, out any) error {
	if !isUsableID(id) {
		return errNoID
	}
	resp, err := h.Client.sendRequest(ctx, h.Graph+"/"+id+"?"+query.Encode(), token)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return newUnavailable("the response was cut off")
	}
	if resp.StatusCode != http.StatusOK {
		var e struct {
			Error struct {
				Code    int `json:"code"`
				Subcode int `json:"error_subcode"`
			} `json:"error"`
		}
		_ = json.Unmarshal(body, &e) // without a code the status is used
		return refusalFromGraph(resp, e.Error.Code, e.Error.Subcode)
	}
	if json.Unmarshal(body, out) != nil {
		return newUnavailable("the response is not JSON")
	}
	return nil
}

// isUsableID reports whether id has only letters, digits, "_" and "-". It
// becomes part of an address.
func isUsableID(id string) bool {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
	return id != "" && strings.Trim(id, letters) == ""
}

// queryMedium asks WhatsApp for the address of a file.
func (h *Handler) queryMedium(ctx context.Context, id, account, token string) (fileSource, error) {
	var m struct {
		URL    string `json:"url"`
		Type   string `json:"mime_type"`
		SHA256 string `json:"sha256"`
		Size   int64  `json:"file_size"`
	}
	query := url.Values{}
	if account != "" {
		query.Set("phone_number_id", account)
	}
	if err := h.queryGraph(ctx, id, query, token, &m); err != nil {
		return fileSource{}, fmt.Errorf("ask for the address of a file: %w", err)
	}
	if m.URL == "" {
		return fileSource{}, newUnavailable("the response has no address")
	}
	return fileSource{url: m.URL, token: token, typ: m.Type, sha256: meta.NormalizeSHA256(m.SHA256), size: m.Size}, nil
}

// maxName is the longest name that is stored, in bytes.
const maxName = 200

// queryName asks for a customer's name. It requests no other personal data.
func (h *Handler) queryName(ctx context.Context, a identity.Alias, token string) (string, error) {
	fields := "first_name,last_name"
	if a.Kind == identity.IGSID {
		fields = "name"
	}
	var p struct {
		First string `json:"first_name"`
		Last  string `json:"last_name"`
		Name  string `json:"name"`
	}
	if err := h.queryGraph(ctx, a.Value, url.Values{"fields": {fields}}, token, &p); err != nil {
		return "", fmt.Errorf("ask for a name: %w", err)
	}
	name := strings.TrimSpace(p.First + " " + p.Last)
	if name == "" {
		name = strings.TrimSpace(p.Name)
	}
	return message.Clean(name, maxName), nil
}
