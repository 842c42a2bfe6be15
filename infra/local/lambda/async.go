package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
)

// A Failure is an asynchronous invocation that was given up after its last
// attempt.
type Failure struct {
	Function  string
	ARN       string
	RequestID string
	Payload   []byte
	Attempts  int
	Result    Result
}

// Record returns the JSON that AWS sends to the on-failure destination.
func (f Failure) Record() []byte {
	out, err := json.Marshal(map[string]any{
		"version":   "1.0",
		"timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"requestContext": map[string]any{
			"requestId":              f.RequestID,
			"functionArn":            f.ARN + ":$LATEST",
			"condition":              "RetriesExhausted",
			"approximateInvokeCount": f.Attempts,
		},
		"requestPayload": rawJSONOrText(f.Payload),
		"responseContext": map[string]any{
			"statusCode":      200,
			"executedVersion": "$LATEST",
			"functionError":   f.Result.FunctionError,
		},
		"responsePayload": rawJSONOrText(f.Result.Payload),
	})
	if err != nil {
		panic(err) // strings, numbers and valid JSON always encode
	}
	return out
}

func rawJSONOrText(b []byte) any {
	if json.Valid(b) {
		return json.RawMessage(b)
	}
	return string(b)
}

// InvokeAsync starts an invocation and returns its request id. A failed
// invocation is retried up to the function's Retries, and then passed to
// OnFailure. Queued events are in memory only: Close drops them.
func (m *Manager) InvokeAsync(name string, payload []byte) (requestID string, err error) {
	if len(payload) > MaxRequest {
		return "", ErrTooLarge
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	fn := m.functions[name]
	if fn == nil {
		return "", ErrNotFound
	}
	if m.closed {
		return "", ErrClosed
	}
	requestID = uuid.NewString()
	m.async.Go(func() { m.invokeWithRetries(fn, requestID, payload) })
	return requestID, nil
}

func (m *Manager) invokeWithRetries(fn *function, requestID string, payload []byte) {
	wait := m.cfg.Backoff
	for attempt := 1; ; {
		r, err := m.invokeWithID(m.ctx, fn.Name, requestID, payload)
		switch {
		case m.ctx.Err() != nil:
			return
		case errors.Is(err, ErrThrottled): // retried without limit; does not count as an attempt
		case err == nil && r.FunctionError == "":
			return
		case attempt > fn.Retries:
			if m.cfg.OnFailure != nil {
				m.cfg.OnFailure(Failure{fn.Name, fn.ARN, requestID, payload, attempt, r})
			}
			return
		default:
			attempt++
		}
		if sleepContext(m.ctx, wait) != nil {
			return
		}
		wait = min(2*wait, 5*time.Minute)
	}
}

func sleepContext(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
