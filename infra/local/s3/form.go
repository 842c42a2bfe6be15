package s3

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// formOverhead is the number of bytes that a form can have besides its file.
const formOverhead = 1 << 20

// formBucket returns the bucket of a form post, and whether the request is one: a POST of multipart/form-data to a bucket.
func formBucket(r *http.Request) (bucket string, ok bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	bucket = strings.Trim(r.URL.Path, "/")
	multipartForm := err == nil && kind == "multipart/form-data"
	return bucket, multipartForm && r.Method == http.MethodPost && !strings.Contains(bucket, "/")
}

// refusal is an error response to a form post.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.message }

func accessDenied(format string, args ...any) error {
	return &refusal{http.StatusForbidden, "AccessDenied", fmt.Sprintf(format, args...)}
}

// postForm stores the file of a presigned form if the policy of the form allows it.
func (s *Server) postForm(w http.ResponseWriter, r *http.Request, bucket string) {
	o, status, err := s.storeForm(w, r, bucket)
	var no *refusal
	var known gofakes3.Error
	switch {
	case errors.As(err, &no):
		writeError(w, no.status, no.code, no.message)
		return
	case errors.As(err, &known):
		writeError(w, known.ErrorCode().Status(), string(known.ErrorCode()), err.Error())
		return
	case err != nil:
		writeError(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	location := "http://" + r.Host + "/" + bucket + "/" + o.Key
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "*")
	w.Header().Set("ETag", `"`+o.etag()+`"`)
	w.Header().Set("Location", location)
	if status != http.StatusCreated {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName                     xml.Name `xml:"PostResponse"`
		Location, Bucket, Key, ETag string
	}{Location: location, Bucket: bucket, Key: o.Key, ETag: `"` + o.etag() + `"`})
}

func (s *Server) storeForm(w http.ResponseWriter, r *http.Request, bucket string) (*object, int, error) {
	r.Body = http.MaxBytesReader(w, r.Body, s.max+formOverhead)
	if err := r.ParseMultipartForm(formOverhead); err != nil {
		if tooMuch := new(http.MaxBytesError); errors.As(err, &tooMuch) {
			return nil, 0, &refusal{http.StatusBadRequest, "EntityTooLarge", tooLargeMessage}
		}
		return nil, 0, &refusal{http.StatusBadRequest, "MalformedPOSTRequest", "The body of your POST request is not well-formed"}
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	fields := map[string]string{"bucket": bucket} // by lower-case name: field names are case-insensitive
	for name, values := range r.MultipartForm.Value {
		fields[strings.ToLower(name)] = values[0]
	}
	files := r.MultipartForm.File["file"]
	if len(files) != 1 || fields["key"] == "" {
		return nil, 0, &refusal{http.StatusBadRequest, "InvalidArgument", "POST requires a key and exactly one file"}
	}
	if err := checkPolicy(fields, files[0].Size, time.Now()); err != nil {
		return nil, 0, err
	}
	content, err := files[0].Open()
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = content.Close() }()
	key := strings.ReplaceAll(fields["key"], "${filename}", files[0].Filename)
	o, err := s.storeAndNotify(eventPost, bucket, key, func() (*object, error) {
		return s.files.putObject(bucket, key, objectHeader(formHeader(fields, files[0])), content, files[0].Size, nil)
	})
	status := map[string]int{"200": http.StatusOK, "201": http.StatusCreated}[fields["success_action_status"]]
	if status == 0 {
		status = http.StatusNoContent
	}
	return o, status, err
}

func formHeader(fields map[string]string, file *multipart.FileHeader) map[string]string {
	h := map[string]string{}
	for name, value := range fields {
		h[textproto.CanonicalMIMEHeaderKey(name)] = value
	}
	if h["Content-Type"] == "" {
		h["Content-Type"] = file.Header.Get("Content-Type")
	}
	return h
}

// checkPolicy returns an error if a form does not satisfy its policy: the expiration, the values of the fields and the size of
// the file.
func checkPolicy(fields map[string]string, size int64, now time.Time) error {
	raw, err := base64.StdEncoding.DecodeString(fields["policy"])
	if err != nil || len(raw) == 0 {
		return accessDenied("Access Denied")
	}
	var policy struct {
		Expiration time.Time         `json:"expiration"`
		Conditions []json.RawMessage `json:"conditions"`
	}
	if err := json.Unmarshal(raw, &policy); err != nil {
		return &refusal{http.StatusBadRequest, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON."}
	}
	if now.After(policy.Expiration) {
		return accessDenied("Invalid according to Policy: Policy expired.")
	}
	for _, condition := range policy.Conditions {
		if err := checkCondition(condition, fields, size); err != nil {
			return err
		}
	}
	return nil
}

// checkCondition checks one condition of a policy. It supports three shapes: {"field": "value"}, ["eq" or "starts-with",
// "$field", "value"] and ["content-length-range", from, to].
func checkCondition(condition json.RawMessage, fields map[string]string, size int64) error {
	var exact map[string]string
	if json.Unmarshal(condition, &exact) == nil {
		for name, want := range exact {
			if fields[strings.ToLower(name)] != want {
				return accessDenied(`Invalid according to Policy: Policy Condition failed: %s`, condition)
			}
		}
		return nil
	}
	var operator, name, want string
	if json.Unmarshal(condition, &[]any{&operator, &name, &want}) == nil {
		got := fields[strings.ToLower(strings.TrimPrefix(name, "$"))]
		if operator == "eq" && got == want {
			return nil
		}
		if operator == "starts-with" && strings.HasPrefix(got, want) {
			return nil
		}
		return accessDenied(`Invalid according to Policy: Policy Condition failed: %s`, condition)
	}
	var from, to int64
	if json.Unmarshal(condition, &[]any{&operator, &from, &to}) != nil || operator != "content-length-range" {
		return &refusal{http.StatusBadRequest, "InvalidPolicyDocument", "Invalid Policy: unknown condition."}
	}
	if size < from {
		return &refusal{http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"}
	}
	if size > to {
		return &refusal{http.StatusBadRequest, "EntityTooLarge", tooLargeMessage}
	}
	return nil
}
