package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/schedule"
)

func recordOf(name, pk, sk string) events.DynamoDBEventRecord {
	r := StreamRecord(nil, key(pk, sk))
	r.EventName = name
	return r
}

func TestDecodeChange_Kinds(t *testing.T) {
	t.Parallel()
	table := New(nil, "", Pepper("a pepper for tests, 32 bytes long"))
	at := time.UnixMilli(1772442000123).UTC()
	id := message.ID("1772442000123:whatsapp:wamid.A")
	mail := identity.Alias{Kind: identity.Email, Value: "mail@voorbeeld.example"}
	occurrence := problem.Occurrence{Customer: "c", Contact: "k", Day: "2026-03-02", Hour: "09"}
	tests := []struct {
		pk, sk string
		want   Change
	}{
		{customerPK("c"), messageSK(id), Change{Kind: KindMessage, Customer: "c", Message: id, At: at}},
		{customerPK("c"), correctionSK(id), Change{Kind: KindCorrection, Customer: "c", Message: id, At: at}},
		{customerPK("c"), decisionSK(id), Change{Kind: KindDecision, Customer: "c", Message: id, At: at}},
		{customerPK("c"), contactSK(at, "k"), Change{Kind: KindContact, Customer: "c", Contact: "k", At: at}},
		{customerPK("c"), requestSK(at, ""), Change{Kind: KindReclassify, Customer: "c", At: at}},
		{customerPK("c"), requestSK(at, "k"), Change{Kind: KindReclassify, Customer: "c", Contact: "k", At: at}},
		{customerPK("c"), changeSK(identity.Change{At: at, ID: "1"}), Change{Kind: KindIdentityChange, Customer: "c", At: at}},
		{customerPK("c"), effectSK(message.WhatsApp, "wamid.A"), Change{Kind: KindEffect, Customer: "c"}},
		{customerPK("c"), effectMarkSK(message.WhatsApp, "wamid.A"), Change{Kind: KindEffectMark, Customer: "c"}},
		{customerPK("c"), suggestionSK("d"), Change{Kind: KindSuggestion, Customer: "c"}},
		{customerPK("c"), visitorSK(at, "A#visitor#x"), Change{Kind: KindVisitor, Customer: "c"}},
		{customerPK("c"), profileSK, Change{Kind: KindProfile, Customer: "c"}},
		{customerPK("c"), claimSK, Change{Kind: KindClaim, Customer: "c"}},
		{problemPK("p"), problemSK, Change{Kind: KindProblem, Problem: "p"}},
		{problemPK("p"), affectedSK("c"), Change{Kind: KindAffected, Problem: "p"}},
		{problemPK("p"), logSK(1), Change{Kind: KindLogLine, Problem: "p"}},
		{problemPK("p"), dueSK(schedule.Split), Change{Kind: KindDue, Problem: "p"}},
		{problemPK("p"), escalatedSK, Change{Kind: KindEscalation, Problem: "p"}},
		{problemPK("p"), table.appliedSK("name"), Change{Kind: KindAppliedChange, Problem: "p"}},
		{causePK("r", "p"), occurrenceSK(occurrence), Change{Kind: KindOccurrence}},
		{causePK("r", "p"), levelSK("2026-03-02"), Change{Kind: KindLevel}},
		{causePK("r", "p"), openSK, Change{Kind: KindOpenProblem}},
		{causePK("r", ""), openProductSK("p"), Change{Kind: KindOpenProblem}},
		{sincePK, sinceSK, Change{Kind: KindCountingStart}},
		{unknownPK(3), timePlace(at, "x"), Change{Kind: KindHint}},
		{decidedPK, "hash", Change{Kind: KindDecidedWord}},
		{announcedPK, announcedSK("x"), Change{Kind: KindAnnouncement}},
		{announcedPK, announcedCountSK, Change{Kind: KindAnnouncedCount}},
		{"A#phone#x", aliasSK, Change{Kind: KindAlias, AliasKey: "A#phone#x"}},
		{table.deferredPK(at, "1"), dueSK(schedule.Contact), Change{Kind: KindDeferred}},
		{bulkPK("reclassify"), table.bulkSK(at, "a", "b"), Change{Kind: KindBulkAction}},
		{table.addressPK(mail), addressSK, Change{Kind: KindMailAddress}},
		{table.addressPK(mail), automaticSK(at), Change{Kind: KindMailAddress}},
		{table.sentPK("<1@x>"), sentSK, Change{Kind: KindSentMail}},
		{noticePK(message.Notice{Channel: message.WhatsApp}), "1", Change{Kind: KindNotice}},
		{table.orderPK("1"), orderSK, Change{Kind: KindOrder}},
		{quarantinePK("hash"), "hash", Change{Kind: KindQuarantined}},
		{waitingCountsPK, waitingCountsSK, Change{Kind: KindWaitingCounts}},
		{table.namePK("Jan Jansen"), "c", Change{Kind: KindOther}},
		{table.claimedPK(mail), "c", Change{Kind: KindOther}},
		{table.ratePK("x"), rateSK(at), Change{Kind: KindOther}},
		{pepperPK, pepperSK, Change{Kind: KindOther}},
		{"Y#later", "Y", Change{Kind: KindOther}},
		{customerPK("c"), "Y#later", Change{Kind: KindOther, Customer: "c"}},
	}
	for _, tt := range tests {
		got, err := DecodeChange(recordOf("INSERT", tt.pk, tt.sk))
		if err != nil {
			t.Errorf("DecodeChange(%s, %s): %v", tt.pk, tt.sk, err)
			continue
		}
		want := tt.want
		want.Operation = Inserted
		want.Partition = tt.pk
		want.record = got.record
		want.Recorded = got.Recorded
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("DecodeChange(%s, %s)\n got %+v\nwant %+v", tt.pk, tt.sk, got, want)
		}
	}
}

func TestDecodeChange_Operations(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Operation{"INSERT": Inserted, "MODIFY": Modified, "REMOVE": Removed} {
		if got, err := DecodeChange(recordOf(name, customerPK("c"), profileSK)); err != nil || got.Operation != want {
			t.Errorf("%s: got %q, %v, want %q", name, got.Operation, err, want)
		}
	}
}

func TestDecodeChange_Malformed(t *testing.T) {
	t.Parallel()
	const secret = "31970100001"
	numeric := recordOf("INSERT", customerPK("c"), profileSK)
	numeric.Change.Keys[skName] = events.NewNumberAttribute(secret)
	tests := []struct {
		name   string
		record events.DynamoDBEventRecord
		says   string
	}{
		{"no key", events.DynamoDBEventRecord{EventName: "INSERT"}, "key"},
		{"key is a number", numeric, "key"},
		{"message", recordOf("INSERT", customerPK(secret), "M#"+secret), "message"},
		{"no customer", recordOf("INSERT", "C#", "M#1772442000123#whatsapp#"+secret), "message"},
		{"channel", recordOf("INSERT", customerPK("c"), "M#1772442000123#"+secret+"#a"), "message"},
		{"correction", recordOf("INSERT", customerPK("c"), "K~"+secret), "correction"},
		{"decision", recordOf("INSERT", customerPK("c"), "K~d#"+secret), "decision"},
		{"contact without id", recordOf("INSERT", customerPK("c"), "K#1772442000123"), "contact"},
		{"contact without time", recordOf("INSERT", customerPK("c"), "K#x#"+secret), "contact"},
		{"request", recordOf("INSERT", customerPK("c"), "Z#x"+secret), "reclassify request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeChange(tt.record)
			wantInvalid(t, err, tt.says, secret)
		})
	}
}

func wantInvalid(t *testing.T, err error, says, secret string) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("got %v of kind %v, want fault.Invalid", err, fault.KindOf(err))
	}
	if got := err.Error(); !strings.Contains(got, "decode stream record") || !strings.Contains(got, says) {
		t.Errorf("got %q, want it to name the operation and %q", got, says)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("got %q, which shows customer data", err)
	}
}

func TestChange_MalformedValues(t *testing.T) {
	t.Parallel()
	const secret = "31970100001"
	broken := func(pk, sk string) Change {
		it := key(pk, sk)
		for _, name := range []string{attrJSON, attrContactCauses, attrMessageRest} {
			it[name] = str(`{"` + secret)
		}
		c, err := DecodeChange(StreamRecord(nil, it))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	at := time.UnixMilli(1772442000123)
	news := func(c Change) error { _, _, _, err := c.Event(); return err }
	textual := func(pk, sk, attr string) Change {
		it := key(pk, sk)
		it[attr] = str(secret)
		c, err := DecodeChange(StreamRecord(nil, it))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	_, versionErr := textual(problemPK("p"), problemSK, attrProblemVersion).HasNewVersion()
	_, _, lostErr := textual(customerPK("c"), effectSK(message.WhatsApp, "a"), attrEffectChanges).ChangedSince()
	wantInvalid(t, versionErr, "problem", secret)
	_, problemErr := broken(problemPK("p"), problemSK).ProblemAfter()
	_, _, announcedErr := broken(announcedPK, announcedSK("x")).Announcement()
	_, identityErr := broken(customerPK("c"), changeSK(identity.Change{At: at, ID: "1"})).IdentityChange()
	for says, err := range map[string]error{
		"problem":                problemErr,
		"effect":                 lostErr,
		"candidate announcement": announcedErr,
		"identity change":        identityErr,
		"message":                news(broken(customerPK("c"), messageSK("1772442000123:whatsapp:a"))),
		"contact":                news(broken(customerPK("c"), contactSK(at, "k"))),
		"claim":                  news(broken(customerPK("c"), claimSK)),
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			wantInvalid(t, err, says, secret)
		})
	}
}

func TestChange_ProblemVersions(t *testing.T) {
	t.Parallel()
	first := problem.Record{Problem: problem.Problem{ID: "p", Reason: "r", Version: 1}}
	second := first
	second.Version = 2
	again := second
	again.Resent = 1
	tests := []struct {
		name           string
		before         *problem.Record
		after          problem.Record
		newer, another bool
	}{
		{"new problem", nil, first, true, false},
		{"new version", &first, second, true, false},
		{"sent again", &second, again, false, true},
		{"unchanged", &second, second, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := NewProblemRecord(tt.before, tt.after)
			if err != nil {
				t.Fatal(err)
			}
			c, err := DecodeChange(r)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := c.HasNewVersion(); err != nil || got != tt.newer {
				t.Errorf("HasNewVersion: got %v, %v, want %v", got, err, tt.newer)
			}
			if got, err := c.IsResent(); err != nil || got != tt.another {
				t.Errorf("IsResent: got %v, %v, want %v", got, err, tt.another)
			}
			p, err := c.ProblemAfter()
			if err != nil || p.Version != tt.after.Version || p.Resent != tt.after.Resent {
				t.Errorf("ProblemAfter: got version %d, resent %d, %v, want %d, %d", p.Version, p.Resent, err, tt.after.Version, tt.after.Resent)
			}
		})
	}
}

func TestChange_ChangedSince(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1772442000123).UTC()
	c, err := DecodeChange(NewLostRecord("c", message.WhatsApp, "wamid.A", at))
	if err != nil {
		t.Fatal(err)
	}
	if got, lost, err := c.ChangedSince(); err != nil || !lost || !got.Equal(at) {
		t.Errorf("got %v, %v, %v, want %v", got, lost, err, at)
	}
	c, err = DecodeChange(recordOf("MODIFY", customerPK("c"), effectSK(message.WhatsApp, "wamid.A")))
	if err != nil {
		t.Fatal(err)
	}
	if got, lost, err := c.ChangedSince(); err != nil || lost {
		t.Errorf("an effect without a failure: got %v, %v, want none", got, err)
	}
}
