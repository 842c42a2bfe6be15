// Package secrets replaces AWS Secrets Manager in the local stack. Secrets have versions and stages, so that an operator can
// practise a rotation. It supports the four calls that Heard and its operator make: CreateSecret, PutSecretValue,
// GetSecretValue and DescribeSecret. Any other call fails with UnknownOperationException.
//
// All secrets are in one JSON file, which is replaced atomically at each change: a kill loses no acknowledged change. The file
// is not encrypted. These secrets protect only the local stack.
package secrets

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// The stages that PutSecretValue moves by default.
const (
	stageCurrent  = "AWSCURRENT"
	stagePrevious = "AWSPREVIOUS"
)

// Config configures a Server. Only File is required.
type Config struct {
	File      string
	Region    string // in ARNs; empty means eu-west-1
	AccountID string // in ARNs; empty means 000000000000
}

// Server is an http.Handler that speaks the Secrets Manager protocol.
type Server struct {
	file   string
	prefix string // of every ARN

	mu      sync.Mutex
	secrets map[string]*secret // by name
}

// secret is one secret as it is stored in the file.
type secret struct {
	ARN         string              `json:"arn"`
	Name        string              `json:"name"`
	Description string              `json:"description,omitempty"`
	Created     time.Time           `json:"created"`
	Changed     time.Time           `json:"changed"`
	Versions    map[string]*version `json:"versions"` // by id
}

type version struct {
	String  *string   `json:"string,omitempty"`
	Binary  []byte    `json:"binary,omitempty"`
	Created time.Time `json:"created"`
	Stages  []string  `json:"stages"` // empty for a version that was replaced twice
}

// New reads the secrets from the file. A missing file means no secrets.
func New(cfg Config) (*Server, error) {
	s := &Server{
		file: cfg.File,
		prefix: fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:",
			cmp.Or(cfg.Region, "eu-west-1"), cmp.Or(cfg.AccountID, "000000000000")),
		secrets: map[string]*secret{},
	}
	content, err := os.ReadFile(cfg.File)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("local secrets: %w", err)
	}
	if err := json.Unmarshal(content, &s.secrets); err != nil {
		return nil, fmt.Errorf("local secrets: %s: %w", cfg.File, err)
	}
	return s, nil
}

// Ensure creates a secret with the value if no secret has the name, and returns the ARN of the secret. An existing secret
// keeps its value.
func (s *Server) Ensure(name, value string) (arn string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.findSecret(name); found != nil {
		return found.ARN, nil
	}
	created, err := s.addSecret(createRequest{Name: name, putRequest: putRequest{SecretString: &value}})
	if err != nil {
		return "", err
	}
	return created.ARN, nil
}

// findSecret returns the secret with a name, an ARN, or an ARN without its six-letter suffix, or nil. The caller holds mu.
func (s *Server) findSecret(id string) *secret {
	for _, found := range s.secrets {
		if id == found.Name || id == found.ARN || id == s.prefix+found.Name {
			return found
		}
	}
	return nil
}

func (s *Server) addSecret(in createRequest) (*secret, error) {
	now := time.Now()
	created := &secret{
		ARN: s.prefix + in.Name + "-" + rand.Text()[:6], Name: in.Name, Description: in.Description,
		Created: now, Changed: now, Versions: map[string]*version{},
	}
	if in.SecretString != nil || in.SecretBinary != nil {
		created.addVersion(in.putRequest, now)
	}
	s.secrets[in.Name] = created
	if err := s.saveFile(); err != nil {
		delete(s.secrets, in.Name)
		return nil, fmt.Errorf("save the secrets: %w", err)
	}
	return created, nil
}

// addVersion adds a version and moves the requested stages to it (default AWSCURRENT). One version has a stage at a time. If
// the new version becomes current, the old current version becomes AWSPREVIOUS.
func (s *secret) addVersion(in putRequest, now time.Time) *version {
	stages := in.VersionStages
	if len(stages) == 0 {
		stages = []string{stageCurrent}
	}
	if old := s.versionAtStage(stageCurrent); old != nil && slices.Contains(stages, stageCurrent) {
		s.removeStage(stagePrevious)
		old.Stages = append(old.Stages, stagePrevious)
	}
	for _, stage := range stages {
		s.removeStage(stage)
	}
	added := &version{String: in.SecretString, Binary: in.SecretBinary, Created: now, Stages: stages}
	s.Versions[cmp.Or(in.ClientRequestToken, uuid.NewString())] = added
	s.Changed = now
	return added
}

func (s *secret) versionAtStage(stage string) *version {
	for _, v := range s.Versions {
		if slices.Contains(v.Stages, stage) {
			return v
		}
	}
	return nil
}

func (s *secret) removeStage(stage string) {
	for _, v := range s.Versions {
		v.Stages = slices.DeleteFunc(v.Stages, func(have string) bool { return have == stage })
	}
}

// cloneSecret returns a deep copy, so that the caller can discard a change that cannot be saved.
func (s *secret) cloneSecret() *secret {
	c := *s
	c.Versions = maps.Clone(s.Versions)
	for id, v := range c.Versions {
		w := *v
		w.Stages = slices.Clone(v.Stages)
		c.Versions[id] = &w
	}
	return &c
}

// saveFile writes a temporary file, syncs it and renames it over the old file.
func (s *Server) saveFile() error {
	content, err := json.MarshalIndent(s.secrets, "", "  ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	dir := filepath.Dir(s.file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(s.file)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // fails after the rename, which is fine
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), s.file); err != nil {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // the path is ours
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
