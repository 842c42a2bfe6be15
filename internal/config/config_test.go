package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/config"
)

func TestAMissingVariableStopsTheProgramAndIsNamed(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(){
		"text": func() { config.Must("HEARD_TEST_NOT_SET") },
		"list": func() { config.List("HEARD_TEST_NOT_SET") },
	} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, "HEARD_TEST_NOT_SET") {
					t.Errorf("%s: said %q", name, said)
				}
			}()
			read()
		}()
	}
}

func TestVariablesAreReadInTheirForm(t *testing.T) {
	t.Setenv("HEARD_TEST_LIST", " billing, it ,,")
	t.Setenv("HEARD_TEST_NUMBER", "42")
	if got := config.List("HEARD_TEST_LIST"); !slices.Equal(got, []string{"billing", "it"}) {
		t.Errorf("list %q", got)
	}
	if got := config.Int("HEARD_TEST_NUMBER", 7); got != 42 {
		t.Errorf("number %d", got)
	}
	if got := config.Int("HEARD_TEST_NOT_SET", 7); got != 7 {
		t.Errorf("number not set %d", got)
	}
	if got := config.Or("HEARD_TEST_NOT_SET", "x"); got != "x" {
		t.Errorf("text not set %q", got)
	}
}

func TestADependencyIsTriedThreeTimesCloseTogether(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	r := config.AWS(t.Context()).Retryer()
	if n := r.MaxAttempts(); n != 3 {
		t.Errorf("%d attempts", n)
	}
	for attempt := range 3 {
		if d, err := r.RetryDelay(attempt, nil); err != nil || d > 300e6 {
			t.Errorf("waits %v before attempt %d, %v", d, attempt, err)
		}
	}
}
