package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/infra/local/template"
)

var rateForm = regexp.MustCompile(`^rate\(([1-9][0-9]{0,4}) (minute|hour|day)s?\)$`)

// scheduleInterval returns the interval of a schedule. It supports rate
// expressions only.
func scheduleInterval(s template.Schedule) (time.Duration, error) {
	m := rateForm.FindStringSubmatch(s.Expression)
	if m == nil {
		return 0, fmt.Errorf("%s: the schedule %q is not run locally: use a rate such as rate(1 minute)", s.ID, s.Expression)
	}
	n, err := strconv.Atoi(m[1])
	return time.Duration(n) * map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]], err
}

// startSchedules starts the enabled schedules of the template, except those that
// Config.Still or Config.Idle turns off.
func (s *Stack) startSchedules() {
	for _, f := range s.Model.Functions {
		for _, sc := range f.Schedules {
			isOff := s.cfg.Still || slices.Contains(s.cfg.Idle, folderName(f))
			if every, err := scheduleInterval(sc); err == nil && sc.Enabled && !isOff {
				s.background.Go(func() { s.runSchedule(f, sc, every) })
			}
		}
	}
}

// runSchedule invokes a function at an interval until the stack closes.
func (s *Stack) runSchedule(f template.Function, sc template.Schedule, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case at := <-tick.C:
			if _, err := s.lambda.InvokeAsync(f.Name, scheduleEvent(sc, at)); err != nil {
				s.cfg.Log.Error("scheduled invocation failed", "function", f.Name, "err", err)
			}
		case <-s.run.Done():
			return
		}
	}
}

// Tick passes a minute: it invokes the function of every schedule that runs each
// minute once, with at as the time of the event, and waits until they return. Use
// [Stack.RunSchedules] for a function that runs less often.
func (s *Stack) Tick(ctx context.Context, at time.Time) error {
	return s.runSchedules(ctx, at, func(_ template.Function, every time.Duration) bool { return every <= time.Minute })
}

// RunSchedules invokes a function, given by its folder name under functions/, as its
// schedules do, and waits until it returns.
func (s *Stack) RunSchedules(ctx context.Context, function string, at time.Time) error {
	return s.runSchedules(ctx, at, func(f template.Function, _ time.Duration) bool { return folderName(f) == function })
}

func (s *Stack) runSchedules(ctx context.Context, at time.Time, selects func(template.Function, time.Duration) bool) error {
	for _, f := range s.Model.Functions {
		for _, sc := range f.Schedules {
			every, err := scheduleInterval(sc)
			if err != nil {
				return err
			}
			if !selects(f, every) {
				continue
			}
			_, failure, err := s.invokeAndCount(ctx, f.Name, scheduleEvent(sc, at))
			if err != nil {
				return fmt.Errorf("invoke %s for schedule %s: %w", f.Name, sc.ID, err)
			}
			if failure != "" {
				return fmt.Errorf("%s: %s", f.Name, failure)
			}
		}
	}
	return nil
}

// scheduleEvent returns the event that EventBridge sends for a schedule.
func scheduleEvent(sc template.Schedule, at time.Time) []byte {
	if sc.Input != "" {
		return []byte(sc.Input)
	}
	out, err := json.Marshal(map[string]any{
		"version": "0", "id": uuid.NewString(), "detail-type": "Scheduled Event", "source": "aws.events",
		"account": accountID, "region": region, "time": at.UTC().Format(time.RFC3339), "detail": map[string]any{},
		"resources": []string{fmt.Sprintf("arn:aws:events:%s:%s:rule/%s", region, accountID, sc.ID)},
	})
	if err != nil {
		panic(err) // strings always encode
	}
	return out
}
