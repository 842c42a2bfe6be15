// Package graph stands in for Meta's Graph API and its media servers: it
// keeps what was sent and gives it ids, serves media under addresses that
// expire, and knows the names of people. It refuses, throttles and stalls when
// it is told to.
//
// It is an http.Handler, and forgets everything when it ends. Everything is
// served from one origin; Meta serves media from other hosts.
//
//	POST /{version}/{id}/messages   sends; WhatsApp's and the page's shapes
//	GET  /{version}/{media id}      where a medium is, for five minutes
//	GET  /media/{media id}          the medium, with the token
//	GET  /cdn/{media id}            the medium, as attachments of Messenger: without
//	PUT  /media/{media id}          adds a medium: the body, of the Content-Type
//	GET  /{version}/{person id}     a profile
//	POST /v1/whatsapp/media/get     AWS End User Messaging Social: copies a medium to S3
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

// What Meta grants.
const (
	addressLife = 5 * time.Minute    // of the address of a medium
	mediumLife  = 7 * 24 * time.Hour // of a medium that came by webhook
	maxUpload   = 100 << 20
)

// Config says how the API behaves. Its zero value is Meta's way, with every
// token taken.
type Config struct {
	Token string           // the only access token that is taken; empty takes any
	Now   func() time.Time // defaults to time.Now

	// Put writes an object to S3, for [Server] in place of AWS End User
	// Messaging Social. If it is nil, that is not there.
	Put func(bucket, key string, data []byte) error
}

// A Medium is a file on the media server.
type Medium struct {
	ID     string // empty gets one
	Type   string
	Data   []byte
	SHA256 string // what the API says it is; empty is the truth
	Size   int64  // what the API says it is; 0 is the truth
	At     time.Time
}

// A Profile is what the API tells of a person.
type Profile struct {
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Name      string `json:"name,omitempty"` // of an Instagram account
	Picture   string `json:"profile_pic,omitempty"`
}

// A Sent is a message that was sent.
type Sent struct {
	ID   string          `json:"id"`
	From string          `json:"from"` // the phone number id or page
	Body json.RawMessage `json:"body"`
	At   time.Time       `json:"at"`
}

// A Fault is what the API does in place of what it is asked.
type Fault struct {
	Status     int    // of the answer
	Code       int    // Meta's error code in it
	Subcode    int    // Meta's error_subcode in it
	RetryAfter string // a header
	Location   string // a header
	Stall      bool   // begin to answer, and never end
	Times      int    // how often; 0 is for ever
}

// A Server is a Graph API.
type Server struct {
	cfg    Config
	secret []byte
	mux    *http.ServeMux

	mu       sync.Mutex
	media    map[string]Medium
	profiles map[string]Profile
	faults   map[string]*Fault
	sent     []Sent
	asked    []string
}

// New returns a Graph API that holds nothing.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{
		cfg: cfg, secret: []byte(rand.Text()), mux: http.NewServeMux(),
		media: map[string]Medium{}, profiles: map[string]Profile{}, faults: map[string]*Fault{},
	}
	s.mux.HandleFunc("POST /{version}/{id}/messages", s.send)
	s.mux.HandleFunc("GET /{version}/{id}", s.object)
	s.mux.HandleFunc("PUT /media/{id}", s.upload)
	s.mux.HandleFunc("GET /media/{id}", s.download)
	s.mux.HandleFunc("GET /cdn/{id}", s.download)
	if cfg.Put != nil {
		s.mux.HandleFunc("POST /v1/whatsapp/media/get", s.handOn)
	}
	return s
}

// AddMedium puts a file on the media server and returns its id.
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

// SetProfile says who a person is.
func (s *Server) SetProfile(id string, p Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.profiles[id] = p
}

// Fail makes the API misbehave when it is asked for a path: "/v24.0/1234" or
// "/media/1234". Nil mends it.
func (s *Server) Fail(path string, f *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[path] = f
}

// Sent returns what was sent, in order.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Asked returns the paths of all requests, in order.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeHTTP answers as the Graph API does.
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
		fail(w, r, *fault)
	case r.Header.Get("User-Agent") == "": // Meta's media servers refuse those
		refuse(w, http.StatusBadRequest, 1, 0, "no user agent")
	default:
		s.mux.ServeHTTP(w, r)
	}
}

func fail(w http.ResponseWriter, r *http.Request, f Fault) {
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
	refuse(w, f.Status, f.Code, f.Subcode, "told to")
}

// refuse answers with an error in Meta's shape.
func refuse(w http.ResponseWriter, status, code, subcode int, message string) {
	e := map[string]any{"message": message, "type": "OAuthException", "code": code, "fbtrace_id": rand.Text()}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	answer(w, status, map[string]any{"error": e})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// allowed reports whether a request has the token, and refuses it if not.
func (s *Server) allowed(w http.ResponseWriter, r *http.Request) bool {
	token := r.Header.Get("Authorization")
	if token == "" {
		token = "Bearer " + r.URL.Query().Get("access_token")
	}
	if token == "Bearer " || s.cfg.Token != "" && token != "Bearer "+s.cfg.Token {
		refuse(w, http.StatusUnauthorized, 190, 463, "the access token is not valid")
		return false
	}
	return true
}

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	if !s.allowed(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var m struct {
		Product   string          `json:"messaging_product"`
		To        string          `json:"to"`
		Recipient json.RawMessage `json:"recipient"`
	}
	if err != nil || json.Unmarshal(body, &m) != nil {
		refuse(w, http.StatusBadRequest, 100, 0, "the body is not JSON")
		return
	}
	sent := Sent{From: r.PathValue("id"), Body: body, At: s.cfg.Now()}
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
		refuse(w, http.StatusBadRequest, 100, 0, "neither messaging_product nor recipient")
		return
	}
	s.mu.Lock()
	s.sent = append(s.sent, sent)
	s.mu.Unlock()
	answer(w, http.StatusOK, reply)
}

// object tells of a medium where it is, of a person who it is.
func (s *Server) object(w http.ResponseWriter, r *http.Request) {
	if !s.allowed(w, r) {
		return
	}
	id := r.PathValue("id")
	m, isMedium := s.medium(id)
	s.mu.Lock()
	p, isPerson := s.profiles[id]
	s.mu.Unlock()
	switch {
	case isMedium:
		until := strconv.FormatInt(s.cfg.Now().Add(addressLife).Unix(), 10)
		answer(w, http.StatusOK, map[string]any{
			"url":               "http://" + r.Host + "/media/" + id + "?ext=" + until + "&hash=" + s.sign(id, until),
			"mime_type":         m.Type,
			"sha256":            m.SHA256,
			"file_size":         m.Size,
			"id":                id,
			"messaging_product": "whatsapp",
		})
	case isPerson:
		answer(w, http.StatusOK, struct {
			Profile
			ID string `json:"id"`
		}{p, id})
	case r.URL.Query().Has("fields"):
		refuse(w, http.StatusBadRequest, 100, 2018218, "(#100) No profile available for this user.")
	default:
		refuse(w, http.StatusNotFound, 100, 33, "there is no such object")
	}
}

// medium returns what has not expired yet.
func (s *Server) medium(id string) (Medium, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.media[id]
	return m, ok && s.cfg.Now().Before(m.At.Add(mediumLife))
}

func (s *Server) sign(id, until string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(id + "?" + until))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, 100, 0, "the file is too large")
		return
	}
	id := s.AddMedium(Medium{ID: r.PathValue("id"), Type: r.Header.Get("Content-Type"), Data: data})
	answer(w, http.StatusOK, map[string]string{"id": id})
}

func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if strings.HasPrefix(r.URL.Path, "/media/") {
		if !s.allowed(w, r) {
			return
		}
		q := r.URL.Query()
		until, err := strconv.ParseInt(q.Get("ext"), 10, 64)
		if err != nil || q.Get("hash") != s.sign(id, q.Get("ext")) || s.cfg.Now().Unix() > until {
			http.Error(w, "URL signature expired", http.StatusNotFound)
			return
		}
	}
	m, ok := s.medium(id)
	if !ok {
		http.Error(w, "Content not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", m.Type)
	w.Header().Set("Content-Length", strconv.Itoa(len(m.Data)))
	_, _ = w.Write(m.Data)
}
