package sqs

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

const (
	maxRequest   = 8 << 20 // a batch of 1 MiB with JSON or form escapes
	xmlNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"
	targetPrefix = "AmazonSQS."
)

// ServeHTTP answers a request with the header X-Amz-Target in AWS JSON 1.0, and
// all others in the query protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	c, err := parseRequest(w, r, target)
	var result any
	if err == nil {
		result, err = s.runOperation(r.Context(), c)
	}
	var f *failure
	if err != nil && !errors.As(err, &f) {
		s.log.ErrorContext(r.Context(), "request failed", "target", target, "err", err)
		f = errInternal.withMessage("The request could not be completed.")
	}
	id := uuid.NewString()
	w.Header().Set("X-Amzn-RequestId", id)
	switch {
	case target != "" && f != nil:
		writeJSONError(w, f)
	case target != "":
		writeJSON(w, http.StatusOK, result)
	case f != nil:
		writeXMLError(w, f, id)
	default:
		writeXML(w, http.StatusOK, newEnvelope(c.action, result, id))
	}
}

// parseRequest parses a request of either protocol.
func parseRequest(w http.ResponseWriter, r *http.Request, target string) (*call, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return nil, errTooLarge.withMessage("The request is longer than %d bytes or incomplete.", maxRequest)
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	c := &call{base: scheme + r.Host}
	if target != "" {
		action, ok := strings.CutPrefix(target, targetPrefix)
		if !ok {
			return nil, errUnsupported.withMessage("The local SQS does not support the target %s.", target)
		}
		c.action = action
		c.request, err = parseJSON(body)
		return c, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errMalformed.withMessage("The request is not a valid form.")
	}
	maps.Copy(form, r.URL.Query())
	if c.action = form.Get("Action"); c.action == "" {
		return nil, errMissing.withMessage("The request must contain the parameter Action, or the header X-Amz-Target.")
	}
	if c.request, err = parseForm(c.action, form); err != nil {
		return nil, err
	}
	if r.URL.Path != "/" {
		c.QueueURL = cmp.Or(c.QueueURL, c.base+r.URL.Path)
	}
	return c, nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // fails only if the client has disconnected
}

func writeJSONError(w http.ResponseWriter, f *failure) {
	w.Header().Set("X-Amzn-Query-Error", f.code+";"+f.faultParty())
	writeJSON(w, f.status, map[string]string{"__type": f.shape, "message": f.message})
}

func writeXML(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(v) // fails only if the client has disconnected
}

type errorXML struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	Detail    string   `xml:"Error>Detail"`
	RequestID string   `xml:"RequestId"`
}

func writeXMLError(w http.ResponseWriter, f *failure, id string) {
	writeXML(w, f.status, errorXML{Namespace: xmlNamespace, Type: f.faultParty(), Code: f.code, Message: f.message, RequestID: id})
}

type envelopeXML struct {
	XMLName   xml.Name
	Namespace string `xml:"xmlns,attr"`
	Result    resultXML
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

type resultXML struct {
	XMLName xml.Name
	Value   any
}

// MarshalXML writes the fields of the result directly in its element.
func (r resultXML) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	if _, none := r.Value.(emptyResult); none {
		return nil
	}
	return e.EncodeElement(r.Value, xml.StartElement{Name: r.XMLName})
}

func newEnvelope(action string, result any, id string) envelopeXML {
	return envelopeXML{
		XMLName:   xml.Name{Local: action + "Response"},
		Namespace: xmlNamespace,
		Result:    resultXML{XMLName: xml.Name{Local: action + "Result"}, Value: result},
		RequestID: id,
	}
}

// stringPairs is a map of strings. In XML it is a list of elements with Name
// and Value, or with Key and Value for tags.
type stringPairs map[string]string

// MarshalXML writes one element per pair, sorted by name.
func (p stringPairs) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		var v any = struct{ Name, Value string }{name, p[name]}
		if start.Name.Local == "Tag" {
			v = struct{ Key, Value string }{name, p[name]}
		}
		if err := e.EncodeElement(v, start); err != nil {
			return err
		}
	}
	return nil
}

// messageAttributeMap holds the attributes of a message by name.
type messageAttributeMap map[string]messageAttribute

// MarshalXML writes one element per attribute, sorted by name.
func (m messageAttributeMap) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	type value struct {
		StringValue string `xml:",omitempty"`
		BinaryValue string `xml:",omitempty"`
		DataType    string
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		a := m[name]
		v := struct {
			Name  string
			Value value
		}{name, value{a.StringValue, base64.StdEncoding.EncodeToString(a.BinaryValue), a.DataType}}
		if err := e.EncodeElement(v, start); err != nil {
			return err
		}
	}
	return nil
}
