package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// contactItem returns the item of a contact. A waiting contact has an entry in
// the waiting list. The item holds nothing that changes with each message, so
// that most messages do not rewrite it.
func contactItem(c contact.Contact) (item, error) {
	it := key(customerPK(c.Customer), contactSK(c.Start, c.ID))
	it[attrContactVersion] = num(c.Version + 1)
	it[attrContactDepartment] = str(c.Department)
	it[attrContactChannels] = str(joinChannels(c.Channels))
	if len(c.Causes) > 0 {
		causes, err := json.Marshal(c.Causes)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "encode causes")
		}
		it[attrContactCauses] = str(string(causes))
		it[attrContactReason] = str(c.Causes[0].Reason)
		if c.Causes[0].Product != "" {
			it[attrContactProduct] = str(c.Causes[0].Product)
		}
	}
	if len(c.Unrecorded) > 0 {
		causes, err := json.Marshal(c.Unrecorded)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "encode causes")
		}
		it[attrContactUnrecorded] = str(string(causes))
	}
	for name, at := range map[string]time.Time{
		attrContactWaitingSince: c.WaitingSince, attrContactFirstAnswer: c.FirstAnswer, attrContactLastAnswer: c.LastAnswer, attrContactClosesAt: c.ClosesAt,
	} {
		if !at.IsZero() {
			it[name] = millis(at)
		}
	}
	if c.Taxonomy != "" {
		it[attrContactTaxonomy] = str(c.Taxonomy)
	}
	if c.Model != "" {
		it[attrContactModel] = str(c.Model)
	}
	if len(c.Threads) > 0 {
		it[attrContactThreads] = str(strings.Join(c.Threads, " "))
	}
	if c.Severity != "" {
		it[attrContactSeverity] = str(c.Severity)
	}
	if c.Waiting() {
		it[gsiPK] = str(waitingPK(c.Department, shardOf(c.ID)))
		it[gsiSK] = str(waitingSK(c.Severity, c.WaitingSince, c.ID))
		if c.Question != "" {
			it[attrContactQuestion] = str(c.Question)
		}
		if c.Name != "" {
			it[attrContactName] = str(c.Name)
		}
	}
	return it, nil
}

func readContact(it item) (contact.Contact, error) {
	start, id, ok := parseContactSK(text(it, skName))
	if !ok {
		return contact.Contact{}, fault.New(fault.Internal, "read contact: malformed key")
	}
	c := contact.Contact{
		ID: id, Customer: customerOf(text(it, pkName)), Start: start,
		WaitingSince: moment(it, attrContactWaitingSince), FirstAnswer: moment(it, attrContactFirstAnswer), LastAnswer: moment(it, attrContactLastAnswer), ClosesAt: moment(it, attrContactClosesAt),
		Channels: splitChannels(text(it, attrContactChannels)), Department: text(it, attrContactDepartment), Taxonomy: text(it, attrContactTaxonomy), Model: text(it, attrContactModel),
		Severity: text(it, attrContactSeverity), Question: text(it, attrContactQuestion), Name: text(it, attrContactName),
		Threads: strings.Fields(text(it, attrContactThreads)), Version: number(it, attrContactVersion),
	}
	for attr, causes := range map[string]*[]contact.Cause{attrContactCauses: &c.Causes, attrContactUnrecorded: &c.Unrecorded} {
		data := text(it, attr)
		if data == "" {
			continue
		}
		if err := json.Unmarshal([]byte(data), causes); err != nil {
			return c, fault.Wrap(fault.Internal, err, "read contact")
		}
	}
	return c, nil
}

func joinChannels(chs []message.Channel) string {
	var b strings.Builder
	for i, ch := range chs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(ch))
	}
	return b.String()
}

func splitChannels(s string) []message.Channel {
	var out []message.Channel
	for f := range strings.FieldsSeq(s) {
		out = append(out, message.Channel(f))
	}
	return out
}

// maxStaleness exceeds the Lambda timeout, so that a read older than this
// cannot belong to a running invocation.
const maxStaleness = 15 * time.Minute

// NearbyContacts returns the contacts of a customer that began after at, and
// the last few before it, latest first. It also returns the corrections and
// decisions, and whether an identity change was stored in the last 15 minutes. Identity
// changes sort just before the contacts; if the query stops before it reaches
// them, Changed is true.
func (t Contacts) NearbyContacts(ctx context.Context, c identity.CustomerID, at time.Time, before int, consistent bool) (contact.NearbyContacts, error) {
	in := keyRange(customerPK(c), changePrefix, endOf(correctionPrefix))
	in.ScanIndexForward = ptr(false)
	in.ConsistentRead = &consistent
	in.Limit = ptr(int32(max(before, 16))) //nolint:gosec // a small constant of the caller
	var out contact.NearbyContacts
	var bad error
	err := t.query(ctx, in, func(it item) bool {
		sk := text(it, skName)
		if strings.HasPrefix(sk, changePrefix) {
			out.Changed = changedAt(sk).After(t.Now().Add(-maxStaleness))
			return false
		}
		if strings.HasPrefix(sk, decisionPrefix) {
			var decided contact.Decision
			decided, bad = readDecision(it)
			out.Decisions = append(out.Decisions, decided)
			return bad == nil
		}
		if strings.HasPrefix(sk, correctionPrefix) {
			var said contact.Correction
			said, bad = readCorrection(it)
			out.Corrections = append(out.Corrections, said)
			return bad == nil
		}
		k, err := readContact(it)
		if err != nil {
			bad = err
			return false
		}
		out.Contacts = append(out.Contacts, k)
		if !k.Start.After(at) {
			before--
		}
		out.Changed = before == 0
		return !out.Changed
	})
	return out, firstError(err, bad)
}

// Save writes a contact if the stored version is c.Version; 0 is a new
// contact. It is [fault.Conflict] if the contact changed since.
func (t Contacts) Save(ctx context.Context, c contact.Contact) error {
	it, err := contactItem(c)
	if err != nil {
		return err
	}
	it[attrWritten] = millis(t.Now())
	in := &dynamodb.PutItemInput{TableName: t.name, Item: it, ConditionExpression: onlyNew()}
	if c.Version > 0 {
		in.ConditionExpression = exprf("%s = :v", attrContactVersion)
		in.ExpressionAttributeValues = item{":v": num(c.Version)}
	}
	_, err = t.db.PutItem(ctx, in)
	return conditional(err, "save contact", "the contact changed")
}

// Delete deletes a contact that its messages no longer form. It is
// [fault.Conflict] if the contact changed since.
func (t Contacts) Delete(ctx context.Context, c contact.Contact) error {
	_, err := t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: t.name, Key: key(customerPK(c.Customer), contactSK(c.Start, c.ID)),
		ConditionExpression:       exprf("attribute_not_exists(%s) OR %s = :v", pkName, attrContactVersion),
		ExpressionAttributeValues: item{":v": num(c.Version)},
	})
	return conditional(err, "delete contact", "the contact changed")
}

// conditional returns the error of a conditional write: a [fault.Conflict] with
// the message conflict if the condition did not hold, or else err with the
// operation doing.
func conditional(err error, doing, conflict string) error {
	if _, lost := errors.AsType[*types.ConditionalCheckFailedException](err); lost {
		return fault.New(fault.Conflict, "%s", conflict)
	}
	if err != nil {
		return sdkError(err, doing)
	}
	return nil
}

// List returns the contacts of one customer id, latest first, at most limit
// of them before the cursor, which is "<start, ms>#<contact id>".
func (t Contacts) List(ctx context.Context, c identity.CustomerID, limit int, cursor string) ([]contact.Contact, string, error) {
	to := contactPrefix + "~"
	if cursor != "" {
		to = contactPrefix + cursor
		if _, _, ok := strings.Cut(cursor, "#"); !ok {
			return nil, "", errCursor()
		}
		to = justBefore(to)
	}
	in := keyRange(customerPK(c), contactPrefix, to)
	in.ScanIndexForward = ptr(false)
	in.Limit = ptr(int32(limit + 1)) //nolint:gosec // bounded by the API
	var out []contact.Contact
	var bad error
	err := t.query(ctx, in, func(it item) bool {
		var k contact.Contact
		k, bad = readContact(it)
		out = append(out, k)
		return bad == nil && len(out) <= limit
	})
	if err := firstError(err, bad); err != nil {
		return nil, "", err
	}
	if len(out) <= limit {
		return out, "", nil
	}
	out = out[:limit]
	last := out[limit-1]
	return out, timePlace(last.Start, last.ID), nil
}

// WaitingContacts returns the contacts that wait for departments: critical ones first,
// then the longest waiting, at most limit of them after the cursor, which is
// "<rank><since, ms>#<contact id>". Contacts that cannot be read are left out.
func (t Contacts) WaitingContacts(ctx context.Context, departments []string, limit int, cursor string) ([]contact.WaitingContact, string, error) {
	if cursor != "" && !isWaitingSK(cursor) {
		return nil, "", errCursor()
	}
	lists := make([]string, 0, shards*len(departments))
	for _, department := range departments {
		for shard := range shards {
			lists = append(lists, waitingPK(department, shard))
		}
	}
	return overLists(lists, limit, placeOfWaiter, func(pk string, limit int) ([]contact.WaitingContact, error) {
		return t.readWaiting(ctx, pk, limit, cursor)
	})
}

func placeOfWaiter(w contact.WaitingContact) string { return waitingSK(w.Severity, w.Since, w.ID) }

func (t Contacts) readWaiting(ctx context.Context, pk string, limit int, cursor string) ([]contact.WaitingContact, error) {
	var out []contact.WaitingContact
	err := t.query(ctx, &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    exprf("%s = :pk AND %s > :after", gsiPK, gsiSK),
		ExpressionAttributeValues: item{":pk": str(pk), ":after": str(max(cursor, " "))},
		Limit:                     ptr(int32(limit)), //nolint:gosec // bounded by the API
	}, func(it item) bool {
		since, id := parseWaitingSK(text(it, gsiSK))
		k, err := readContact(it)
		if err != nil {
			t.leaveOut(ctx, it, err)
			return true
		}
		out = append(out, contact.WaitingContact{
			ID: id, Customer: k.Customer, Since: since, Start: k.Start, Department: waitingDepartment(pk), Reason: text(it, attrContactReason),
			Product: text(it, attrContactProduct), Severity: k.Severity, Question: k.Question, Name: k.Name, Channels: k.Channels,
		})
		return len(out) < limit
	})
	return out, err
}

// maxBefore is how many contacts before a time WithMessages reads.
const maxBefore = 8

// WithMessages returns the contacts of a customer since a time with their
// messages, as triage stored them, and all messages since that time.
func (t Contacts) WithMessages(ctx context.Context, c identity.Customer, from time.Time) ([]contact.Contact, []message.Message, error) {
	var stored []contact.Contact
	var decisions []contact.Decision
	for _, member := range c.Members {
		part, err := t.NearbyContacts(ctx, member, from, maxBefore, false)
		if err != nil {
			return nil, nil, fmt.Errorf("contacts with messages: %w", err)
		}
		stored = append(stored, part.Contacts...)
		decisions = append(decisions, part.Decisions...)
	}
	messages, err := t.messages().RecentMessages(ctx, c, from)
	if err != nil {
		return nil, nil, fmt.Errorf("contacts with messages: %w", err)
	}
	readings := contact.Read(messages, stored)
	contact.Decide(readings, decisions)
	return contact.Contacts(readings), messages, nil
}
