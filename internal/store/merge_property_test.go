package store_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// A world is what happened to a few customers, and an oracle of whose is what:
// it keeps messages, moves and merges as lists, and computes from those.
type world struct {
	t     *rapid.T
	ctx   context.Context
	table *store.Table
	db    *dynamodb.Client
	base  int // of the numbers of this world
	clock time.Time

	first    map[int]identity.CustomerID // who had an alias first
	moves    map[int][]moved
	messages []sent
	told     map[message.ID]map[string]time.Time         // of each message, when it reached a status first
	edits    map[message.ID]message.Effect               // the latest
	parent   map[identity.CustomerID]identity.CustomerID // merged into
	ids      []identity.CustomerID
}

type moved struct {
	from time.Time
	to   identity.CustomerID
}

type sent struct {
	message.Message
	alias int
}

const aliases = 4

// owner is whose a message is, by the oracle.
func (w *world) owner(m sent) identity.CustomerID {
	who := w.first[m.alias]
	for _, mv := range w.moves[m.alias] {
		if !m.SentAt.Before(mv.from) {
			who = mv.to
		}
	}
	return who
}

func (w *world) root(id identity.CustomerID) identity.CustomerID {
	for w.parent[id] != "" {
		id = w.parent[id]
	}
	return id
}

func (w *world) tick() {
	w.clock = w.clock.Add(time.Duration(rapid.IntRange(1, 40).Draw(w.t, "minutes")) * time.Minute)
}

// ago is a time not after now, in seconds, as WhatsApp tells it.
func (w *world) ago(most int) time.Time {
	return w.clock.Add(-time.Duration(rapid.IntRange(0, most).Draw(w.t, "ago")) * time.Second)
}

func (w *world) phone(n int) identity.Address {
	return verified(identity.Phone, "", fmt.Sprintf("3197011%04d%d", w.base, n))
}

func (w *world) ok(err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) meet(id identity.CustomerID) {
	if !slices.Contains(w.ids, id) {
		w.ids = append(w.ids, id)
	}
}

// deliver does what the intake does with a message.
func (w *world) deliver(m sent) bool {
	id, err := w.table.Customers.Identify(w.ctx, []identity.Address{m.Customer}, identity.Evidence{Rule: identity.RuleWebhook, Ref: string(m.ID), At: m.SentAt})
	w.ok(err)
	if w.first[m.alias] == "" {
		w.first[m.alias] = id
	}
	w.meet(id)
	m.CustomerID = id
	created, err := w.table.Messages.Put(w.ctx, m.Message, "")
	w.ok(err)
	return created
}

func (w *world) say() {
	n := rapid.IntRange(0, aliases-1).Draw(w.t, "alias")
	at := w.ago(4 * 3600)
	provider := fmt.Sprintf("wamid.%d-%d", w.base, len(w.messages))
	m := sent{alias: n, Message: message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, at, provider), Channel: message.WhatsApp,
		Direction: message.Inbound, Kind: message.Text, ProviderID: provider, Customer: w.phone(n), SentAt: at, Text: provider,
	}}
	if !w.deliver(m) {
		w.t.Fatal("a new message was taken for an old one")
	}
	w.messages = append(w.messages, m)
}

func (w *world) again() {
	if len(w.messages) == 0 {
		return
	}
	if w.deliver(rapid.SampledFrom(w.messages).Draw(w.t, "message")) {
		w.t.Fatal("a second delivery was taken for a new message")
	}
}

// report tells something of a message, at any time after it was sent and
// perhaps before the message itself comes: by then its alias may have moved.
func (w *world) report() {
	if len(w.messages) == 0 {
		return
	}
	m := rapid.SampledFrom(w.messages).Draw(w.t, "reported")
	e := message.Effect{
		Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, Kind: message.Status,
		Status: rapid.SampledFrom([]string{"sent", "delivered", "read"}).Draw(w.t, "status"),
		At:     m.SentAt.Add(time.Duration(rapid.IntRange(0, 20*3600).Draw(w.t, "after")) * time.Second),
	}
	if rapid.Bool().Draw(w.t, "edit") {
		e.Kind, e.Status, e.Text, e.Revision = message.Edit, "", fmt.Sprint(m.ProviderID, " at ", e.At.Unix()), 1
		if old, ok := w.edits[m.ID]; !ok || e.At.After(old.At) {
			w.edits[m.ID] = e
		}
	} else {
		if w.told[m.ID] == nil {
			w.told[m.ID] = map[string]time.Time{}
		}
		if at, ok := w.told[m.ID][e.Status]; !ok || e.At.Before(at) {
			w.told[m.ID][e.Status] = e.At
		}
	}
	for range rapid.IntRange(1, 2).Draw(w.t, "times told") {
		id, err := w.table.Customers.Identify(w.ctx, []identity.Address{e.Customer}, identity.Evidence{Rule: identity.RuleWebhook, At: e.At})
		w.ok(err)
		_, err = w.table.Messages.PutEffect(w.ctx, id, e)
		w.ok(err)
	}
}

func (w *world) somebody(label string) identity.CustomerID {
	return rapid.SampledFrom(w.ids).Draw(w.t, label)
}

func (w *world) decision() identity.Decision {
	return identity.Decision{By: "agent", Why: "test", At: w.clock}
}

// undisturbed runs a merge or unmerge and checks that nothing but the links
// between profiles and the audit trail is another than before.
func (w *world) undisturbed(do func()) {
	before := w.items(true)
	do()
	if diff := gocmp.Diff(before, w.items(true), cmpopts.EquateEmpty()); diff != "" {
		w.t.Fatalf("a merge moved something:\n%s", diff)
	}
}

func (w *world) merge() {
	if len(w.ids) < 2 {
		return
	}
	into, from := w.somebody("into"), w.somebody("from")
	w.undisturbed(func() {
		_, err := w.table.Customers.MergeCustomers(w.ctx, into, from, w.decision())
		w.ok(err)
	})
	if a, b := w.root(into), w.root(from); a != b {
		w.parent[b] = a
	}
}

func (w *world) unmerge() {
	merged := slices.DeleteFunc(slices.Clone(w.ids), func(id identity.CustomerID) bool { return w.parent[id] == "" })
	if len(merged) == 0 {
		return
	}
	w.cut(rapid.SampledFrom(merged).Draw(w.t, "member"))
}

func (w *world) cut(id identity.CustomerID) {
	w.undisturbed(func() {
		_, _, err := w.table.Customers.UnmergeCustomer(w.ctx, id, w.decision())
		w.ok(err)
	})
	delete(w.parent, id)
}

func (w *world) move() {
	n := rapid.IntRange(0, aliases-1).Draw(w.t, "alias")
	if w.first[n] == "" || len(w.moves[n]) == 6 {
		return
	}
	has := w.first[n]
	if mv := w.moves[n]; len(mv) > 0 {
		has = mv[len(mv)-1].to
	}
	owner, err := w.table.Customers.Get(w.ctx, has)
	w.ok(err)
	to := identity.CustomerID("")
	if rapid.Bool().Draw(w.t, "to somebody known") {
		if to = w.somebody("to"); slices.Contains(owner.Members, to) {
			return
		}
	}
	from := w.ago(3 * 3600)
	to, err = w.table.Customers.MoveAlias(w.ctx, owner, identity.AliasMove{Alias: w.phone(n).Alias, To: to, From: from}, w.decision())
	w.ok(err)
	w.meet(to)
	w.moves[n] = append(w.moves[n], moved{from, to})
}

// check compares the history of every customer with the model, in both orders.
func (w *world) check() {
	for _, id := range w.ids {
		c, err := w.table.Customers.Get(w.ctx, id)
		w.ok(err)
		if c.ID != w.root(id) {
			w.t.Fatalf("%s is %s, and not %s", id, c.ID, w.root(id))
		}
		if c.ID != id {
			continue
		}
		var want []message.ID
		for _, m := range w.messages {
			if w.root(w.owner(m)) == id {
				want = append(want, m.ID)
			}
		}
		slices.Sort(want)
		for _, oldest := range []bool{true, false} {
			if !oldest {
				slices.Reverse(want)
			}
			if got := w.history(c, oldest); !slices.Equal(got, want) {
				w.t.Fatalf("oldest first %v: history of %s\n got %v\nwant %v", oldest, id, got, want)
			}
		}
		recent, err := w.table.Messages.RecentMessages(w.ctx, c, time.Time{})
		w.ok(err)
		if len(recent) != len(want) {
			w.t.Fatalf("triage reads %d messages of %d", len(recent), len(want))
		}
	}
}

func (w *world) history(c identity.Customer, oldest bool) []message.ID {
	var out []message.ID
	q := message.Query{Limit: 3, Oldest: oldest}
	for {
		page, err := w.table.Messages.History(w.ctx, c, q)
		w.ok(err)
		for _, e := range page.Entries {
			out = append(out, e.ID)
			w.stated(e)
		}
		if page.Complete {
			return out
		}
		q.Cursor = page.Cursor
	}
}

// stated compares the state of a message with the effects that were stored.
func (w *world) stated(e message.Entry) {
	var s message.State
	if e.State != nil {
		s = *e.State
	}
	edit := w.edits[e.ID]
	if !gocmp.Equal(s.Times, w.told[e.ID], cmpopts.EquateEmpty()) || s.Edited != edit.Text || !s.EditedAt.Equal(edit.At) {
		w.t.Fatalf("of %s is known %+v; told was %v and %+v", e.ID, s, w.told[e.ID], edit)
	}
}

// items returns every item of this world but the audit trail and the
// decisions, as text; without what links profiles, if asked for.
func (w *world) items(plain bool) map[string]string {
	var pks []string
	for _, id := range w.ids {
		pks = append(pks, "C#"+string(id))
	}
	for n := range aliases {
		pks = append(pks, "A#phone#"+w.table.Hash("phone", w.phone(n).Key()))
	}
	out := map[string]string{}
	for _, pk := range pks {
		page, err := w.db.Query(w.ctx, &dynamodb.QueryInput{
			TableName: aws.String(storetest.Name), KeyConditionExpression: aws.String("pk = :pk"), ConsistentRead: aws.Bool(true),
			ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: pk}},
		})
		w.ok(err)
		for _, it := range page.Items {
			sk := asText(it["sk"])
			if strings.HasPrefix(sk, "J#") || strings.HasPrefix(sk, "S#") {
				continue
			}
			if plain && sk == "P" {
				delete(it, "mi")
				delete(it, "m")
				if len(it) == 2 {
					continue
				}
			}
			out[pk+" "+sk] = asText(&types.AttributeValueMemberM{Value: it})
		}
	}
	return out
}

func asText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberSS:
		return "{" + strings.Join(slices.Sorted(slices.Values(v.Value)), " ") + "}"
	case *types.AttributeValueMemberM:
		var parts []string
		for name, x := range v.Value {
			parts = append(parts, name+"="+asText(x))
		}
		slices.SortFunc(parts, cmp.Compare)
		return strings.Join(parts, "\n")
	default:
		return fmt.Sprintf("%T", v)
	}
}

// Any sequence of messages, reports about them, second deliveries, merges, unmerges and moves of
// aliases keeps every history as the oracle has it, and no merge moves
// anything: when all are undone, every item is byte for byte as it would be
// without. go test -run TestMerges ./internal/store -rapid.checks=1000 runs a
// thousand.
func TestHistory_MergesMovesRedeliveries(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	var worlds atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{
			t: rt, ctx: t.Context(), table: table, db: db, base: int(worlds.Add(1)), clock: start,
			first: map[int]identity.CustomerID{}, moves: map[int][]moved{}, parent: map[identity.CustomerID]identity.CustomerID{},
			told: map[message.ID]map[string]time.Time{}, edits: map[message.ID]message.Effect{},
		}
		for range 3 {
			w.say()
		}
		for range rapid.IntRange(5, 16).Draw(rt, "steps") {
			w.tick()
			rapid.SampledFrom([]func(){w.say, w.say, w.say, w.report, w.report, w.again, w.merge, w.merge, w.unmerge, w.move}).Draw(rt, "do")()
		}
		w.check()
		plain := w.items(true)
		for _, id := range w.ids {
			if w.parent[id] != "" {
				w.cut(id)
			}
		}
		if diff := gocmp.Diff(plain, w.items(false)); diff != "" {
			t.Fatalf("after all unmerges something is left:\n%s", diff)
		}
		w.check()
		for _, m := range w.messages {
			if w.deliver(m) {
				rt.Fatal("a message was stored twice")
			}
		}
	})
}
