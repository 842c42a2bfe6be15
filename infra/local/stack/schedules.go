package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/infra/local/template"
)

var rateForm = regexp.MustCompile(`^rate\(([1-9][0-9]{0,4}) (minute|hour|day)s?\)$`)

// rate returns how often a schedule runs.
func rate(s template.Schedule) (time.Duration, error) {
	m := rateForm.FindStringSubmatch(s.Expression)
	if m == nil {
		return 0, fmt.Errorf("%s: the schedule %q is not run locally; write rate(1 minute)", s.ID, s.Expression)
	}
	n, err := strconv.Atoi(m[1])
	return time.Duration(n) * map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]], err
}

// startSchedules runs what the template schedules, unless that is left to
// [Stack.Tick].
func (s *Stack) startSchedules() {
	for _, f := range s.Model.Functions {
		for _, sc := range f.Schedules {
			if every, err := rate(sc); err == nil && sc.Enabled && !s.cfg.Still {
				s.running.Go(func() { s.keepTime(f, sc, every) })
			}
		}
	}
}

func (s *Stack) keepTime(f template.Function, sc template.Schedule, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case at := <-tick.C:
			if _, err := s.lambda.InvokeAsync(f.Name, scheduled(sc, at)); err != nil {
				s.cfg.Log.Error("schedule", "function", f.Name, "err", err)
			}
		case <-s.run.Done():
			return
		}
	}
}

// Tick runs every schedule once and waits for it, as if the time were at.
func (s *Stack) Tick(ctx context.Context, at time.Time) error {
	for _, f := range s.Model.Functions {
		for _, sc := range f.Schedules {
			_, failure, err := s.invoke(ctx, f.Name, scheduled(sc, at))
			if err != nil {
				return err
			}
			if failure != "" {
				return fmt.Errorf("%s: %s", f.Name, failure)
			}
		}
	}
	return nil
}

// scheduled is the event that EventBridge makes for a schedule.
func scheduled(sc template.Schedule, at time.Time) []byte {
	if sc.Input != "" {
		return []byte(sc.Input)
	}
	out, err := json.Marshal(map[string]any{
		"version": "0", "id": uuid.NewString(), "detail-type": "Scheduled Event", "source": "aws.events",
		"account": accountID, "region": region, "time": at.UTC().Format(time.RFC3339), "detail": map[string]any{},
		"resources": []string{fmt.Sprintf("arn:aws:events:%s:%s:rule/%s", region, accountID, sc.ID)},
	})
	if err != nil {
		panic(err) // text and maps
	}
	return out
}
