// Package graph replaces Meta's Graph API and its media servers in the local
// stack and in tests. It records sent messages, serves media under URLs that
// expire, and serves profiles. [Server.Fail] makes it refuse, throttle or stall.
//
// The server is an http.Handler that keeps its data in memory. It serves
// everything from one origin, whereas Meta serves media from other hosts.
//
//	POST /{version}/{id}/messages   sends a message of WhatsApp or of a Messenger page
//	GET  /{version}/{media id}      returns the media URL, valid for five minutes
//	GET  /media/{media id}          downloads a media file; needs the access token
//	GET  /cdn/{media id}            downloads a media file without a token, as Messenger attachments
//	PUT  /media/{media id}          adds the request body as a media file of that Content-Type
//	GET  /{version}/{person id}     returns a profile
//	POST /v1/whatsapp/media/get     copies a media file to S3 (AWS End User Messaging Social)
package graph

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Meta's limits.
const (
	addressLife = 5 * time.Minute    // of a media URL
	mediumLife  = 7 * 24 * time.Hour // of a media file that came by webhook
	maxUpload   = 100 << 20          // bytes
)

// Config configures a Server. The zero value accepts any access token and has
// no AWS End User Messaging Social.
type Config struct {
	Token string           // the only valid access token; empty accepts any
	Now   func() time.Time // defaults to time.Now

	// Put writes an object to S3 for AWS End User Messaging Social. If it is
	// nil, the server does not have that route.
	Put func(bucket, key string, data []byte) error
}

// A Medium is a file on the media server.
type Medium struct {
	ID     string // generated if empty
	Type   string // MIME type
	Data   []byte
	SHA256 string    // hex hash that the API reports; computed from Data if empty
	Size   int64     // bytes that the API reports; computed from Data if 0
	At     time.Time // upload time; now if zero
}

// A Profile is a person's profile as the API returns it.
type Profile struct {
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Name      string `json:"name,omitempty"` // Instagram only
	Picture   string `json:"profile_pic,omitempty"`
}

// A SentMessage is a message that a client sent through the API.
type SentMessage struct {
	ID   string          `json:"id"`
	From string          `json:"from"` // phone number id or page id
	Body json.RawMessage `json:"body"` // the request body
	At   time.Time       `json:"at"`
}

// A Fault is an error response that replaces the regular response to a request.
type Fault struct {
	Status     int    // HTTP status
	Code       int    // error.code in Meta's error body
	Subcode    int    // error.error_subcode; 0 omits it
	RetryAfter string // Retry-After header; empty omits it
	Location   string // Location header; empty omits it
	Stall      bool   // send part of a body and wait until the client gives up
	Times      int    // number of requests that fail; 0 means all
}

// A Server is a Graph API. Its methods are safe for concurrent use.
type Server struct {
	cfg    Config
	secret []byte
	mux    *http.ServeMux

	mu       sync.Mutex
	media    map[string]Medium
	profiles map[string]Profile
	faults   map[string]*Fault
	sent     []SentMessage
	asked    []string
}

// New returns a Graph API without messages, media and profiles.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{
		cfg: cfg, secret: []byte(rand.Text()), mux: http.NewServeMux(),
		media: map[string]Medium{}, profiles: map[string]Profile{}, faults: map[string]*Fault{},
	}
	s.mux.HandleFunc("POST /{version}/{id}/messages", s.sendMessage)
	s.mux.HandleFunc("GET /{version}/{id}", s.serveObject)
	s.mux.HandleFunc("PUT /media/{id}", s.acceptUpload)
	s.mux.HandleFunc("GET /media/{id}", s.serveMedium)
	s.mux.HandleFunc("GET /cdn/{id}", s.serveMedium)
	if cfg.Put != nil {
		s.mux.HandleFunc("POST /v1/whatsapp/media/get", s.copyMediumToS3)
	}
	return s
}

// AddMedium adds a file to the media server and returns its id.
func (s *Server) AddMedium(m Medium) string {
	if m.ID == "" {
		m.ID = strconv.FormatInt(time.Now().UnixNano(), 10)
	}
	if m.At.IsZero() {
		m.At = s.cfg.Now()
	}
	if m.SHA256 == "" {
		sum := sha256.Sum256(m.Data)
		m.SHA256 = hex.EncodeToString(sum[:])
	}
	if m.Size == 0 {
		m.Size = int64(len(m.Data))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.media[m.ID] = m
	return m.ID
}

// SetProfile sets the profile of a person id.
func (s *Server) SetProfile(id string, p Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.profiles[id] = p
}

// Fail makes requests for a path ("/v24.0/1234", "/media/1234") fail with f. A
// nil f removes the fault.
func (s *Server) Fail(path string, f *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[path] = f
}

// Sent returns the messages that were sent, in order.
func (s *Server) Sent() []SentMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Asked returns the URL paths of all requests, in order.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeHTTP handles one request to the Graph API or the media server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.Path)
	fault := s.faults[r.URL.Path]
	if fault != nil && fault.Times > 0 {
		if fault.Times--; fault.Times == 0 {
			delete(s.faults, r.URL.Path)
		}
	}
	s.mu.Unlock()
	switch {
	case fault != nil:
		writeFault(w, r, *fault)
	case r.Header.Get("User-Agent") == "": // Meta's media servers refuse these requests
		writeError(w, http.StatusBadRequest, 1, 0, "the User-Agent header is missing")
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// writeFault sends the response of a fault.
func writeFault(w http.ResponseWriter, r *http.Request, f Fault) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Location != "" {
		w.Header().Set("Location", f.Location)
	}
	if f.Stall {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "the first of a thousand bytes")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	writeError(w, f.Status, f.Code, f.Subcode, "fault set by the test")
}

// writeError sends an error in Meta's JSON shape. It omits a subcode of 0.
func writeError(w http.ResponseWriter, status, code, subcode int, message string) {
	e := map[string]any{"message": message, "type": "OAuthException", "code": code, "fbtrace_id": rand.Text()}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	writeJSON(w, status, map[string]any{"error": e})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// checkToken reports whether the request has a valid access token. If not, it
// sends the error response.
func (s *Server) checkToken(w http.ResponseWriter, r *http.Request) bool {
	token := r.Header.Get("Authorization")
	if token == "" {
		token = "Bearer " + r.URL.Query().Get("access_token")
	}
	wrong := s.cfg.Token != "" && token != "Bearer "+s.cfg.Token
	if token == "Bearer " || wrong {
		writeError(w, http.StatusUnauthorized, 190, 463, "the access token is not valid")
		return false
	}
	return true
}

func (s *Server) sendMessage(w http.ResponseWriter, r *http.Request) {
	if !s.checkToken(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var m struct {
		Product   string          `json:"messaging_product"`
		To        string          `json:"to"`
		Recipient json.RawMessage `json:"recipient"`
	}
	if err != nil || json.Unmarshal(body, &m) != nil {
		writeError(w, http.StatusBadRequest, 100, 0, "the body is not JSON")
		return
	}
	sent := SentMessage{From: r.PathValue("id"), Body: body, At: s.cfg.Now()}
	var reply any
	switch {
	case m.Product == "whatsapp":
		sent.ID = "wamid." + base64.StdEncoding.EncodeToString([]byte(rand.Text()))
		reply = map[string]any{
			"messaging_product": m.Product,
			"contacts":          []any{map[string]string{"input": m.To, "wa_id": strings.TrimPrefix(m.To, "+")}},
			"messages":          []any{map[string]string{"id": sent.ID, "message_status": "accepted"}},
		}
	case m.Recipient != nil:
		sent.ID = "m_" + rand.Text()
		var to struct{ ID string }
		_ = json.Unmarshal(m.Recipient, &to)
		reply = map[string]string{"recipient_id": to.ID, "message_id": sent.ID}
	default:
		writeError(w, http.StatusBadRequest, 100, 0, "the body must have messaging_product or recipient")
		return
	}
	s.mu.Lock()
	s.sent = append(s.sent, sent)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, reply)
}

// serveObject returns the description of a media file, or the profile of a person.
func (s *Server) serveObject(w http.ResponseWriter, r *http.Request) {
	if !s.checkToken(w, r) {
		return
	}
	id := r.PathValue("id")
	m, isMedium := s.findMedium(id)
	s.mu.Lock()
	p, isPerson := s.profiles[id]
	s.mu.Unlock()
	switch {
	case isMedium:
		until := strconv.FormatInt(s.cfg.Now().Add(addressLife).Unix(), 10)
		writeJSON(w, http.StatusOK, map[string]any{
			"url":               "http://" + r.Host + "/media/" + id + "?ext=" + until + "&hash=" + s.signAddress(id, until),
			"mime_type":         m.Type,
			"sha256":            m.SHA256,
			"file_size":         m.Size,
			"id":                id,
			"messaging_product": "whatsapp",
		})
	case isPerson:
		writeJSON(w, http.StatusOK, struct {
			Profile
			ID string `json:"id"`
		}{p, id})
	case r.URL.Query().Has("fields"):
		writeError(w, http.StatusBadRequest, 100, 2018218, "(#100) No profile available for this user.")
	default:
		writeError(w, http.StatusNotFound, 100, 33, "the object does not exist")
	}
}

// findMedium returns a media file unless it has expired.
func (s *Server) findMedium(id string) (Medium, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.media[id]
	return m, ok && s.cfg.Now().Before(m.At.Add(mediumLife))
}

// signAddress returns the hash in the URL of a media file that is valid until a
// Unix time.
func (s *Server) signAddress(id, until string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(id + "?" + until))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *Server) acceptUpload(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, 100, 0, "the file is too large")
		return
	}
	id := s.AddMedium(Medium{ID: r.PathValue("id"), Type: r.Header.Get("Content-Type"), Data: data})
	writeJSON(w, http.StatusOK, map[string]string{"id": id})
}

// serveMedium sends the content of a media file. Under /media/ it requires the
// access token and a URL that has not expired.
func (s *Server) serveMedium(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if strings.HasPrefix(r.URL.Path, "/media/") {
		if !s.checkToken(w, r) {
			return
		}
		q := r.URL.Query()
		until, err := strconv.ParseInt(q.Get("ext"), 10, 64)
		if err != nil || q.Get("hash") != s.signAddress(id, q.Get("ext")) || s.cfg.Now().Unix() > until {
			http.Error(w, "URL signature expired", http.StatusNotFound)
			return
		}
	}
	m, ok := s.findMedium(id)
	if !ok {
		http.Error(w, "Content not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", m.Type)
	w.Header().Set("Content-Length", strconv.Itoa(len(m.Data)))
	_, _ = w.Write(m.Data)
}
