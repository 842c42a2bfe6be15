package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
)

// exportCorrections prints the corrections by agents, one JSON line each.
func (t *tool) exportCorrections(ctx context.Context, args []string) error {
	f := t.newFlagSet("corrections")
	text := f.Bool("text", false, "print the customers' texts, with personal data masked, instead of references")
	q := url.Values{"limit": {"200"}}
	set := func(name string) func(string) error {
		return func(v string) error { q.Set(name, v); return nil }
	}
	f.Func("since", "only corrections from this `time` on, such as 2026-03-01T00:00:00Z", set("since"))
	f.Func("until", "only corrections before this `time`", set("until"))
	f.Func("cursor", "continue an earlier call that stopped, from its `cursor`", set("cursor"))
	c, err := t.parseAndOpen(ctx, f, args, 0, 0)
	if err != nil {
		return err
	}
	path := "/v1/corrections"
	if *text {
		path = "/v1/examples"
	}
	for {
		var page struct {
			Corrections, Examples []json.RawMessage
			Cursor                string
		}
		if err := c.Call(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &page); err != nil {
			return t.withCursor(fmt.Errorf("read %s: %w", path, err), q.Get("cursor"))
		}
		for _, line := range slices.Concat(page.Corrections, page.Examples) {
			if _, err := fmt.Fprintf(t.out, "%s\n", line); err != nil {
				return t.withCursor(err, q.Get("cursor"))
			}
		}
		if page.Cursor == "" {
			return nil
		}
		q.Set("cursor", page.Cursor)
	}
}

// withCursor adds to the error of an unfinished task how to continue it.
func (t *tool) withCursor(err error, cursor string) error {
	if cursor == "" {
		return withRemedy(err)
	}
	return fmt.Errorf("%w\n  to continue, add -cursor %s", withRemedy(err), cursor)
}

// reclassifyPage is the API's response to one request to reclassify contacts.
type reclassifyPage struct {
	Taxonomy        string
	Examined, Found int
	Changes         []struct {
		Was, Now []string
		Contacts int
	}
	Cursor string
}

// reclassifyContacts classifies the contacts of a reason again, or shows what
// that would change.
func (t *tool) reclassifyContacts(ctx context.Context, args []string) error {
	f := t.newFlagSet("reclassify")
	body := map[string]any{}
	set := func(name string) func(string) error {
		return func(v string) error { body[name] = v; return nil }
	}
	f.Func("reason", "required: the `id` of a reason, or unknown", set("reason"))
	retired := f.Bool("retired", false, "the reason is in an older taxonomy only")
	f.Func("since", "required: only contacts that began from this `time` on, such as 2026-03-01T00:00:00Z", set("since"))
	f.Func("until", "only contacts that began before this `time`; default: now", set("until"))
	f.Func("cursor", "continue an earlier call that stopped, from its `cursor`", set("cursor"))
	dry := f.Bool("dry-run", false, "only show the changes")
	if err := t.parseArgs(f, args, 0, 0); err != nil {
		return err
	}
	if body["reason"] == nil || body["since"] == nil {
		return errors.New("-reason and -since are required, such as -reason unknown -since 2026-03-01T00:00:00Z")
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	body["dryRun"] = *dry
	body["retired"] = *retired
	all, sum, err := t.reclassifyAll(ctx, c, body)
	if err != nil {
		return err
	}
	for _, line := range slices.SortedFunc(maps.Keys(sum), func(a, b string) int { return cmp.Or(cmp.Compare(sum[b], sum[a]), cmp.Compare(a, b)) }) {
		fmt.Fprintf(t.out, "%6d  %s\n", sum[line], line)
	}
	if *dry {
		fmt.Fprintf(t.out, "%d contacts were classified by a taxonomy other than %s; nothing was changed\n", all.Found, all.Taxonomy)
		t.printHint("run the same command without -dry-run to reclassify them")
		return nil
	}
	fmt.Fprintf(t.out, "%d contacts are being classified by taxonomy %s\n", all.Found, all.Taxonomy)
	t.printHint("heardctl problems shows the problems after the change")
	return nil
}

// reclassifyAll repeats the request until the whole table is done. It returns the
// totals, and the number of contacts for each change of reasons.
func (t *tool) reclassifyAll(ctx context.Context, c *stackclient.Client, body map[string]any) (all reclassifyPage, sum map[string]int, err error) {
	sum = map[string]int{}
	for {
		var some reclassifyPage
		if err := c.Call(ctx, http.MethodPost, "/v1/reclassify", body, &some); err != nil {
			cursor, _ := body["cursor"].(string)
			return all, nil, t.withCursor(fmt.Errorf("reclassify the contacts: %w", err), cursor)
		}
		all.Taxonomy = some.Taxonomy
		all.Found += some.Found
		for _, d := range some.Changes {
			sum[joinReasons(d.Was)+" -> "+joinReasons(d.Now)] += d.Contacts
		}
		if some.Cursor == "" {
			return all, sum, nil
		}
		body["cursor"] = some.Cursor
	}
}

func joinReasons(all []string) string { return cmp.Or(strings.Join(all, ", "), "unknown") }
