package sqs_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/infra/local/sqs"
)

// fifoModel is a simple model of a FIFO queue.
type fifoModel struct {
	groups map[string][]*modelMessage
	deaths map[string][]string // bodies of dead letters by group, in order
	sent   map[string]time.Time
}

type modelMessage struct {
	body     string
	receives int
	until    time.Time // end of the visibility timeout; zero if not in flight
	handle   *string
}

const (
	modelTimeout  = 30 * time.Second
	modelReceives = 3
)

// free returns a group's messages, or nil if one of them is in flight.
func (m *fifoModel) free(group string, now time.Time) []*modelMessage {
	for _, msg := range m.groups[group] {
		if msg.until.After(now) {
			return nil
		}
	}
	return m.groups[group]
}

// received applies a received batch of one group to the model. The batch must
// be the group's first messages, without those that were received too often:
// they become dead letters.
func (m *fifoModel) received(t *rapid.T, group string, batch []types.Message, now time.Time) {
	for i, got := range batch {
		msgs := m.groups[group]
		for len(msgs) > i && msgs[i].receives == modelReceives {
			m.deaths[group] = append(m.deaths[group], msgs[i].body)
			msgs = slices.Delete(msgs, i, i+1)
		}
		m.groups[group] = msgs
		if len(msgs) <= i || msgs[i].body != *got.Body {
			t.Fatalf("received %s of group %s out of order", *got.Body, group)
		}
		msgs[i].receives++
		msgs[i].until = now.Add(modelTimeout)
		msgs[i].handle = got.ReceiptHandle
		if got.Attributes["ApproximateReceiveCount"] != strconv.Itoa(msgs[i].receives) {
			t.Fatalf("receive count of %s is %s, want %d", *got.Body, got.Attributes["ApproximateReceiveCount"], msgs[i].receives)
		}
	}
}

// bury removes the dead letters at the head of a group, which a receive has
// moved.
func (m *fifoModel) bury(group string) {
	for len(m.groups[group]) > 0 && m.groups[group][0].receives == modelReceives {
		m.deaths[group] = append(m.deaths[group], m.groups[group][0].body)
		m.groups[group] = m.groups[group][1:]
	}
}

// TestServer_FIFOModel runs random operations and restarts. A group is received
// in order, no message is lost, and a message comes again only after its
// visibility timeout.
func TestServer_FIFOModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		clock := newClock()
		config := sqs.Config{Dir: t.TempDir(), Now: clock.Now}
		server := newServer(t, config)
		defer func() { _ = server.Close() }()
		f := &fixture{t: t, clock: clock, c: newClient("http://sqs.example.com", inProcess{server})}
		dead := f.fifo("dead.fifo", nil)
		f = f.fifo("out.fifo", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead.arn() + `","maxReceiveCount":` + strconv.Itoa(modelReceives) + `}`})
		m := &fifoModel{groups: map[string][]*modelMessage{}, deaths: map[string][]string{}, sent: map[string]time.Time{}}
		group := rapid.SampledFrom([]string{"a", "b", "c"})

		rt.Repeat(map[string]func(*rapid.T){
			"send": func(rt *rapid.T) {
				g, body := group.Draw(rt, "group"), strconv.Itoa(rapid.IntRange(1, 60).Draw(rt, "body"))
				f.sendTo(g, body)
				if at, ok := m.sent[body]; ok && clock.Now().Before(at.Add(5*time.Minute)) {
					return // a duplicate, in any group
				}
				m.sent[body] = clock.Now()
				m.groups[g] = append(m.groups[g], &modelMessage{body: body})
			},
			"receive": func(rt *rapid.T) {
				most := rapid.Int32Range(1, 10).Draw(rt, "most")
				now := clock.Now()
				byGroup := map[string][]types.Message{}
				msgs := f.receive(most)
				for _, msg := range msgs {
					g := msg.Attributes["MessageGroupId"]
					byGroup[g] = append(byGroup[g], msg)
				}
				for _, g := range []string{"a", "b", "c"} {
					free := m.free(g, now)
					if len(byGroup[g]) > 0 && free == nil {
						rt.Fatalf("received a message of group %s, which has messages in flight", g)
					}
					m.received(rt, g, byGroup[g], now)
					if len(byGroup[g]) == 0 && len(free) > 0 && len(msgs) < int(most) {
						m.bury(g)
						if len(m.groups[g]) > 0 {
							rt.Fatalf("no message of group %s received, want its first ones", g)
						}
					}
				}
			},
			"delete": func(rt *rapid.T) {
				g := group.Draw(rt, "group")
				for i, msg := range m.groups[g] {
					if msg.until.After(clock.Now()) && rapid.Bool().Draw(rt, "this one") {
						if err := f.delete(types.Message{ReceiptHandle: msg.handle}); err != nil {
							rt.Fatal(err)
						}
						m.groups[g] = slices.Delete(m.groups[g], i, i+1)
						return
					}
				}
			},
			"give back": func(rt *rapid.T) {
				for _, msg := range m.groups[group.Draw(rt, "group")] {
					if msg.until.After(clock.Now()) {
						if err := f.hide(types.Message{ReceiptHandle: msg.handle}, 0); err != nil {
							rt.Fatal(err)
						}
						msg.until = time.Time{}
						return
					}
				}
			},
			"wait": func(rt *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(1, 100).Draw(rt, "seconds")) * time.Second)
			},
			"restart": func(rt *rapid.T) {
				if err := server.Close(); err != nil {
					rt.Fatal(err)
				}
				server = newServer(t, config)
				f.c = newClient("http://sqs.example.com", inProcess{server})
				dead.c = f.c
				for _, msgs := range m.groups {
					for _, msg := range msgs {
						msg.until = time.Time{}
					}
				}
			},
		})

		// Receive all remaining messages, and then compare the dead letters.
		for range 4 * 60 {
			clock.Advance(modelTimeout)
			msgs := f.receive(10)
			byGroup := map[string][]types.Message{}
			for _, msg := range msgs {
				g := msg.Attributes["MessageGroupId"]
				byGroup[g] = append(byGroup[g], msg)
				if err := f.delete(msg); err != nil {
					rt.Fatal(err)
				}
			}
			for g, batch := range byGroup {
				m.received(rt, g, batch, clock.Now())
				m.groups[g] = m.groups[g][len(batch):]
			}
			if len(msgs) == 0 {
				break
			}
		}
		for g := range m.groups {
			m.bury(g)
			if len(m.groups[g]) > 0 {
				rt.Fatalf("%[2]d messages of group %[1]s were not received, want 0", g, len(m.groups[g]))
			}
		}
		deaths := map[string][]string{}
		for msgs := dead.receive(10); len(msgs) > 0; msgs = dead.receive(10) {
			for _, msg := range msgs {
				deaths[msg.Attributes["MessageGroupId"]] = append(deaths[msg.Attributes["MessageGroupId"]], *msg.Body)
				if err := dead.delete(msg); err != nil {
					rt.Fatal(err)
				}
			}
		}
		for _, g := range []string{"a", "b", "c"} {
			if !equal(deaths[g], m.deaths[g]) {
				rt.Fatalf("dead letters of group %s: %q, want %q", g, deaths[g], m.deaths[g])
			}
		}
		f.wantCounts("0 0 0")
	})
}

// TestServer_StandardModel runs random operations on a standard queue. Each
// receive returns the visible messages, oldest first and each once.
func TestServer_StandardModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		clock := newClock()
		f := &fixture{t: t, clock: clock, c: newClient("http://sqs.example.com", inProcess{newServer(t, sqs.Config{Now: clock.Now})})}
		f = f.queue("intake", nil)
		type state struct {
			body   string
			until  time.Time // hidden until then
			handle *string
		}
		var model []*state
		n := 0
		rt.Repeat(map[string]func(*rapid.T){
			"send": func(rt *rapid.T) {
				n++
				delay := rapid.Int32Range(0, 20).Draw(rt, "delay")
				body := strconv.Itoa(n)
				f.sendInput(&awssqs.SendMessageInput{MessageBody: aws.String(body), DelaySeconds: delay})
				model = append(model, &state{body: body, until: clock.Now().Add(time.Duration(delay) * time.Second)})
			},
			"receive": func(rt *rapid.T) {
				most := rapid.Int32Range(1, 10).Draw(rt, "most")
				var want []string
				var due []*state
				for _, s := range model {
					if !s.until.After(clock.Now()) && len(due) < int(most) {
						due = append(due, s)
						want = append(want, s.body)
					}
				}
				var got []string
				for i, m := range f.receive(most) {
					got = append(got, *m.Body)
					if i < len(due) {
						due[i].handle, due[i].until = m.ReceiptHandle, clock.Now().Add(modelTimeout)
					}
				}
				if !equal(got, want) {
					rt.Fatalf("received %q, want %q", got, want)
				}
			},
			"delete": func(rt *rapid.T) {
				i := slices.IndexFunc(model, func(s *state) bool { return s.handle != nil })
				if i < 0 {
					return
				}
				if err := f.delete(types.Message{ReceiptHandle: model[i].handle}); err != nil {
					rt.Fatal(err)
				}
				model = slices.Delete(model, i, i+1)
			},
			"wait": func(rt *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(1, 40).Draw(rt, "seconds")) * time.Second)
			},
		})
	})
}
