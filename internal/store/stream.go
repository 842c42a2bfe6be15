package store

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// ReadProblemImage reads a problem from an image of the table's stream.
func ReadProblemImage(image map[string]events.DynamoDBAttributeValue) (problem.Record, error) {
	return ReadProblem(imageItem(image))
}

// imageItem reads the texts and numbers of an image; nothing that is read of
// one holds anything else.
func imageItem(image map[string]events.DynamoDBAttributeValue) item {
	it := item{}
	for name, v := range image {
		switch v.DataType() {
		case events.DataTypeString:
			it[name] = str(v.String())
		case events.DataTypeNumber:
			it[name] = &types.AttributeValueMemberN{Value: v.Number()}
		default: // left out
		}
	}
	return it
}

// ReadNews returns what a change of the table tells agent tools that mirror,
// and what time brings after it.
func ReadNews(r events.DynamoDBEventRecord) (told contact.News, later *contact.Later, ok bool, err error) {
	pk, sk := r.Change.Keys[pkName], r.Change.Keys[skName]
	if pk.DataType() != events.DataTypeString || sk.DataType() != events.DataTypeString || !strings.HasPrefix(pk.String(), customerPrefix) {
		return told, nil, false, nil
	}
	before, after := imageItem(r.Change.OldImage), imageItem(r.Change.NewImage)
	for _, it := range []item{before, after} { // an image need not hold the keys
		it[pkName], it[skName] = str(pk.String()), str(sk.String())
	}
	e := contact.News{Customer: customerOf(pk.String()), At: r.Change.ApproximateCreationDateTime.UTC()}
	switch {
	case strings.HasPrefix(sk.String(), messagePrefix):
		if r.EventName != string(events.DynamoDBOperationTypeInsert) {
			return told, nil, false, nil
		}
		later, err = messageNews(&e, after)
	case strings.HasPrefix(sk.String(), contactPrefix):
		err = contactNews(&e, before, after, r.EventName == string(events.DynamoDBOperationTypeRemove))
	case sk.String() == claimSK && r.EventName != string(events.DynamoDBOperationTypeRemove):
		err = claimNews(&e, after)
	case sk.String() == profileSK:
		mergeNews(&e, text(before, attrProfileMergedInto), text(after, attrProfileMergedInto))
	}
	if err != nil || e.Kind == "" {
		return told, nil, false, err
	}
	e = e.Named(r.Change.SequenceNumber)
	if l, closes := e.Later(); closes {
		later = &l
	}
	if later != nil {
		later.Order = r.Change.SequenceNumber
	}
	return e, later, true, nil
}

// messageNews tells of a new message, and that a promise is due one day.
func messageNews(e *contact.News, it item) (*contact.Later, error) {
	m, _, err := readMessage(it)
	if err != nil {
		return nil, err
	}
	e.Kind, e.Message, e.Channel, e.Direction, e.Passive, e.At = contact.SaidSomething, m.ID, m.Channel, m.Direction, m.Passive, m.SentAt
	if m.Note == nil || m.Note.Due.IsZero() {
		return nil, nil
	}
	return &contact.Later{Customer: e.Customer, Message: m.ID, At: m.Note.Due}, nil
}

// contactNews tells of a contact that came to wait, was answered, or is gone.
func contactNews(e *contact.News, before, after item, gone bool) error {
	was, err := readContact(before)
	if err != nil {
		return err
	}
	e.Contact, e.Start = was.ID, was.Start
	if gone {
		e.Kind = contact.NowGone
		return nil
	}
	is, err := readContact(after)
	switch {
	case err != nil:
		return err
	case is.Waiting() && !is.WaitingSince.Equal(was.WaitingSince):
		e.Kind, e.At = contact.NowWaiting, is.WaitingSince
	case !is.Waiting() && !is.LastAnswer.Equal(was.LastAnswer):
		e.Kind, e.At, e.ClosesAt = contact.NowAnswered, is.LastAnswer, is.ClosesAt
	}
	return nil
}

func claimNews(e *contact.News, it item) error {
	c, err := readClaim(it)
	if err != nil {
		return err
	}
	e.Version, e.Contact = c.Version, c.Contact
	if c.Holder == nil {
		e.Kind = contact.NowReleased
		return nil
	}
	e.Kind, e.Holder, e.At, e.Until = contact.NowAssigned, c.Holder, c.Since, c.Until
	return nil
}

func mergeNews(e *contact.News, before, after string) {
	switch {
	case before == after:
	case after != "":
		e.Kind, e.Into = contact.NowMerged, identity.CustomerID(after)
	default:
		e.Kind, e.From = contact.NowUnmerged, identity.CustomerID(before)
	}
}

// ReadSend returns the message that a change of the table wants sent.
func ReadSend(r events.DynamoDBEventRecord) (contact.Job, bool) {
	pk, sk := r.Change.Keys[pkName], r.Change.Keys[skName]
	if r.EventName != string(events.DynamoDBOperationTypeInsert) || pk.DataType() != events.DataTypeString || sk.DataType() != events.DataTypeString {
		return contact.Job{}, false
	}
	if _, send := r.Change.NewImage[attrMessageSend]; !send || !strings.HasPrefix(sk.String(), messagePrefix) {
		return contact.Job{}, false
	}
	return contact.Job{Customer: customerOf(pk.String()), Message: messageIDOf(sk.String())}, true
}

// ReadJob returns what has to be asked of a platform because of a change of the
// table: the files of a new message, or the name behind a new alias.
func ReadJob(r events.DynamoDBEventRecord) (contact.Job, bool) {
	pk, sk := r.Change.Keys[pkName], r.Change.Keys[skName]
	if r.EventName != string(events.DynamoDBOperationTypeInsert) || pk.DataType() != events.DataTypeString || sk.DataType() != events.DataTypeString {
		return contact.Job{}, false
	}
	if _, files := r.Change.NewImage[attrMessageFiles]; files && strings.HasPrefix(sk.String(), messagePrefix) {
		return contact.Job{Customer: customerOf(pk.String()), Message: messageIDOf(sk.String())}, true
	}
	if isAliasKind(pk.String(), identity.PSID) || isAliasKind(pk.String(), identity.IGSID) {
		return contact.Job{Alias: pk.String()}, true // its webhooks do not tell the name
	}
	return contact.Job{}, false
}
