package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/config"
)

func TestMust_MissingVariablePanics(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(){
		"text": func() { config.Must("HEARD_TEST_NOT_SET") },
		"list": func() { config.List("HEARD_TEST_NOT_SET") },
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, "HEARD_TEST_NOT_SET") {
					t.Errorf("%s: panic %q, want the variable's name in it", name, got)
				}
			}()
			read()
		}()
	}
}

func TestVariables_Forms(t *testing.T) {
	t.Setenv("HEARD_TEST_LIST", " billing, it ,,")
	t.Setenv("HEARD_TEST_NUMBER", "42")
	if got := config.List("HEARD_TEST_LIST"); !slices.Equal(got, []string{"billing", "it"}) {
		t.Errorf("List() = %q, want billing and it", got)
	}
	if got := config.Int("HEARD_TEST_NUMBER", 7); got != 42 {
		t.Errorf("Int() = %d, want 42", got)
	}
	if got := config.Int("HEARD_TEST_NOT_SET", 7); got != 7 {
		t.Errorf("Int() of an unset variable = %d, want 7", got)
	}
	if got := config.Or("HEARD_TEST_NOT_SET", "x"); got != "x" {
		t.Errorf("Or() of an unset variable = %q, want x", got)
	}
}

func TestAWS_Retries(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	r := config.AWS(t.Context()).Retryer()
	if n := r.MaxAttempts(); n != 3 {
		t.Errorf("MaxAttempts() = %d, want 3", n)
	}
	for attempt := range 3 {
		if d, err := r.RetryDelay(attempt, nil); err != nil || d > 300e6 {
			t.Errorf("RetryDelay(%d) = %v, %v, want at most 300ms", attempt, d, err)
		}
	}
}
