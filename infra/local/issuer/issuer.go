// Package issuer is an OpenID Connect issuer for the local stack. It publishes
// its public key and signs tokens for agents and departments.
//
// It has no login. The private key is in a folder, and every process that can
// read the folder can sign tokens. heardctl signs its own tokens this way.
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

// An Issuer signs tokens and serves the key set that verifies them.
type Issuer struct {
	url string
	key *rsa.PrivateKey
	kid string
	mux *http.ServeMux
}

// Claims are the claims of one token.
type Claims struct {
	Subject    string
	Audience   string
	Scopes     []string
	Department string        // whose problems the token reaches, several by spaces; empty for no such claim
	TTL        time.Duration // 0 means one hour
}

// Open opens the issuer in a folder. It creates the key and stores the URL
// there. If url is empty, Open uses the URL that was stored last; without a
// stored URL it fails. Concurrent calls for one folder use the same key.
func Open(dir, url string) (*Issuer, error) {
	key, err := openKeyFile(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("open issuer: %w", err)
	}
	url, err = storeOrReadURL(filepath.Join(dir, urlFile), strings.TrimSuffix(url, "/"))
	if err != nil {
		return nil, fmt.Errorf("open issuer: %w", err)
	}
	i := &Issuer{url: url, key: key, kid: thumbprint(&key.PublicKey), mux: http.NewServeMux()}
	i.mux.HandleFunc("GET /.well-known/openid-configuration", i.serveConfiguration)
	i.mux.HandleFunc("GET /.well-known/jwks.json", i.serveKeys)
	return i, nil
}

// URL returns the issuer's URL, the claim iss of its tokens.
func (i *Issuer) URL() string { return i.url }

// Token returns a signed JWT (RS256) that is valid from now.
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
	writeJSON(w, map[string]any{
		"issuer":                                i.url,
		"jwks_uri":                              i.url + "/.well-known/jwks.json",
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	n, e := encodeKeyParts(&i.key.PublicKey)
	writeJSON(w, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": i.kid, "n": n, "e": e,
	}}})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// openKeyFile reads the private key, and creates it first if the file is
// missing. If two processes create it at once, both use the file that was linked
// first.
func openKeyFile(path string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(path) //nolint:gosec // in the stack's data folder
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKeyFile(path); err != nil {
			return nil, fmt.Errorf("create the signing key: %w", err)
		}
		text, err = os.ReadFile(path) //nolint:gosec // in the stack's data folder
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not a PEM key: delete it to create a new one", path)
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s is not an RSA key: delete it to create a new one: %w", path, err)
	}
	return key, nil
}

func createKeyFile(path string) error {
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

// storeOrReadURL stores url and returns it. If url is empty, it returns the
// stored URL.
func storeOrReadURL(path, url string) (string, error) {
	if url != "" {
		return url, os.WriteFile(path, []byte(url+"\n"), 0o600)
	}
	text, err := os.ReadFile(path) //nolint:gosec // in the stack's data folder
	return strings.TrimSpace(string(text)), err
}

// thumbprint returns the key id: the JWK thumbprint of RFC 7638.
func thumbprint(key *rsa.PublicKey) string {
	n, e := encodeKeyParts(key)
	sum := sha256.Sum256(fmt.Appendf(nil, `{"e":%q,"kty":"RSA","n":%q}`, e, n))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// encodeKeyParts returns modulus and exponent in base64url, as in a JWK.
func encodeKeyParts(key *rsa.PublicKey) (n, e string) {
	enc := base64.RawURLEncoding
	return enc.EncodeToString(key.N.Bytes()), enc.EncodeToString(big.NewInt(int64(key.E)).Bytes())
}
