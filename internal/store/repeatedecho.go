package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

// A RepeatedEcho is a text that several customers received from an app of ours, in the
// same words. It may be a greeting or away message that the app sends by itself, or a
// text that staff send often.
type RepeatedEcho struct {
	Text      string // as one of the customers received it
	Customers int
	Messages  int
	AtOnce    int // messages that came within ten seconds of one of the customer's
}

// atOnce is the time within which an app sends its own messages after a customer's.
const atOnce = 10 * time.Second

// RepeatedEchoes scans the table for the texts of chat messages that an app of ours sent
// and a platform reported, in equal words to at least the given number of customers. It
// returns those of most customers first. Case and white space do not matter.
//
// It examines at most the given number of items, as [Messages.NamedReplies] does, at the
// same cost.
func (t Messages) RepeatedEchoes(ctx context.Context, customers, most int, progress func(examined int)) (found []RepeatedEcho, examined int, whole bool, err error) {
	in := &dynamodb.ScanInput{
		TableName:                 t.name,
		FilterExpression:          exprf("begins_with(%s, :c) AND begins_with(%s, :m)", pkName, skName),
		ProjectionExpression:      exprf("%s, %s, %s, %s, %s", pkName, skName, attrMessageDirection, attrMessageText, attrMessageRest),
		ExpressionAttributeValues: item{":c": str(customerPrefix), ":m": str(messagePrefix)},
	}
	counter := echoCounter{least: customers, texts: map[textHash]*echoCount{}}
	for examined < most {
		in.Limit = aws.Int32(int32(min(most-examined, math.MaxInt32))) //nolint:gosec // it fits
		out, err := t.db.Scan(ctx, in)
		if err != nil {
			return nil, examined, false, sdkError(err, "scan messages")
		}
		for _, it := range out.Items {
			if err := counter.addMessage(it); err != nil {
				return nil, examined, false, err
			}
		}
		examined += int(out.ScannedCount)
		if out.ScannedCount > 0 { // the last page may be empty
			progress(examined)
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; out.LastEvaluatedKey == nil {
			whole = true
			break
		}
	}
	return counter.repeated(), examined, whole, nil
}

// textHash identifies a normalized text. Most echoes have a text of their own, so
// texts are stored only once they repeat.
type textHash [16]byte

type echoCount struct {
	RepeatedEcho
	last string // partition of the last customer
}

// An echoCounter counts echoes by their text. A scan returns the messages of one
// customer one after the other, by time.
type echoCounter struct {
	least     int // customers of a text that counts
	texts     map[textHash]*echoCount
	partition string // of the last message
	at        time.Time
	question  time.Time    // time of the last message of the customer
	alone     []*echoCount // echoes of the time at, without a message of the customer before them
}

func (c *echoCounter) addMessage(it item) error {
	at, channel, _, err := messageIDOf(text(it, skName)).Parse()
	if err != nil {
		return nil // an unreadable item is not an echo
	}
	if pk := text(it, pkName); pk != c.partition || !at.Equal(c.at) {
		if pk != c.partition {
			c.question = time.Time{}
		}
		c.partition = pk
		c.at = at
		c.alone = c.alone[:0]
	}
	if text(it, attrMessageDirection) != "o" {
		c.addQuestion(at)
		return nil
	}
	words := text(it, attrMessageText)
	isEcho, err := isChatEcho(channel, it)
	if err != nil || !isEcho || words == "" {
		return err
	}
	c.addEcho(words, at)
	return nil
}

// addQuestion records a message of the customer. WhatsApp's times are whole seconds, so
// the echo of the same second may have been read before it.
func (c *echoCounter) addQuestion(at time.Time) {
	c.question = at
	for _, n := range c.alone {
		n.AtOnce++
	}
	c.alone = c.alone[:0]
}

func (c *echoCounter) addEcho(words string, at time.Time) {
	sum := sha256.Sum256([]byte(contact.NormalizeAppText(words)))
	hash := textHash(sum[:16])
	n := c.texts[hash]
	if n == nil {
		n = &echoCount{}
		c.texts[hash] = n
	}
	n.Messages++
	if n.last != c.partition {
		n.last = c.partition
		n.Customers++
	}
	if n.Customers >= c.least {
		n.Text = words
	}
	if !c.question.IsZero() && at.Sub(c.question) <= atOnce {
		n.AtOnce++
	} else {
		c.alone = append(c.alone, n)
	}
}

// isChatEcho reports whether a message of ours was sent on a chat channel by an app
// or by staff, and not by Heard.
func isChatEcho(channel message.Channel, it item) (bool, error) {
	switch channel {
	case message.WhatsApp, message.Messenger, message.Instagram:
	default:
		return false, nil
	}
	var rest messageRest
	if j := text(it, attrMessageRest); j != "" {
		if err := json.Unmarshal([]byte(j), &rest); err != nil {
			return false, fault.Wrap(fault.Internal, err, "read message")
		}
	}
	return rest.Origin == message.Echo, nil
}

func (c *echoCounter) repeated() []RepeatedEcho {
	var all []RepeatedEcho
	for _, n := range c.texts {
		if n.Customers >= c.least {
			all = append(all, n.RepeatedEcho)
		}
	}
	slices.SortFunc(all, func(a, b RepeatedEcho) int {
		return cmp.Or(cmp.Compare(b.Customers, a.Customers), strings.Compare(a.Text, b.Text))
	})
	return all
}
