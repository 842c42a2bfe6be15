// Package secret reads secrets from Secrets Manager: kept for five minutes,
// current and previous version both, so that a rotation drops nothing.
package secret

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/heard-intake/heard/internal/fault"
)

const (
	keptFor = 5 * time.Minute
	// refreshEvery bounds what somebody who sends wrong signatures can make
	// us ask for.
	refreshEvery = 10 * time.Second
)

// A Secret is one secret: a JSON object of named values. It is safe for
// concurrent use.
type Secret struct {
	client *secretsmanager.Client
	id     string
	now    func() time.Time

	mu       sync.Mutex
	versions []map[string]string // current first
	read     time.Time
}

// New returns the secret with that name or ARN. Nothing is read yet.
func New(client *secretsmanager.Client, id string) *Secret {
	return &Secret{client: client, id: id, now: time.Now}
}

// Values returns the named value in the current and, if there is one, the
// previous version. An empty or missing current value is [fault.Internal].
func (s *Secret) Values(ctx context.Context, name string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.read) > keptFor {
		if err := s.load(ctx); err != nil {
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
		return nil, fault.New(fault.Internal, "secret: %s is not set", name)
	}
	return out, nil
}

// Value returns the named value in the current version.
func (s *Secret) Value(ctx context.Context, name string) (string, error) {
	vs, err := s.Values(ctx, name)
	if err != nil {
		return "", err
	}
	return vs[0], nil
}

// Refresh reads the secret anew, at most every ten seconds, and reports
// whether it did: a signature that failed may be made with a newer secret.
func (s *Secret) Refresh(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.read) < refreshEvery {
		return false, nil
	}
	return true, s.load(ctx)
}

func (s *Secret) load(ctx context.Context) error {
	current, err := s.version(ctx, "AWSCURRENT")
	if err != nil {
		return err
	}
	s.versions = []map[string]string{current}
	previous, err := s.version(ctx, "AWSPREVIOUS")
	if err != nil {
		return err
	}
	if previous != nil {
		s.versions = append(s.versions, previous)
	}
	s.read = s.now()
	return nil
}

func (s *Secret) version(ctx context.Context, stage string) (map[string]string, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.id, VersionStage: &stage})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing && stage != "AWSCURRENT" {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "read secret")
	}
	var v map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &v); err != nil {
		return nil, fault.New(fault.Internal, "secret: not a JSON object of strings")
	}
	return v, nil
}
