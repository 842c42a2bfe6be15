package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxBody is the request limit in bytes. It leaves room for the largest secret (64 KiB) in base64.
const maxBody = 256 << 10

type createRequest struct {
	Name        string
	Description string
	putRequest
}

type putRequest struct {
	SecretID           string `json:"SecretId"`
	ClientRequestToken string
	SecretString       *string
	SecretBinary       []byte
	VersionStages      []string
}

type getRequest struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string
}

type response struct {
	ARN                string
	Name               string
	Description        string              `json:",omitempty"`
	VersionID          string              `json:"VersionId,omitempty"`
	VersionStages      []string            `json:",omitempty"`
	SecretString       *string             `json:",omitempty"`
	SecretBinary       []byte              `json:",omitempty"`
	CreatedDate        epoch               `json:",omitzero"`
	LastChangedDate    epoch               `json:",omitzero"`
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages,omitempty"`
}

// epoch is a time in AWS JSON: seconds since 1970, with milliseconds as a fraction.
type epoch float64

func newEpoch(t time.Time) epoch { return epoch(float64(t.UnixMilli()) / 1000) }

// apiError is an error response with the error code of AWS.
type apiError struct {
	code, message string
}

func (f *apiError) Error() string { return f.code + ": " + f.message }

var errNotFound = &apiError{"ResourceNotFoundException", "Secrets Manager can't find the specified secret."}

// ServeHTTP handles a call in the AWS JSON 1.1 protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := s.callOperation(r.Header.Get("X-Amz-Target"), http.MaxBytesReader(w, r.Body, maxBody))
	status := http.StatusOK
	if err != nil {
		known, ok := errors.AsType[*apiError](err)
		status = http.StatusBadRequest
		if !ok {
			known = &apiError{"InternalServiceError", err.Error()}
			status = http.StatusInternalServerError
		}
		out = map[string]string{"__type": known.code, "Message": known.message}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out)
}

func (s *Server) callOperation(target string, body io.Reader) (any, error) {
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(body); err != nil {
		return nil, &apiError{"ValidationException", "the request body cannot be read or exceeds 256 KiB"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch operation := strings.TrimPrefix(target, "secretsmanager."); operation {
	case "CreateSecret":
		return decodeAndCall(raw.Bytes(), s.createSecret)
	case "PutSecretValue":
		return decodeAndCall(raw.Bytes(), s.putSecretValue)
	case "GetSecretValue":
		return decodeAndCall(raw.Bytes(), s.getSecretValue)
	case "DescribeSecret":
		return decodeAndCall(raw.Bytes(), s.describeSecret)
	default:
		return nil, &apiError{"UnknownOperationException", "the local stack does not support " + operation}
	}
}

func decodeAndCall[Request any](raw []byte, call func(Request) (response, error)) (any, error) {
	var in Request
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, &apiError{"SerializationException", "the request body is not valid JSON for this operation"}
	}
	return call(in)
}

func (s *Server) createSecret(in createRequest) (response, error) {
	if in.Name == "" {
		return response{}, &apiError{"InvalidParameterException", "You must provide a name."}
	}
	if s.findSecret(in.Name) != nil {
		return response{}, &apiError{"ResourceExistsException",
			"The operation failed because the secret " + in.Name + " already exists."}
	}
	created, err := s.addSecret(in)
	if err != nil {
		return response{}, err
	}
	return created.describeVersion(created.versionAtStage(stageCurrent)), nil
}

// putSecretValue is idempotent: ClientRequestToken is the id of the new version. The same token with another value fails with
// ResourceExistsException.
func (s *Server) putSecretValue(in putRequest) (response, error) {
	found := s.findSecret(in.SecretID)
	if found == nil {
		return response{}, errNotFound
	}
	if (in.SecretString == nil) == (in.SecretBinary == nil) {
		return response{}, &apiError{"InvalidParameterException", "You must provide either SecretString or SecretBinary."}
	}
	if existing := found.Versions[in.ClientRequestToken]; existing != nil {
		if !existing.holdsValue(in) {
			return response{}, &apiError{"ResourceExistsException", "A version with this ClientRequestToken exists with another value."}
		}
		return found.describeVersion(existing), nil
	}
	changed := found.cloneSecret()
	added := changed.addVersion(in, time.Now())
	s.secrets[found.Name] = changed
	if err := s.saveFile(); err != nil {
		s.secrets[found.Name] = found
		return response{}, fmt.Errorf("save the secrets: %w", err)
	}
	return changed.describeVersion(added), nil
}

func (v *version) holdsValue(in putRequest) bool {
	if v.String == nil || in.SecretString == nil {
		return v.String == in.SecretString && bytes.Equal(v.Binary, in.SecretBinary)
	}
	return *v.String == *in.SecretString
}

func (s *Server) getSecretValue(in getRequest) (response, error) {
	found := s.findSecret(in.SecretID)
	if found == nil {
		return response{}, errNotFound
	}
	stage := in.VersionStage
	if stage == "" && in.VersionID == "" {
		stage = stageCurrent
	}
	v := found.Versions[in.VersionID]
	if in.VersionID == "" {
		v = found.versionAtStage(stage)
	}
	if v == nil || (stage != "" && !slices.Contains(v.Stages, stage)) {
		return response{}, &apiError{"ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: " + stage}
	}
	out := found.describeVersion(v)
	out.SecretString = v.String
	out.SecretBinary = v.Binary
	out.CreatedDate = newEpoch(v.Created)
	return out, nil
}

func (s *Server) describeSecret(in getRequest) (response, error) {
	found := s.findSecret(in.SecretID)
	if found == nil {
		return response{}, errNotFound
	}
	out := found.describeVersion(nil)
	out.Description = found.Description
	out.CreatedDate = newEpoch(found.Created)
	out.LastChangedDate = newEpoch(found.Changed)
	out.VersionIDsToStages = map[string][]string{}
	for id, v := range found.Versions {
		if len(v.Stages) > 0 {
			out.VersionIDsToStages[id] = v.Stages
		}
	}
	return out, nil
}

// describeVersion returns a response with the ARN and name of the secret. If v is not nil, it also has the id and stages of v.
func (s *secret) describeVersion(v *version) response {
	out := response{ARN: s.ARN, Name: s.Name}
	for id, have := range s.Versions {
		if have == v {
			out.VersionID = id
			out.VersionStages = v.Stages
		}
	}
	return out
}
