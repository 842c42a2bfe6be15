package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// Bounds of an Idempotency-Key: its bytes, and for how long it is known. SQS
// keeps a message for 14 days.
const (
	maxKey  = 200
	keptKey = 30 * 24 * time.Hour
)

// onceOf returns the name that the caller gives a change by Idempotency-Key.
// Callers do not share names.
func onceOf(r *request) (problem.Once, error) {
	key := r.header("idempotency-key")
	if key == "" {
		return problem.Once{}, nil
	}
	if !printable(key, maxKey) {
		return problem.Once{}, fault.New(fault.Invalid, "Idempotency-Key may have %d letters, digits and signs, and no spaces", maxKey)
	}
	body, err := r.body(MaxBody)
	sum := sha256.Sum256(body)
	return problem.Once{Key: r.caller() + " " + key, Print: hex.EncodeToString(sum[:]), Expires: r.now.Add(keptKey)}, err
}

// made reports whether a change came before.
func (d *Departments) made(ctx context.Context, p problem.Record, once problem.Once, now time.Time) (bool, error) {
	if once.Key == "" {
		return false, nil
	}
	return d.Store.AlreadyApplied(ctx, p.ID, once, now)
}

// resend has the item of a problem's latest version put on its department's
// queue again: SQS keeps an item for 14 days, and a consumer may have lost one.
func (d *Departments) resend(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	if body, err := r.body(MaxBody); err != nil || len(body) > 0 {
		return reply{}, fault.New(fault.Invalid, "this takes no body")
	}
	for range maxTries {
		p, err := d.counted(ctx, r, caller)
		if err != nil {
			return reply{}, err
		}
		p.Resent++
		err = d.Store.SaveProblem(ctx, p)
		if err == nil {
			p = p.Saved()
			return reply{body: view(p), etag: tag(p)}, nil
		}
		if fault.KindOf(err) != fault.Conflict {
			return reply{}, err
		}
	}
	return reply{}, fault.New(fault.Unavailable, "the problem keeps changing")
}
