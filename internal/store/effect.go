package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// An effect item collects everything learned about one message. Each of its
// attributes only ever moves one way, whatever order the effects come in:
//
//	s:<status>  earliest time of a status; fc, fd: code and words of a failure
//	r:<side>    latest reaction of a side: "<time, 13 digits> <emoji>"
//	e           latest edit: "<revision, 6 digits> <time, 13 digits> <text>"
//	x           earliest deletion
//	v:<kind>    earliest verdict on a mail
//	f:<index>   what became of a file: "0" and JSON if it failed, "1" and JSON if it is stored
//	u           when the item was written last
//	la          the message may be lost: its time, or that of the failure; see [Table.PutEffect]
//	mi          the Message-ID that SES gave a mail of ours
//	tu          until when somebody is sending it; see [Table.TakeTurn]
//	w:<status>  watermarks: latest time; in an item of their own
const (
	statusPrefix    = "s:"
	reactionPrefix  = "r:"
	verdictPrefix   = "v:"
	filePrefix      = "f:"
	watermarkPrefix = "w:"
)

// PutEffect records e for its customer, and reports whether that changed
// anything. It is one conditional write, can be
// repeated, and may come before its message.
//
// One by which its message may be lost leaves a doubt beside the messages
// first, so that [Table.Recent] knows where to look; triage is woken by the
// effect.
func (t *Table) PutEffect(ctx context.Context, customer identity.CustomerID, e contact.Effect) (changed bool, err error) {
	if err := e.Validate(); err != nil {
		return false, err
	}
	target := contact.ProviderKey(e.Target)
	if e.Kind == contact.Watermark {
		target = watermarkKey
	}
	w, err := effectUpdate(e)
	if err != nil {
		return false, err
	}
	if loses(e) {
		if err := t.doubt(ctx, customer, e, w); err != nil {
			return false, err
		}
	}
	w.Key = key(customerPK(customer), effectSK(e.Channel, target))
	*w.UpdateExpression += ", " + attrChanged + " = :changed"
	w.ExpressionAttributeValues[":changed"] = millis(t.Now())
	lost, err := t.update(ctx, w)
	return err == nil && !lost, err
}

// effectUpdate returns the update that moves an effect item by e, with the
// condition that it moves at all.
func effectUpdate(e contact.Effect) (*dynamodb.UpdateItemInput, error) {
	u := &dynamodb.UpdateItemInput{
		ExpressionAttributeNames:  map[string]string{},
		ExpressionAttributeValues: item{},
	}
	move := func(name, op string, v types.AttributeValue) {
		u.ExpressionAttributeNames["#a"] = name
		u.ExpressionAttributeValues[":v"] = v
		u.UpdateExpression = aws.String("SET #a = :v")
		u.ConditionExpression = aws.String("attribute_not_exists(#a) OR #a " + op + " :v")
	}
	ms := e.At.UnixMilli()
	switch e.Kind {
	case contact.Status:
		move(statusPrefix+e.Status, ">", num(ms))
		if e.MailID != "" {
			u.UpdateExpression = aws.String("SET #a = :v, mi = :m")
			u.ExpressionAttributeValues[":m"] = str(contact.Cut(e.MailID, 998))
		}
		if e.Code != "" || e.Detail != "" {
			u.UpdateExpression = aws.String("SET #a = :v, fc = :c, fd = :d")
			u.ExpressionAttributeValues[":c"] = str(contact.Cut(e.Code, 100))
			u.ExpressionAttributeValues[":d"] = str(contact.Cut(e.Detail, 1000))
		}
	case contact.Watermark:
		move(watermarkPrefix+e.Status, "<", num(ms))
	case contact.Reaction:
		by := e.By
		if by == "" {
			by = contact.Inbound
		}
		move(reactionPrefix+string(by), "<", str(fmt.Sprintf("%013d %s", ms, contact.Cut(e.Emoji, 100))))
	case contact.Edit:
		move("e", "<", str(fmt.Sprintf("%06d %013d %s", e.Revision, ms, contact.Cut(e.Text, 64<<10))))
	case contact.Deletion:
		move("x", ">", num(ms))
	case contact.Verdict:
		move(verdictPrefix+e.Status, ">", num(ms))
		if e.Code != "" || e.Detail != "" {
			u.UpdateExpression = aws.String("SET #a = :v, fc = :c, fd = :d")
			u.ExpressionAttributeValues[":c"] = str(contact.Cut(e.Code, 100))
			u.ExpressionAttributeValues[":d"] = str(contact.Cut(e.Detail, 1000))
		}
	case contact.Media:
		file, err := encodeFile(*e.File)
		if err != nil {
			return nil, err
		}
		move(filePrefix+strconv.Itoa(e.Index), "<", str(file))
	default:
		return nil, fault.New(fault.Invalid, "unknown kind of effect %q", string(e.Kind))
	}
	return u, nil
}

// readState returns what an effect item says.
func readState(it item) contact.State {
	var s contact.State
	for name := range it {
		switch {
		case strings.HasPrefix(name, statusPrefix):
			s.Reach(strings.TrimPrefix(name, statusPrefix), moment(it, name))
		case strings.HasPrefix(name, verdictPrefix):
			if s.Verdicts == nil {
				s.Verdicts = map[string]time.Time{}
			}
			s.Verdicts[strings.TrimPrefix(name, verdictPrefix)] = moment(it, name)
		case strings.HasPrefix(name, reactionPrefix):
			if _, emoji, _ := strings.Cut(text(it, name), " "); emoji != "" {
				if s.Reactions == nil {
					s.Reactions = map[contact.Direction]string{}
				}
				s.Reactions[contact.Direction(strings.TrimPrefix(name, reactionPrefix))] = emoji
			}
		case strings.HasPrefix(name, filePrefix):
			readFile(&s, strings.TrimPrefix(name, filePrefix), text(it, name))
		}
	}
	if e := text(it, "e"); e != "" {
		parts := strings.SplitN(e, " ", 3)
		s.Edited = parts[2]
		s.EditedAt = parseMillis(parts[1])
	}
	s.DeletedAt, s.MailID = moment(it, "x"), text(it, "mi")
	if s.Status == "failed" || len(s.Verdicts) > 0 {
		s.Code, s.Detail = text(it, "fc"), text(it, "fd")
	}
	return s
}

// A stateKey is where an effect item lies.
type stateKey struct {
	customer identity.CustomerID
	sk       string
}

// states returns the state of each message of c, by message id, joined with
// what is known by watermark.
func (t *Table) states(ctx context.Context, c identity.Customer, ms []contact.Message, consistent bool) (map[contact.ID]contact.State, error) {
	effects, marks := make([][]stateKey, len(ms)), make([][]stateKey, len(ms))
	var all []stateKey
	for i, m := range ms {
		effects[i], marks[i] = t.effectsOn(c, m)
		all = append(append(all, effects[i]...), marks[i]...)
	}
	items, err := t.effects(ctx, all, consistent)
	if err != nil {
		return nil, err
	}
	out := map[contact.ID]contact.State{}
	for i, m := range ms {
		s := readState(together(items, effects[i]))
		known := together(items, marks[i])
		for _, status := range contact.Statuses {
			if at := moment(known, watermarkPrefix+status); !at.IsZero() && !m.SentAt.After(at) {
				s.Reach(status, at)
			}
		}
		s.Expect(m)
		if m.Channel == contact.Email && (len(m.Attachments) > 0 || m.Page > 0) {
			s.Keeps(m, t.Hash("message", string(m.ID)))
		}
		if !s.Empty() {
			out[m.ID] = s
		}
	}
	return out, nil
}

// effectsOn returns where the effects on a message of c lie, and the watermarks
// that tell of it: those of whose the message is, whoever has its alias now.
func (t *Table) effectsOn(c identity.Customer, m contact.Message) (effects, marks []stateKey) {
	places, owner := []identity.CustomerID{m.CustomerID}, m.CustomerID
	if len(c.Moves) > 0 {
		places = c.Places(m.CustomerID, t.aliasKeys(m.Addresses())...)
		owner = c.Owner(m.CustomerID, t.aliasKey(m.Customer), m.SentAt)
	}
	marked := m.Direction == contact.Outbound && (m.Channel == contact.Messenger || m.Channel == contact.Instagram)
	for _, id := range places {
		effects = append(effects, stateKey{id, effectSK(m.Channel, contact.ProviderKey(m.ProviderID))})
		if marked && (id == m.CustomerID || id == owner) {
			marks = append(marks, stateKey{id, effectSK(m.Channel, watermarkKey)})
		}
	}
	return effects, marks
}

// effects reads effect items.
func (t *Table) effects(ctx context.Context, at []stateKey, consistent bool) (map[stateKey]item, error) {
	var keys []item
	seen := map[stateKey]bool{}
	for _, k := range at {
		if !seen[k] {
			seen[k] = true
			keys = append(keys, key(customerPK(k.customer), k.sk))
		}
	}
	items := map[stateKey]item{}
	for chunk := range slices.Chunk(keys, 100) {
		got, err := t.batchGet(ctx, chunk, consistent)
		if err != nil {
			return nil, err
		}
		for _, it := range got {
			items[stateKey{customerOf(text(it, pkName)), text(it, skName)}] = it
		}
	}
	return items, nil
}

// together returns what effect items say that lie in several places, as if it
// had been written in one.
func together(items map[stateKey]item, at []stateKey) item {
	if len(at) == 1 {
		return items[at[0]]
	}
	all := item{}
	for _, k := range at {
		it := items[k]
		failedThere := it[statusPrefix+"failed"] != nil && prevails(statusPrefix+"failed", it, all)
		for name, v := range it {
			words := name == "fc" || name == "fd"
			if words && failedThere || !words && prevails(name, it, all) || all[name] == nil {
				all[name] = v
			}
		}
	}
	return all
}

// prevails reports whether an attribute of an effect item would move another
// item's.
func prevails(name string, it, over item) bool {
	if over[name] == nil {
		return true
	}
	a, b := number(it, name), number(over, name)
	switch {
	case strings.HasPrefix(name, statusPrefix), strings.HasPrefix(name, verdictPrefix), name == "x":
		return a < b
	case strings.HasPrefix(name, watermarkPrefix):
		return a > b
	default:
		return text(it, name) > text(over, name)
	}
}
