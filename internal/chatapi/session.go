package chatapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
)

// sessionLifetime is how long a session lasts after it was opened or renewed.
const sessionLifetime = 7 * 24 * time.Hour

// An openSessionRequest can have a host token, by which the site says which
// account the visitor has signed in to.
type openSessionRequest struct {
	HostToken string `json:"hostToken"`
}

// An openSessionResponse is a session. Now is our time, from which the page
// computes the times in the ids of its messages.
type openSessionResponse struct {
	Token   string    `json:"token"`
	Visitor string    `json:"visitor"`
	Expires time.Time `json:"expiresAt"`
	Now     time.Time `json:"now"`
}

// openSession opens a session, renews the caller's, or signs its visitor in.
func (a *API) openSession(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body openSessionRequest
	if r.HasBody() {
		if err := r.DecodeJSON(&body); err != nil {
			return httpapi.Response{}, err
		}
	}
	s, err := a.chooseSession(ctx, r, body.HostToken)
	if err != nil {
		return httpapi.Response{}, err
	}
	s.Expires = r.Now.Add(sessionLifetime).Truncate(time.Second)
	keys, err := a.Secrets.Values(ctx, "sessionKey")
	if err != nil {
		return httpapi.Response{}, err
	}
	token, err := s.Token([]byte(keys[0]))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Status: http.StatusCreated, Body: openSessionResponse{
		Token: token, Visitor: s.Visitor, Expires: s.Expires, Now: r.Now.Truncate(time.Millisecond),
	}}, nil
}

// chooseSession returns the session to issue: the one that a host token signs
// in to, else the caller's, else one of a new anonymous visitor.
func (a *API) chooseSession(ctx context.Context, r *httpapi.Request, hostToken string) (webchat.Session, error) {
	hasSession := r.Header.Get("Authorization") != ""
	switch {
	case hostToken != "":
		var s webchat.Session
		if hasSession {
			var err error
			if s, err = a.verifySession(ctx, r); err != nil {
				return s, err
			}
		}
		return a.signIn(ctx, r, s, hostToken)
	case hasSession:
		return a.renewSession(ctx, r)
	default:
		return webchat.NewSession(a.Site, time.Time{})
	}
}

// renewSession returns the caller's session, if it may be renewed. A token of
// an earlier version names no account, even if its visitor was signed in. It
// stays valid until it expires and is not renewed.
func (a *API) renewSession(ctx context.Context, r *httpapi.Request) (webchat.Session, error) {
	s, err := a.requireSession(ctx, r)
	if err != nil || s.Account != "" {
		return s, err
	}
	signedIn, err := a.Store.Customers.VisitorHasAccount(ctx, s.Alias())
	if err == nil && signedIn {
		err = fault.New(fault.Unauthorized, "the session cannot be renewed: open a new one with POST /chat/sessions, without this token")
	}
	return s, err
}

// requireSession returns the caller's session, if it may still be used. A
// signed-in session ends when its visitor and its account become two customers,
// because an agent moved one of them. Without that check the messages of one
// person would be in the history of another.
func (a *API) requireSession(ctx context.Context, r *httpapi.Request) (webchat.Session, error) {
	s, err := a.verifySession(ctx, r)
	if err != nil || s.Account == "" {
		return s, err
	}
	same, err := a.Store.Customers.SameCustomer(ctx, s.Alias(), s.AccountAlias())
	if err == nil && !same {
		err = fault.New(fault.Unauthorized, "the session has ended: POST /chat/sessions returns a new one")
	}
	return s, err
}

// verifySession returns the session that the caller's token proves.
func (a *API) verifySession(ctx context.Context, r *httpapi.Request) (webchat.Session, error) {
	var s webchat.Session
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return s, fault.New(fault.Unauthorized, "a session token is required: POST /chat/sessions returns one")
	}
	err := a.withKeys(ctx, "sessionKey", func(keys [][]byte) (err error) {
		s, err = webchat.VerifySession(strings.TrimSpace(token), r.Now, keys...)
		return err
	})
	if err == nil && s.Site != a.Site {
		err = fault.New(fault.Unauthorized, "the session belongs to another site")
	}
	return s, err
}

// withKeys calls verify with the values of a secret. If they do not fit, it
// reads the secret again and tries once more.
func (a *API) withKeys(ctx context.Context, name string, verify func(keys [][]byte) error) error {
	err := a.withCachedKeys(ctx, name, verify)
	if !fault.Is(err, fault.Unauthorized) {
		return err
	}
	if changed, refreshErr := a.Secrets.Refresh(ctx); refreshErr != nil || !changed {
		return err
	}
	return a.withCachedKeys(ctx, name, verify)
}

// withCachedKeys calls verify with the cached values of a secret. Without a key
// it refuses every token.
func (a *API) withCachedKeys(ctx context.Context, name string, verify func(keys [][]byte) error) error {
	values, err := a.Secrets.Values(ctx, name)
	if fault.Is(err, fault.Internal) {
		slog.WarnContext(ctx, "no key in the web chat secret", "name", name)
		return fault.New(fault.Unauthorized, "the token is not valid")
	}
	if err != nil {
		return err
	}
	keys := make([][]byte, len(values))
	for i, v := range values {
		keys[i] = []byte(v)
	}
	return verify(keys)
}
