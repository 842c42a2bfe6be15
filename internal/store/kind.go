package store

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A Kind is a kind of item. keys.go lists them with their keys.
type Kind string

// The kinds of item. KindOther is an item that no reader of the stream needs:
// a lookup in the register, a rate, the pepper, or an unknown key.
const (
	KindProfile        Kind = "profile"
	KindClaim          Kind = "claim"
	KindIdentityChange Kind = "identity change"
	KindContact        Kind = "contact"
	KindCorrection     Kind = "correction"
	KindDecision       Kind = "decision"
	KindMessage        Kind = "message"
	KindEffectMark     Kind = "effect mark"
	KindSuggestion     Kind = "suggestion"
	KindVisitor        Kind = "visitor"
	KindEffect         Kind = "effect"
	KindReclassify     Kind = "reclassify request"

	KindProblem       Kind = "problem"
	KindAffected      Kind = "affected customer"
	KindEscalation    Kind = "escalation"
	KindLogLine       Kind = "log line"
	KindAppliedChange Kind = "applied change"

	KindOccurrence    Kind = "occurrence"
	KindLevel         Kind = "level"
	KindOpenProblem   Kind = "open problem"
	KindCountingStart Kind = "counting start"

	KindHint           Kind = "hint"
	KindDecidedWord    Kind = "decided word"
	KindAnnouncement   Kind = "candidate announcement"
	KindAnnouncedCount Kind = "number of announcements"

	KindAlias       Kind = "alias"
	KindDue         Kind = "due entry"
	KindDeferred    Kind = "deferred events"
	KindBulkAction  Kind = "bulk action"
	KindMailAddress Kind = "mail address"
	KindNotice      Kind = "notice"
	KindOrder       Kind = "order"
	KindQuarantined Kind = "quarantined delivery"

	// KindWaitingCounts is the number of contacts that wait.
	KindWaitingCounts Kind = "waiting counts"
	KindSentMail      Kind = "sent mail"
	KindOther         Kind = "other"
)

// A keyRule says that keys which begin with a prefix, or are equal to it, are
// of a kind.
type keyRule struct {
	prefix string
	whole  bool
	kind   Kind
}

func (r keyRule) matches(key string) bool {
	if r.whole {
		return key == r.prefix
	}
	return strings.HasPrefix(key, r.prefix)
}

func kindByRule(rules []keyRule, key string) Kind {
	for _, r := range rules {
		if r.matches(key) {
			return r.kind
		}
	}
	return KindOther
}

var (
	customerRules = []keyRule{
		{messagePrefix, false, KindMessage},
		{effectPrefix, false, KindEffect},
		{contactPrefix, false, KindContact},
		{profileSK, true, KindProfile},
		{claimSK, true, KindClaim},
		{changePrefix, false, KindIdentityChange},
		{decisionPrefix, false, KindDecision}, // before its beginning, the prefix of corrections
		{correctionPrefix, false, KindCorrection},
		{requestPrefix, false, KindReclassify},
		{effectMarkPrefix, false, KindEffectMark},
		{suggestionPrefix, false, KindSuggestion},
		{visitorPrefix, false, KindVisitor},
	}
	problemRules = []keyRule{
		{problemSK, true, KindProblem},
		{escalatedSK, true, KindEscalation},
		{affectedPrefix, false, KindAffected},
		{duePrefix, false, KindDue},
		{logPrefix, false, KindLogLine},
		{appliedPrefix, false, KindAppliedChange},
	}
	causeRules = []keyRule{
		{sinceSK, true, KindCountingStart},
		{openSK, false, KindOpenProblem},
		{levelPrefix, false, KindLevel},
		{"", false, KindOccurrence},
	}
	announcedRules = []keyRule{
		{announcedPrefix, false, KindAnnouncement},
		{announcedCountSK, true, KindAnnouncedCount},
	}
	// partitionRules are the kinds of the partitions that hold one kind.
	partitionRules = []keyRule{
		{aliasPrefix, false, KindAlias},
		{decidedPK, true, KindDecidedWord},
		{hintPrefix, false, KindHint},
		{deferredPrefix, false, KindDeferred},
		{addressPrefix, false, KindMailAddress},
		{sentPrefix, false, KindSentMail},
		{bulkPrefix, false, KindBulkAction},
		{noticePrefix, false, KindNotice},
		{orderPrefix, false, KindOrder},
		{quarantinePrefix, false, KindQuarantined},
		{waitingCountsPK, true, KindWaitingCounts},
	}
)

// KindOfItem returns the kind of a whole item.
func KindOfItem(it map[string]types.AttributeValue) Kind {
	return KindOf(text(it, pkName), text(it, skName))
}

// KindOf returns the kind of the item with a key.
func KindOf(pk, sk string) Kind {
	switch {
	case strings.HasPrefix(pk, customerPrefix):
		return kindByRule(customerRules, sk)
	case strings.HasPrefix(pk, problemPrefix):
		return kindByRule(problemRules, sk)
	case strings.HasPrefix(pk, causePrefix):
		return kindByRule(causeRules, sk)
	case pk == announcedPK:
		return kindByRule(announcedRules, sk)
	default:
		return kindByRule(partitionRules, pk)
	}
}

// kindName returns the kind of an item, for errors.
func kindName(it item) string {
	if kind := KindOfItem(it); kind != KindOther {
		return string(kind)
	}
	return "item"
}

// kindsOfWrites returns the kinds of a transaction, each once, for errors.
func kindsOfWrites(writes []types.TransactWriteItem) string {
	var kinds []string
	for _, w := range writes {
		var it item
		switch {
		case w.Put != nil:
			it = w.Put.Item
		case w.Update != nil:
			it = w.Update.Key
		case w.Delete != nil:
			it = w.Delete.Key
		}
		if kind := kindName(it); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return strings.Join(kinds, ", ")
}

// queried returns the list or the kind of item that a query reads, for errors.
func queried(in *dynamodb.QueryInput) string {
	values := in.ExpressionAttributeValues
	if in.IndexName != nil {
		list, _, _ := strings.Cut(text(values, ":pk"), "#") // such as waiting
		return "index of " + list
	}
	return kindName(key(text(values, ":pk"), text(values, ":from")))
}
