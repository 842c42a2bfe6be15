package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxBody holds the largest secret, 64 KiB, in base64.
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

type reply struct {
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

// epoch is a time as AWS JSON writes it, in seconds.
type epoch float64

func epochOf(t time.Time) epoch { return epoch(float64(t.UnixMilli()) / 1000) }

// failure is an error as AWS names it.
type failure struct {
	code, message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

var errNotFound = &failure{"ResourceNotFoundException", "Secrets Manager can't find the specified secret."}

// ServeHTTP speaks AWS JSON 1.1.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := s.call(r.Header.Get("X-Amz-Target"), http.MaxBytesReader(w, r.Body, maxBody))
	status := http.StatusOK
	if err != nil {
		known, ok := errors.AsType[*failure](err)
		status = http.StatusBadRequest
		if !ok {
			known, status = &failure{"InternalServiceError", err.Error()}, http.StatusInternalServerError
		}
		out = map[string]string{"__type": known.code, "Message": known.message}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out)
}

func (s *Server) call(target string, body io.Reader) (any, error) {
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(body); err != nil {
		return nil, &failure{"ValidationException", "the request cannot be read"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch operation := strings.TrimPrefix(target, "secretsmanager."); operation {
	case "CreateSecret":
		return decoded(raw.Bytes(), s.createSecret)
	case "PutSecretValue":
		return decoded(raw.Bytes(), s.putSecretValue)
	case "GetSecretValue":
		return decoded(raw.Bytes(), s.getSecretValue)
	case "DescribeSecret":
		return decoded(raw.Bytes(), s.describeSecret)
	default:
		return nil, &failure{"UnknownOperationException", "the local stack does not know " + operation}
	}
}

func decoded[Request any](raw []byte, call func(Request) (reply, error)) (any, error) {
	var in Request
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, &failure{"SerializationException", "the request is no JSON of this operation"}
	}
	return call(in)
}

func (s *Server) createSecret(in createRequest) (reply, error) {
	if in.Name == "" {
		return reply{}, &failure{"InvalidParameterException", "You must provide a name."}
	}
	if s.find(in.Name) != nil {
		return reply{}, &failure{"ResourceExistsException",
			"The operation failed because the secret " + in.Name + " already exists."}
	}
	made, err := s.create(in)
	if err != nil {
		return reply{}, err
	}
	return made.about(made.staged(current)), nil
}

// putSecretValue can be repeated: the token of the request is the id of its version.
func (s *Server) putSecretValue(in putRequest) (reply, error) {
	found := s.find(in.SecretID)
	if found == nil {
		return reply{}, errNotFound
	}
	if (in.SecretString == nil) == (in.SecretBinary == nil) {
		return reply{}, &failure{"InvalidParameterException", "You must provide either SecretString or SecretBinary."}
	}
	if there := found.Versions[in.ClientRequestToken]; there != nil {
		if !there.holds(in) {
			return reply{}, &failure{"ResourceExistsException", "The version exists, with another value."}
		}
		return found.about(there), nil
	}
	changed := found.clone()
	added := changed.add(in, time.Now())
	s.secrets[found.Name] = changed
	if err := s.save(); err != nil {
		s.secrets[found.Name] = found
		return reply{}, err
	}
	return changed.about(added), nil
}

func (v *version) holds(in putRequest) bool {
	if v.String == nil || in.SecretString == nil {
		return v.String == in.SecretString && bytes.Equal(v.Binary, in.SecretBinary)
	}
	return *v.String == *in.SecretString
}

func (s *Server) getSecretValue(in getRequest) (reply, error) {
	found := s.find(in.SecretID)
	if found == nil {
		return reply{}, errNotFound
	}
	stage := in.VersionStage
	if stage == "" && in.VersionID == "" {
		stage = current
	}
	v := found.Versions[in.VersionID]
	if in.VersionID == "" {
		v = found.staged(stage)
	}
	if v == nil || stage != "" && !slices.Contains(v.Stages, stage) {
		return reply{}, &failure{"ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: " + stage}
	}
	out := found.about(v)
	out.SecretString, out.SecretBinary, out.CreatedDate = v.String, v.Binary, epochOf(v.Created)
	return out, nil
}

func (s *Server) describeSecret(in getRequest) (reply, error) {
	found := s.find(in.SecretID)
	if found == nil {
		return reply{}, errNotFound
	}
	out := found.about(nil)
	out.Description, out.CreatedDate, out.LastChangedDate = found.Description, epochOf(found.Created), epochOf(found.Changed)
	out.VersionIDsToStages = map[string][]string{}
	for id, v := range found.Versions {
		if len(v.Stages) > 0 {
			out.VersionIDsToStages[id] = v.Stages
		}
	}
	return out, nil
}

// about says which secret and which version of it, nil for none.
func (s *secret) about(v *version) reply {
	out := reply{ARN: s.ARN, Name: s.Name}
	for id, have := range s.Versions {
		if have == v {
			out.VersionID, out.VersionStages = id, v.Stages
		}
	}
	return out
}
