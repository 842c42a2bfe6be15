package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

// The replayed week consists of conversations of one to three messages within
// minutes. Each conversation is answered about an hour later at most.
const (
	span         = 7 * 24 * time.Hour
	perCustomer  = 5 // messages in the week
	perAnswer    = 2 // mean number of messages per conversation
	answerWithin = time.Hour
)

// A weekEvent is one message or status of the week.
type weekEvent struct {
	at       time.Time
	purpose  string // inbound, outgoing or status
	customer int
	channel  message.Channel
	id       string
	text     string // for a status: "sent", "delivered" or "read"
}

// customerChannel returns the channel of a customer. Of 100 customers 60 use
// WhatsApp, 15 Messenger, 15 mail and 10 the chat.
func customerChannel(customer int) message.Channel {
	switch n := customer % 20; {
	case n < 12:
		return message.WhatsApp
	case n < 15:
		return message.Messenger
	case n < 18:
		return message.Email
	default:
		return message.WebChat
	}
}

// generateWeek returns n inbound messages, their answers and the statuses of the
// answers, ordered by time. It is deterministic, except that the week ends now.
func generateWeek(n int) []weekEvent {
	dice := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // deterministic on purpose
	begin := time.Now().Add(-span - 2*time.Hour).UTC().Truncate(time.Second)
	customers := max(n/perCustomer, 20)
	var all []weekEvent
	for left, talk := n, 0; left > 0; talk++ {
		who := talk % customers // all customers have equally many conversations
		m := weekEvent{
			at: begin.Add(time.Duration(dice.Int64N(int64(span)))).Truncate(time.Second), purpose: inbound, customer: who, channel: customerChannel(who),
			text: traffic.Openings[dice.IntN(len(traffic.Openings))].Text,
		}
		for i := range min(1+dice.IntN(2*perAnswer-1), left) {
			if i > 0 {
				m.at = m.at.Add(time.Duration(10+dice.IntN(170)) * time.Second)
				m.text = traffic.FollowUps[dice.IntN(len(traffic.FollowUps))]
			}
			m.id = fmt.Sprint(talk, ".", i)
			all = append(all, m)
			left--
		}
		m.at = m.at.Add(2*time.Minute + time.Duration(dice.Int64N(int64(answerWithin)))).Truncate(time.Second)
		m.purpose = outgoing
		m.id = fmt.Sprint(talk, ".answer")
		m.text = traffic.Answer
		all = append(all, m)
		m.purpose = status
		for i, s := range []string{"sent", "delivered", "read"} {
			m.at = m.at.Add(time.Duration(1+20*i) * time.Second)
			m.text = s
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b weekEvent) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return all
}
