// Package secret reads secrets from AWS Secrets Manager. It caches them for five
// minutes. It returns the current and the previous version, so that a signature
// made with the old secret is still accepted during a rotation.
package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/heard-intake/heard/internal/fault"
)

const (
	cacheTime = 5 * time.Minute
	// minRefreshInterval limits the requests to Secrets Manager that a sender of
	// wrong signatures can cause.
	minRefreshInterval = 10 * time.Second
)

// A Secret is one secret of Secrets Manager, a JSON object of named string
// values. It is safe for concurrent use.
type Secret struct {
	client *secretsmanager.Client
	id     string
	now    func() time.Time

	mu       sync.Mutex
	versions []map[string]string // current first
	readAt   time.Time
}

// New returns the secret with that name or ARN. It does not read it yet.
func New(client *secretsmanager.Client, id string) *Secret {
	return &Secret{client: client, id: id, now: time.Now}
}

// Values returns the named value of the current version, followed by that of the
// previous version if it has one. A missing or empty current value is a
// [fault.Internal].
func (s *Secret) Values(ctx context.Context, name string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.readAt) > cacheTime {
		if err := s.loadVersions(ctx); err != nil {
			return nil, err
		}
	}
	var out []string
	for _, v := range s.versions {
		if v[name] != "" {
			out = append(out, v[name])
		}
	}
	if len(s.versions) == 0 || s.versions[0][name] == "" {
		return nil, fault.New(fault.Internal, "secret %s: value %s is not set", s.id, name)
	}
	return out, nil
}

// Value returns the named value of the current version.
func (s *Secret) Value(ctx context.Context, name string) (string, error) {
	vs, err := s.Values(ctx, name)
	if err != nil {
		return "", err
	}
	return vs[0], nil
}

// Refresh reads the secret again, unless it was read in the last ten seconds. It
// reports whether it read the secret. Callers use it when a signature does not
// match, because the sender may already use a newer secret.
func (s *Secret) Refresh(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.readAt) < minRefreshInterval {
		return false, nil
	}
	return true, s.loadVersions(ctx)
}

func (s *Secret) loadVersions(ctx context.Context) error {
	current, err := s.readVersion(ctx, "AWSCURRENT")
	if err != nil {
		return fmt.Errorf("secret %s: %w", s.id, err)
	}
	s.versions = []map[string]string{current}
	previous, err := s.readVersion(ctx, "AWSPREVIOUS")
	if err != nil {
		return fmt.Errorf("secret %s: %w", s.id, err)
	}
	if previous != nil {
		s.versions = append(s.versions, previous)
	}
	s.readAt = s.now()
	return nil
}

// readVersion reads the version with a staging label. It returns nil if the
// secret has no previous version.
func (s *Secret) readVersion(ctx context.Context, stage string) (map[string]string, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.id, VersionStage: &stage})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing && stage != "AWSCURRENT" {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "read secret version %s", stage)
	}
	var v map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &v); err != nil {
		return nil, fault.New(fault.Internal, "version %s is not a JSON object of strings", stage)
	}
	return v, nil
}
