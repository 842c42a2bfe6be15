package store

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// An Operation is how an item changed.
type Operation string

// The operations. A record of any other name counts as a modification.
const (
	Inserted Operation = "insert"
	Modified Operation = "modify"
	Removed  Operation = "remove"
)

// A Change is the change of one item, decoded from a record of the table's
// stream. The fields come from the key. The methods read the item before and
// after the change, and return [fault.Invalid] for one that is malformed.
type Change struct {
	Kind      Kind
	Operation Operation
	Sequence  string    // number of the record in its shard
	Recorded  time.Time // approximate time of the change

	// Partition names the partition of the item. Changes of one partition
	// arrive in order. It may hold a customer id and is not for logs.
	Partition string

	Customer identity.CustomerID // of an item in the partition of a customer
	Problem  string              // id of the problem, of an item in its partition
	Message  message.ID          // of a message, a correction or a decision
	Contact  string              // of a contact, and of a reclassify request for one
	AliasKey string              // of an alias; [Customers.AliasByKey] takes it

	// At is the time in the key: the time a message was sent (also for its
	// correction and decision), the start of a contact, or the time since which contacts are
	// to be classified again. For an identity change it is its own time.
	At time.Time

	record events.DynamoDBStreamRecord
}

// DecodeChange decodes the key of a record of the table's stream. A key that
// no item can have is [fault.Invalid]. A key of an unknown kind is KindOther.
func DecodeChange(r events.DynamoDBEventRecord) (Change, error) {
	pk, okPK := keyText(r.Change.Keys[pkName])
	sk, okSK := keyText(r.Change.Keys[skName])
	if !okPK || !okSK {
		return Change{}, fault.New(fault.Invalid, "decode stream record: the key is missing or is not text")
	}
	c := Change{
		Kind: KindOf(pk, sk), Operation: operationOf(r.EventName), Sequence: r.Change.SequenceNumber,
		Recorded: r.Change.ApproximateCreationDateTime.UTC(), Partition: pk, record: r.Change,
	}
	wellFormed := true
	if strings.HasPrefix(pk, customerPrefix) {
		c.Customer = customerOf(pk)
		wellFormed = c.Customer != ""
	}
	if strings.HasPrefix(pk, problemPrefix) {
		c.Problem = problemOf(pk)
	}
	if !wellFormed || !c.decodeKey(pk, sk) {
		return Change{}, fault.New(fault.Invalid, "decode stream record: the key of a %s is malformed", c.Kind)
	}
	return c, nil
}

func keyText(v events.DynamoDBAttributeValue) (string, bool) {
	if v.DataType() != events.DataTypeString {
		return "", false
	}
	return v.String(), true
}

func operationOf(name string) Operation {
	switch name {
	case string(events.DynamoDBOperationTypeInsert):
		return Inserted
	case string(events.DynamoDBOperationTypeRemove):
		return Removed
	default:
		return Modified
	}
}

// decodeKey sets the fields that the key of the kind holds, and reports
// whether the key has the right form.
func (c *Change) decodeKey(pk, sk string) bool {
	switch c.Kind {
	case KindMessage:
		return c.decodeMessageID(messageIDOf(sk))
	case KindCorrection:
		return c.decodeMessageID(correctedMessageOf(sk))
	case KindDecision:
		return c.decodeMessageID(decidedMessageOf(sk))
	case KindContact:
		return c.decodePlace(strings.TrimPrefix(sk, contactPrefix), true)
	case KindReclassify:
		return c.decodePlace(strings.TrimPrefix(sk, requestPrefix), false)
	case KindIdentityChange:
		c.At = changedAt(sk)
	case KindAlias:
		c.AliasKey = pk
	default: // the other kinds have no further parts in their keys
	}
	return true
}

func (c *Change) decodeMessageID(id message.ID) bool {
	at, _, _, err := id.Parse()
	c.Message = id
	c.At = at
	return err == nil
}

// decodePlace decodes "<time>#<contact>"; the contact may be left out if it is
// not needed.
func (c *Change) decodePlace(place string, needsContact bool) bool {
	ms, id, found := strings.Cut(place, "#")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || (needsContact && !found) {
		return false
	}
	c.At = time.UnixMilli(n).UTC()
	c.Contact = id
	return true
}

// imageItem reads the texts and numbers of an image. No reader of the stream
// needs another type.
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

// itemOf returns an image with its key, which the image need not hold.
func (c Change) itemOf(image map[string]events.DynamoDBAttributeValue) item {
	it := imageItem(image)
	it[pkName] = str(c.Partition)
	it[skName] = str(c.record.Keys[skName].String())
	return it
}

var errNotNumber = errors.New("not a number")

// decodeFailed returns the error of a reader for the item of c. The cause is
// left out because it may quote the item.
func (c Change) decodeFailed(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Invalid, "decode stream record: the %s is malformed", c.Kind)
}

// ChangedSince returns the time from which the contacts of the customer must be
// examined because of an effect on a message: it was edited or deleted, or may not
// have arrived. changes is false for any other effect or kind of item.
func (c Change) ChangedSince() (since time.Time, changes bool, err error) {
	if _, marked := c.record.NewImage[attrEffectChanges]; c.Kind != KindEffect || !marked {
		return time.Time{}, false, nil
	}
	ms, err := c.imageNumber(c.record.NewImage, attrEffectChanges)
	return time.UnixMilli(ms).UTC(), err == nil, err
}

// imageNumber returns a number of an image, 0 if it is missing.
func (c Change) imageNumber(image map[string]events.DynamoDBAttributeValue, attr string) (int64, error) {
	v, ok := image[attr]
	if !ok {
		return 0, nil
	}
	if v.DataType() != events.DataTypeNumber {
		return 0, c.decodeFailed(errNotNumber)
	}
	n, err := strconv.ParseInt(v.Number(), 10, 64)
	return n, c.decodeFailed(err)
}

// IdentityChange returns the identity change that was stored. It is
// [fault.Invalid] if the change names more ids than two customers can have:
// its reader reads the history of each.
func (c Change) IdentityChange() (identity.Change, error) {
	ch, err := readChange(c.itemOf(c.record.NewImage))
	if err != nil {
		return ch, c.decodeFailed(err)
	}
	named := map[identity.CustomerID]bool{}
	for _, ids := range slices.Concat(ch.Before, ch.After) {
		for _, id := range ids {
			named[id] = true
		}
	}
	if len(named) > 2*maxMembers {
		return identity.Change{}, fault.New(fault.Invalid, "decode stream record: the identity change names %d ids, and at most %d are possible", len(named), 2*maxMembers)
	}
	return ch, nil
}

// HasNewVersion reports whether the problem has a version that departments
// have not seen.
func (c Change) HasNewVersion() (bool, error) { return c.problemIncrease(attrProblemVersion) }

// IsResent reports whether a department asked for the item of a problem again.
func (c Change) IsResent() (bool, error) { return c.problemIncrease(attrProblemResent) }

func (c Change) problemIncrease(attr string) (bool, error) {
	if c.Kind != KindProblem {
		return false, nil
	}
	before, err := c.imageNumber(c.record.OldImage, attr)
	if err != nil {
		return false, err
	}
	after, err := c.imageNumber(c.record.NewImage, attr)
	return after > before, err
}

// ProblemAfter returns the problem as the change left it.
func (c Change) ProblemAfter() (problem.Record, error) {
	p, err := readProblem(imageItem(c.record.NewImage))
	return p, c.decodeFailed(err)
}

// Announcement returns the candidate that was announced. It is false for
// another kind, and for a change of an existing announcement.
func (c Change) Announcement() (announced problem.AnnouncedCandidate, ok bool, err error) {
	if c.Kind != KindAnnouncement || c.Operation != Inserted {
		return announced, false, nil
	}
	announced, err = readAnnounced(imageItem(c.record.NewImage))
	return announced, err == nil, c.decodeFailed(err)
}

// SendJob returns the new message that must be sent to the customer.
func (c Change) SendJob() (message.Job, bool) { return c.messageJob(attrMessageSend) }

// MediaJob returns the job to fetch from a platform what a new item lacks: the
// files of a message, or the name behind an alias. Webhooks of Messenger and
// Instagram do not contain the name.
func (c Change) MediaJob() (message.Job, bool) {
	if job, ok := c.messageJob(attrMessageFiles); ok {
		return job, true
	}
	if c.Kind != KindAlias || c.Operation != Inserted {
		return message.Job{}, false
	}
	if isAliasKind(c.AliasKey, identity.PSID) || isAliasKind(c.AliasKey, identity.IGSID) {
		return message.Job{Alias: c.AliasKey}, true
	}
	return message.Job{}, false
}

// messageJob returns the job for a new message whose item has the attribute
// attr. It reports false for any other change.
func (c Change) messageJob(attr string) (message.Job, bool) {
	_, marked := c.record.NewImage[attr]
	if c.Kind != KindMessage || c.Operation != Inserted || !marked {
		return message.Job{}, false
	}
	return message.Job{Customer: c.Customer, Message: c.Message}, true
}
