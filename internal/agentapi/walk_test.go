package agentapi_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// make figures runs the same with 10,000 messages while 1,000 more arrive.
func TestHistory_PagesWhileMessagesArrive(t *testing.T) {
	t.Parallel()
	for order, oldest := range map[string]bool{"newest": false, "oldest": true} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			var ids []identity.CustomerID
			for n := range 3 {
				ids = append(ids, s.Customer(phone(n)))
			}
			for _, other := range ids[1:] {
				if joined, err := s.Table.Customers.JoinByEvidence(t.Context(), ids[0], other, identity.Evidence{Rule: "register", At: now}); err != nil || !joined {
					t.Fatal(joined, err)
				}
			}
			put := func(text string, n int, at time.Time) {
				m := message.Message{
					Version: message.SchemaVersion, Channel: message.WhatsApp, Direction: message.Inbound, Kind: message.Text,
					Customer: phone(n), CustomerID: ids[n], ProviderID: uuid.NewString(), SentAt: at, Text: text,
				}
				m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
				if created, err := s.Table.Messages.Put(t.Context(), m, ""); err != nil || !created {
					t.Error(created, err)
				}
			}
			begin := now.Add(-1000 * time.Hour)
			var wg sync.WaitGroup
			for i := range 300 { // three of each moment, one in each partition
				wg.Go(func() { put(fmt.Sprint("before ", i), i%3, begin.Add(time.Duration(i/3)*time.Minute)) })
			}
			wg.Wait()
			seen := map[string]int{}
			query := map[string]string{"limit": "20", "order": order}
			for turn := 0; ; turn++ {
				var p page
				s.Do(call{Route: historyRoute, Path: id(ids[turn%3]), Query: query}).Into(http.StatusOK, &p)
				for _, m := range p.Messages {
					seen[m.Text]++
				}
				if p.Complete {
					break
				}
				query["cursor"] = p.Cursor
				if turn < 10 {
					put(fmt.Sprint("after ", turn), turn%3, now.Add(time.Duration(turn)*time.Second))
					put(fmt.Sprint("between ", turn), turn%3, begin.Add(time.Duration(turn*9)*time.Minute+time.Second))
				}
			}
			for i := range 300 {
				if n := seen[fmt.Sprint("before ", i)]; n != 1 {
					t.Errorf("message %d was seen %d times", i, n)
				}
			}
			for text, n := range seen {
				if n != 1 {
					t.Errorf("%s was seen %d times", text, n)
				}
			}
			for i := range 10 {
				if n := seen[fmt.Sprint("after ", i)]; oldest && n != 1 {
					t.Errorf("what came after was seen %d times", n)
				}
			}
		})
	}
}
