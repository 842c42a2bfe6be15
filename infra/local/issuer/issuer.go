// Package issuer is an OpenID Connect issuer for the local stack: it has a
// key, publishes it, and signs tokens for agents and departments.
//
// It asks nobody who they are. The key lies in a folder, so whoever may read
// that folder (heardctl, beside the running stack) may sign.
package issuer

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	keyFile = "issuer.pem"
	urlFile = "issuer.url"
)

// An Issuer signs tokens, and serves what proves them.
type Issuer struct {
	url string
	key *rsa.PrivateKey
	kid string
	mux *http.ServeMux
}

// Claims are what a token says of its holder.
type Claims struct {
	Subject    string
	Audience   string
	Scopes     []string
	Department string        // whose problems the token reaches, several by spaces; empty for no such claim
	TTL        time.Duration // default an hour
}

// Open opens the issuer of a folder, and makes its key the first time. The
// issuer's URL is kept there too: with an empty url Open takes the last one.
func Open(dir, url string) (*Issuer, error) {
	key, err := openKey(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("open issuer: %w", err)
	}
	url, err = keepURL(filepath.Join(dir, urlFile), strings.TrimSuffix(url, "/"))
	if err != nil {
		return nil, fmt.Errorf("open issuer: %w", err)
	}
	i := &Issuer{url: url, key: key, kid: thumbprint(&key.PublicKey), mux: http.NewServeMux()}
	i.mux.HandleFunc("GET /.well-known/openid-configuration", i.serveConfiguration)
	i.mux.HandleFunc("GET /.well-known/jwks.json", i.serveKeys)
	return i, nil
}

// URL is the issuer's own, as in its tokens.
func (i *Issuer) URL() string { return i.url }

// Token signs a token. It is valid from now.
func (i *Issuer) Token(c Claims) (string, error) {
	now := time.Now()
	ttl := c.TTL
	if ttl == 0 {
		ttl = time.Hour
	}
	claims := jwt.MapClaims{
		"iss":   i.url,
		"sub":   c.Subject,
		"aud":   c.Audience,
		"iat":   now.Unix(),
		"nbf":   now.Unix(),
		"exp":   now.Add(ttl).Unix(),
		"jti":   uuid.NewString(),
		"scope": strings.Join(c.Scopes, " "),
	}
	if c.Department != "" {
		claims["department"] = c.Department
	}
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = i.kid
	return t.SignedString(i.key)
}

// ServeHTTP serves the discovery document and the key set.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) { i.mux.ServeHTTP(w, r) }

func (i *Issuer) serveConfiguration(w http.ResponseWriter, _ *http.Request) {
	serveJSON(w, map[string]any{
		"issuer":                                i.url,
		"jwks_uri":                              i.url + "/.well-known/jwks.json",
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	n, e := parts(&i.key.PublicKey)
	serveJSON(w, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": i.kid, "n": n, "e": e,
	}}})
}

func serveJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// openKey reads the key, or makes it. Two processes that make it at once
// agree: the first link wins.
func openKey(path string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the stack's own folder
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return nil, err
		}
		text, err = os.ReadFile(path) //nolint:gosec // the stack's own folder
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", path)
	}
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}

func makeKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	f, err := os.CreateTemp(filepath.Dir(path), keyFile) // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func keepURL(path, url string) (string, error) {
	if url != "" {
		return url, os.WriteFile(path, []byte(url+"\n"), 0o600)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the stack's own folder
	return strings.TrimSpace(string(text)), err
}

// thumbprint is the key's id, RFC 7638.
func thumbprint(key *rsa.PublicKey) string {
	n, e := parts(key)
	sum := sha256.Sum256(fmt.Appendf(nil, `{"e":%q,"kty":"RSA","n":%q}`, e, n))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func parts(key *rsa.PublicKey) (n, e string) {
	enc := base64.RawURLEncoding
	return enc.EncodeToString(key.N.Bytes()), enc.EncodeToString(big.NewInt(int64(key.E)).Bytes())
}
