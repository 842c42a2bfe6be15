// Package secrets stands in for AWS Secrets Manager in the local stack: secrets with versions and stages, so that a rotation
// can be practised. It knows the calls that Heard and its operator make, and refuses every other by name.
//
// All secrets are one file, written anew at each change: a kill loses nothing that was answered. The file is as open as its
// permissions are: these secrets protect a machine's own stack, and nothing else.
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

// The stages that move by themselves.
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// Config says where the secrets are kept. Only File is needed.
type Config struct {
	File      string
	Region    string // in ARNs; empty means eu-west-1
	AccountID string // in ARNs; empty means 000000000000
}

// Server is the stand-in, as an http.Handler.
type Server struct {
	file   string
	prefix string // of an ARN

	mu      sync.Mutex
	secrets map[string]*secret // by name
}

// secret is one secret, as it lies in the file.
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
	Stages  []string  `json:"stages"` // none: nobody reads it any more
}

// New opens the file; there need not be one yet.
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

// Ensure makes a secret with that value unless there is one by that name, and returns the ARN of the one that there is.
func (s *Server) Ensure(name, value string) (arn string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.find(name); found != nil {
		return found.ARN, nil
	}
	made, err := s.create(createRequest{Name: name, putRequest: putRequest{SecretString: &value}})
	if err != nil {
		return "", err
	}
	return made.ARN, nil
}

// find takes a name, an ARN, or an ARN without the six letters at its end. It returns nil for none.
func (s *Server) find(id string) *secret {
	for _, found := range s.secrets {
		if id == found.Name || id == found.ARN || id == s.prefix+found.Name {
			return found
		}
	}
	return nil
}

func (s *Server) create(in createRequest) (*secret, error) {
	now := time.Now()
	made := &secret{
		ARN: s.prefix + in.Name + "-" + rand.Text()[:6], Name: in.Name, Description: in.Description,
		Created: now, Changed: now, Versions: map[string]*version{},
	}
	if in.SecretString != nil || in.SecretBinary != nil {
		made.add(in.putRequest, now)
	}
	s.secrets[in.Name] = made
	if err := s.save(); err != nil {
		delete(s.secrets, in.Name)
		return nil, err
	}
	return made, nil
}

// add gives a secret another version. A stage is with one version at a time; the version that was current becomes previous.
func (s *secret) add(in putRequest, now time.Time) *version {
	stages := in.VersionStages
	if len(stages) == 0 {
		stages = []string{current}
	}
	if old := s.staged(current); old != nil && slices.Contains(stages, current) {
		s.unstage(previous)
		old.Stages = append(old.Stages, previous)
	}
	for _, stage := range stages {
		s.unstage(stage)
	}
	added := &version{String: in.SecretString, Binary: in.SecretBinary, Created: now, Stages: stages}
	s.Versions[cmp.Or(in.ClientRequestToken, uuid.NewString())] = added
	s.Changed = now
	return added
}

func (s *secret) staged(stage string) *version {
	for _, v := range s.Versions {
		if slices.Contains(v.Stages, stage) {
			return v
		}
	}
	return nil
}

func (s *secret) unstage(stage string) {
	for _, v := range s.Versions {
		v.Stages = slices.DeleteFunc(v.Stages, func(have string) bool { return have == stage })
	}
}

// clone lets a change be dropped when it cannot be saved.
func (s *secret) clone() *secret {
	c := *s
	c.Versions = maps.Clone(s.Versions)
	for id, v := range c.Versions {
		w := *v
		w.Stages = slices.Clone(v.Stages)
		c.Versions[id] = &w
	}
	return &c
}

// save writes the file beside itself and renames it.
func (s *Server) save() error {
	content, err := json.MarshalIndent(s.secrets, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(s.file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(s.file)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // which is gone when all went well
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), s.file); err != nil {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // a path of ours
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
