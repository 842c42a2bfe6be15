package api

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// maxReasons bounds what one contact is about.
const maxReasons = 5

// A verdict is what an agent says a contact is about; no reasons at all says
// that it is none of those known.
type verdict struct {
	Reasons *[]struct {
		Reason  string `json:"reason"`
		Product string `json:"product"`
	} `json:"reasons"`
}

// correct keeps what an agent says a contact is about. Triage, which hears of
// it by the table's stream, makes the contact anew with it, and has problems
// count as if it had been known at once.
func (a *Agents) correct(ctx context.Context, r *request) (reply, error) {
	var b verdict
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	causes, err := a.causes(b)
	if err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	k, first, member, err := a.Store.ContactByID(ctx, c, r.param("contact"))
	if err != nil {
		return reply{}, err
	}
	now := r.now.Truncate(time.Millisecond)
	said := contact.Correction{
		Customer: member, Message: first, Causes: causes, Until: now, By: r.caller(), At: now,
		Was: append([]contact.Cause{}, k.Causes...), Taxonomy: k.Taxonomy,
	}
	if err := a.Store.PutCorrection(ctx, said); err != nil {
		return reply{}, err
	}
	return reply{body: said}, nil
}

// causes checks what an agent says against the taxonomy.
func (a *Agents) causes(b verdict) ([]contact.Cause, error) {
	if b.Reasons == nil || len(*b.Reasons) > maxReasons {
		return nil, fault.New(fault.Invalid, "reasons must be a list of at most %d; an empty one says that none is known", maxReasons)
	}
	t, causes := a.Taxonomy(), []contact.Cause{}
	for _, x := range *b.Reasons {
		if _, ok := t.Reason(x.Reason); !ok {
			return nil, fault.New(fault.Invalid, "reason: the taxonomy has no such reason")
		}
		if x.Product != "" {
			if err := a.checkProduct("product", x.Product); err != nil {
				return nil, err
			}
		}
		cause := contact.Cause{Reason: x.Reason, Product: x.Product, Department: t.Owner(x.Reason, x.Product), Confidence: 1, Corrected: true}
		for _, c := range causes {
			if c.Same(cause) {
				return nil, fault.New(fault.Invalid, "reasons holds the same reason and product twice")
			}
		}
		causes = append(causes, cause)
	}
	return causes, nil
}

// A correctionPage is what agents corrected: labelled examples.
type correctionPage struct {
	Corrections []contact.Correction `json:"corrections"`
	Cursor      string               `json:"cursor,omitempty"`
	Complete    bool                 `json:"complete"`
}

func (a *Agents) corrections(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	limit, cursor, since := q.limit(), q.text("cursor"), q.text("since")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	var from time.Time
	if since != "" {
		var err error
		if from, err = instant("since", since); err != nil {
			return reply{}, err
		}
	}
	all, err := walk(a.Store, "corrections", cursor, func(place string) ([]contact.Correction, string, error) {
		return a.Store.Corrections(ctx, from, limit, place)
	})
	return reply{body: correctionPage{Corrections: all.items, Cursor: all.cursor, Complete: all.complete}}, err
}

// A reclassifying asks for contacts to be classified anew.
type reclassifying struct {
	Since string `json:"since"`
}

// reclassify has triage classify the contacts of a customer by the taxonomy
// as it is now: those in which something was said since a time.
func (a *Agents) reclassify(ctx context.Context, r *request) (reply, error) {
	var b reclassifying
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	since, err := instant("since", b.Since)
	if err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	if err := a.Store.AskAgain(ctx, c.ID, since, r.now); err != nil {
		return reply{}, err
	}
	return reply{status: 202, body: map[string]any{"customerId": c.ID, "since": since.UTC()}}, nil
}
