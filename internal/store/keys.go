package store

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/schedule"
)

// This file builds and parses every key of the table. No other file does.
//
// A time in a key is written as 13 digits of milliseconds since 1970, so that
// keys sort by time. A hash is keyed by the stack's pepper. A provider id that
// is long or holds an address is replaced by its hash ([message.ProviderKey]).
//
// In the partition of a customer, C#<customer>, the sort key is
//
//	P                                  profile: names, consents, aliases, merges
//	H                                  claim of an agent
//	J#<time>#<id>                      identity change: merge, unmerge, move, dismissal
//	K#<start>#<contact>                contact
//	K~<time>#<channel>#<provider id>   correction of the contact of a message by an agent
//	K~d#<time>#<channel>#<provider id> decision of a person about a message: whether it asks, whether a program wrote it
//	M#<time>#<channel>#<provider id>   message
//	M~<channel>#<provider id>          effect mark: an effect says that the message may have failed
//	S#<other customer>                 suggestion that two customers are one person
//	V#<time>#<alias key>               visitor who signed in at a time
//	X#<channel>#<provider id>          effect: states, edits and failures of a message
//	X#<channel>#~watermark             watermarks: all messages until a time were delivered or read
//	Z#<time>[#<contact>]               reclassify request: contacts since a time, or one contact
//
// In the partition of a problem, P#<problem>:
//
//	P                                  problem
//	A#<customer>                       affected customer, with the contacts about the problem
//	D#<kind>                           due entry: a reminder, escalation or other timed step
//	E                                  escalation: lists an escalated problem to the department that it was escalated to
//	L#<version>                        log line of one version
//	U#<hash of a name>                 applied change: makes a change with an Idempotency-Key happen once
//
// In the partition of a cause, W#<reason>#<product>:
//
//	<day>[T<hour>]#<customer>#<contact>   occurrence: a contact about the cause
//	#<day>                                level: customers in each hour of a day
//	O                                     open problem of the cause
//	O#<product>                           open problem of a product; under the reason without product
//
// Everything else:
//
//	partition key            sort key
//	A#<kind>#<hash>          A                    alias: an address and its customer
//	B#<hash of address>      B                    mark on a mail address: mail bounced or is not wanted
//	B#<hash of address>      <day>                automatic mails of one day to an address
//	E#<hash of Message-ID>   E                    sent mail, to match answers and reports
//	G#<action>               <time>#<hash>        bulk action: who changed many customers
//	N#<channel>#<account>    <time>#<id>          notice: a report of a platform for operators
//	O#<hash of number>       O                    order in the register
//	Q#<shard>                <hash of delivery>   quarantined delivery
//	R#<hash of name>         <customer>           customers of one name in the register
//	R#<hash of address>      <customer>           customers for whom an address is claimed
//	R#<hash>                 <minute>             rate: count of one minute
//	T#<minute>#<hash>        D#contact            deferred events: contacts that close within a minute
//	U#                       <hash of a word>     decided word
//	U#<shard>                <start>#<hash>       hints: contacts whose reason is not known
//	U#told                   T#<candidate>        candidate announcement
//	U#told                   !                    number of candidate announcements
//	W#                       since                time since which causes are counted
//	waiting                  counts               number of contacts that wait, taken each minute
//	pepper                   pepper               fingerprint of the pepper
//
// The index has these entries:
//
//	waiting#<department>#<shard>   <rank><since>#<contact>   waiting contact; rank 0: critical, 1: others
//	due#<shard>                    <time>#<kind>#<pk>        due entry, or contact that will close
//	problems#<department>          <opened>#<problem>        problem of the department, or escalation to it
//	corrections                    <time>#<hash>             correction
//	late#C#<customer>              <time of receipt>         message that arrived long after it was sent
//	names#<hash of full name>      <customer>                customer: the profile, or the alias that made the customer
//	orders#<hash of account>       <hash of number>          order of the account in the register
//	claims#<shard>                 <until>#<holder>#<customer>   claim that a holder has
//	registered                     <time>#<hash>             contact that an agent registered with its reason and a text
const (
	profileSK   = "P"
	problemSK   = "P"
	escalatedSK = "E"
	openSK      = "O"
	aliasSK     = "A"
	claimSK     = "H"
	orderSK     = "O"
	sentSK      = "E"
	addressSK   = "B"
	pepperPK    = "pepper"
	pepperSK    = "pepper"
	sincePK     = causePrefix
	sinceSK     = "since"
	decidedPK   = hintPrefix
	announcedPK = hintPrefix + "told"

	announcedCountSK = "!"

	waitingCountsPK = "waiting"
	waitingCountsSK = "counts"

	messagePrefix    = "M#"
	effectMarkPrefix = "M~"
	effectPrefix     = "X#"
	contactPrefix    = "K#"
	correctionPrefix = "K~"
	decisionPrefix   = "K~d#" // sorts after the corrections, in the range that they are read with
	requestPrefix    = "Z#"
	affectedPrefix   = "A#"
	levelPrefix      = "#"
	aliasPrefix      = "A#"
	customerPrefix   = "C#"
	changePrefix     = "J#"
	problemPrefix    = "P#"
	lookupPrefix     = "R#" // customers by name or claimed address, and rates
	duePrefix        = "D#"
	logPrefix        = "L#"
	suggestionPrefix = "S#"
	visitorPrefix    = "V#"
	announcedPrefix  = "T#"
	appliedPrefix    = "U#"
	causePrefix      = "W#"
	hintPrefix       = "U#"
	deferredPrefix   = "T#"
	addressPrefix    = "B#"
	sentPrefix       = "E#"
	bulkPrefix       = "G#"
	noticePrefix     = "N#"
	orderPrefix      = "O#"
	quarantinePrefix = "Q#"

	correctionsPK = "corrections" // of the index
	namesPrefix   = "names#"      // of the index
	ordersPrefix  = "orders#"     // of the index
	registeredPK  = "registered"  // of the index
	latePrefix    = "late#"       // of the index

	watermarkKey = "~watermark" // instead of a provider id

	// shards is the number of partitions over which the waiting list of a
	// department, the quarantine, the hints and the due entries are spread. One
	// partition takes 1,000 writes a second.
	shards = 8
)

// timeSK returns the sort key that is just before the items of prefix at t.
func timeSK(prefix string, t time.Time) string {
	return fmt.Sprintf("%s%013d", prefix, max(t.UnixMilli(), 0))
}

// endOf returns a key after every key with a prefix.
func endOf(prefix string) string { return prefix + "~" }

// timePlace returns "<time>#<id>".
func timePlace(t time.Time, id string) string { return timeSK("", t) + "#" + id }

// parseTimePlace is the inverse of timePlace.
func parseTimePlace(s string) (time.Time, string) {
	ms, id, _ := strings.Cut(s, "#")
	return parseMillis(ms), id
}

// isTimePlace reports whether s has the form of a timePlace.
func isTimePlace(s string) bool {
	ms, id, ok := strings.Cut(s, "#")
	return ok && len(ms) == 13 && id != ""
}

// aliasKey returns the partition key of an alias. A claimed alias has another
// key than the verified one, so that a message from a forged sender never
// reaches the history of the real owner.
func (t *core) aliasKey(a identity.Address) string {
	kind := string(a.Kind)
	if a.Assurance == identity.Claimed {
		kind += "~claimed"
	}
	return aliasPrefix + kind + "#" + t.pepper.Hash(kind, a.Key())
}

// isAliasKind reports whether pk is the key of a verified alias of a kind.
func isAliasKind(pk string, kind identity.Kind) bool {
	return strings.HasPrefix(pk, aliasPrefix+string(kind)+"#")
}

func customerPK(id identity.CustomerID) string { return customerPrefix + string(id) }

func customerOf(pk string) identity.CustomerID {
	return identity.CustomerID(strings.TrimPrefix(pk, customerPrefix))
}

// messageSK returns the message id with the table's separator.
func messageSK(id message.ID) string {
	return messagePrefix + strings.Replace(string(id), ":", "#", 2)
}

func messageIDOf(sk string) message.ID {
	return message.ID(strings.Replace(strings.TrimPrefix(sk, messagePrefix), "#", ":", 2))
}

// messageSuffix returns the end of the sort key of a message, after its time.
func messageSuffix(ch message.Channel, providerKey string) string {
	return "#" + string(ch) + "#" + providerKey
}

// messageSuffixOf returns the messageSuffix of "<channel>:<provider key>".
func messageSuffixOf(id string) string { return "#" + strings.Replace(id, ":", "#", 1) }

func effectMarkSK(ch message.Channel, providerKey string) string {
	return effectMarkPrefix + string(ch) + "#" + providerKey
}

// markedEffectSK returns the key of the effect to which a effect mark belongs.
func markedEffectSK(sk string) string {
	return effectPrefix + strings.TrimPrefix(sk, effectMarkPrefix)
}

func effectSK(ch message.Channel, providerKey string) string {
	return effectPrefix + string(ch) + "#" + providerKey
}

func parseEffectSK(sk string) (ch message.Channel, providerKey string) {
	channel, providerKey, _ := strings.Cut(strings.TrimPrefix(sk, effectPrefix), "#")
	return message.Channel(channel), providerKey
}

func contactSK(start time.Time, id string) string { return contactPrefix + timePlace(start, id) }

func parseContactSK(sk string) (start time.Time, id string, ok bool) {
	ms, id, ok := strings.Cut(strings.TrimPrefix(sk, contactPrefix), "#")
	return parseMillis(ms), id, ok
}

// isContactSK reports whether sk is the key of the contact with that id.
func isContactSK(sk, id string) bool { return strings.HasSuffix(sk, "#"+id) }

// correctionSK sorts just after the contacts, so that one query reads both.
func correctionSK(id message.ID) string {
	return correctionPrefix + strings.TrimPrefix(messageSK(id), messagePrefix)
}

func correctedMessageOf(sk string) message.ID {
	return messageIDOf(messagePrefix + strings.TrimPrefix(sk, correctionPrefix))
}

// decisionSK sorts just after the corrections, so that one query reads both.
func decisionSK(id message.ID) string {
	return decisionPrefix + strings.TrimPrefix(messageSK(id), messagePrefix)
}

func decidedMessageOf(sk string) message.ID {
	return messageIDOf(messagePrefix + strings.TrimPrefix(sk, decisionPrefix))
}

// correctionPlace returns the sort key of a correction in the index.
func (t *core) correctionPlace(c contact.Correction) string {
	return timePlace(c.At, t.pepper.Hash("correction", string(c.Message))[:16])
}

// requestSK returns the key of a reclassify request: for every contact since a
// time, or for the contact with an id that starts at that time.
func requestSK(at time.Time, contactID string) string {
	if contactID == "" {
		return timeSK(requestPrefix, at)
	}
	return requestPrefix + timePlace(at, contactID)
}

// changeSK returns the key of an identity change.
func changeSK(ch identity.Change) string { return changePrefix + timePlace(ch.At, ch.ID) }

// changedAt returns the time in a changeSK.
func changedAt(sk string) time.Time {
	at, _ := parseTimePlace(strings.TrimPrefix(sk, changePrefix))
	return at
}

func suggestionSK(other identity.CustomerID) string { return suggestionPrefix + string(other) }

func suggestedCustomer(sk string) identity.CustomerID {
	return identity.CustomerID(strings.TrimPrefix(sk, suggestionPrefix))
}

// visitorSK is the key of a visitor who signed in at a time.
func visitorSK(at time.Time, aliasKey string) string {
	return visitorPrefix + timePlace(at, aliasKey)
}

// visitorAliasKey returns the alias key in a visitorSK.
func visitorAliasKey(sk string) string {
	_, aliasKey := parseTimePlace(strings.TrimPrefix(sk, visitorPrefix))
	return aliasKey
}

func problemPK(id string) string { return problemPrefix + id }

func problemOf(pk string) string { return strings.TrimPrefix(pk, problemPrefix) }

func logSK(version int) string { return fmt.Sprintf("%s%08d", logPrefix, version) }

func affectedSK(c identity.CustomerID) string { return affectedPrefix + string(c) }

func affectedCustomer(sk string) identity.CustomerID {
	return identity.CustomerID(strings.TrimPrefix(sk, affectedPrefix))
}

// appliedSK returns the key of the change of a problem that has a name.
func (t *core) appliedSK(name string) string { return appliedPrefix + t.pepper.Hash("change", name) }

func causePK(reason, product string) string { return causePrefix + reason + "#" + product }

func occurrenceSK(s problem.Occurrence) string {
	return s.Slot() + "#" + string(s.Customer) + "#" + s.Contact
}

func parseOccurrenceSK(sk string) (problem.Occurrence, bool) {
	parts := strings.Split(sk, "#")
	if len(parts) != 3 {
		return problem.Occurrence{}, false
	}
	s := problem.Occurrence{Customer: identity.CustomerID(parts[1]), Contact: parts[2]}
	s.Day, s.Hour, _ = strings.Cut(parts[0], "T")
	return s, true
}

func levelSK(day string) string { return levelPrefix + day }

func levelDay(sk string) string { return strings.TrimPrefix(sk, levelPrefix) }

func openProductSK(product string) string { return openSK + "#" + product }

// cutOpenProduct returns the product of an openProductSK.
func cutOpenProduct(sk string) (product string, ok bool) { return strings.CutPrefix(sk, openSK+"#") }

func unknownPK(shard int) string { return hintPrefix + strconv.Itoa(shard) }

func announcedSK(candidate string) string { return announcedPrefix + candidate }

func waitingPK(department string, shard int) string {
	return fmt.Sprintf("waiting#%s#%d", department, shard)
}

func claimsPK(shard int) string { return "claims#" + strconv.Itoa(shard) }

// claimPlace sorts claims by their end. The id of a holder has no "#".
func claimPlace(c contact.Claim) string {
	holder := string(c.Holder.Kind) + ":" + strings.ReplaceAll(c.Holder.ID, "#", "%23")
	return timePlace(c.Until, holder+"#"+string(c.Customer))
}

// parseClaimPlace returns the holder and the customer of a claimPlace.
func parseClaimPlace(sk string) (contact.Party, identity.CustomerID) {
	_, rest := parseTimePlace(sk)
	holder, customer, _ := strings.Cut(rest, "#")
	kind, id, _ := strings.Cut(holder, ":")
	return contact.Party{Kind: contact.PartyKind(kind), ID: strings.ReplaceAll(id, "%23", "#")}, identity.CustomerID(customer)
}

// waitingSK sorts critical contacts before the others, and each of the two by the
// beginning of the wait.
func waitingSK(severity string, since time.Time, contactID string) string {
	rank := "1"
	if severity == contact.Critical {
		rank = "0"
	}
	return rank + timePlace(since, contactID)
}

func parseWaitingSK(sk string) (since time.Time, contactID string) { return parseTimePlace(sk[1:]) }

// isWaitingSK reports whether s, which comes from a caller, has the form of waitingSK.
func isWaitingSK(s string) bool {
	return len(s) > 1 && len(s) <= 64 && (s[0] == '0' || s[0] == '1') && isTimePlace(s[1:])
}

// waitingDepartment returns the department of a waitingPK.
func waitingDepartment(pk string) string { return strings.Split(pk, "#")[1] }

// deferredPK returns the key of the events of one minute under a name.
func (t *core) deferredPK(minute time.Time, name string) string {
	return deferredPrefix + timePlace(minute, t.Hash("later", name)[:16])
}

func duePK(shard int) string { return fmt.Sprintf("due#%d", shard) }

func dueSK(kind schedule.Kind) string { return duePrefix + string(kind) }

// isDueRow reports whether sk is the key of a due row, see [dueRow]. Other due
// entries are index entries of the item that is due.
func isDueRow(sk string) bool { return strings.HasPrefix(sk, duePrefix) }

// placeOfDue returns the sort key of a due entry in the index.
func placeOfDue(at time.Time, kind schedule.Kind, pk string) string {
	return timePlace(at, string(kind)+"#"+pk)
}

func parseDuePlace(place string) (time.Time, schedule.Kind) {
	at, rest := parseTimePlace(place)
	kind, _, _ := strings.Cut(rest, "#")
	return at, schedule.Kind(kind)
}

// subjectOf returns a partition key without its prefix.
func subjectOf(pk string) string {
	_, subject, _ := strings.Cut(pk, "#")
	return subject
}

func latePK(customer string) string { return latePrefix + customer }

func (t *core) registeredPlace(m message.Message) string {
	return timePlace(m.SentAt, t.pepper.Hash("registered", string(m.CustomerID), string(m.ID))[:16])
}

func problemsPK(department string) string { return "problems#" + department }

func (t *core) orderPK(number string) string {
	return orderPrefix + t.pepper.Hash("order", strings.ToUpper(number))
}

// namePK returns the partition of the customers with a name in the register.
func (t *core) namePK(name string) string {
	return lookupPrefix + t.pepper.Hash("name", strings.ToLower(strings.Join(strings.Fields(name), " ")))
}

// fullNamePK returns the partition of the index with the customers of a name, and
// false for a name that is not a full one: a first name alone finds too many.
func (t *core) fullNamePK(name string) (string, bool) {
	normalized := identity.NormalizeName(name)
	return namesPrefix + t.pepper.Hash("full name", normalized), identity.IsFullName(normalized)
}

// ordersPK returns the partition of the index with the orders of an account.
func (t *core) ordersPK(account string) string {
	return ordersPrefix + t.pepper.Hash("orders", account)
}

// claimedPK returns the partition of the customers for whom an address is
// claimed.
func (t *core) claimedPK(a identity.Alias) string {
	return lookupPrefix + t.pepper.Hash("claimed", string(a.Kind), a.Key())
}

func (t *core) ratePK(name string) string { return lookupPrefix + t.pepper.Hash("rate", name) }

func rateSK(minute time.Time) string { return strconv.FormatInt(minute.Unix()/60, 10) }

// sentPK returns the key of a mail by its Message-ID, in any case: other
// systems change the case of its letters.
func (t *core) sentPK(mailID string) string {
	return sentPrefix + t.pepper.Hash("mail", strings.ToLower(mailID))
}

func (t *core) addressPK(a identity.Alias) string {
	return addressPrefix + t.pepper.Hash("address", a.Key())
}

func automaticSK(at time.Time) string { return at.UTC().Format(time.DateOnly) }

func bulkPK(action string) string { return bulkPrefix + action }

func (t *core) bulkSK(at time.Time, by, target string) string {
	return timePlace(at, t.pepper.Hash("act", by, target)[:16])
}

func noticePK(n message.Notice) string { return noticePrefix + string(n.Channel) + "#" + n.Account }

func noticeSK(n message.Notice) string { return timePlace(n.At, message.ProviderKey(n.ID)) }

func shardOf(s string) int {
	h := fnv.New32a()
	h.Write([]byte(s))
	return int(h.Sum32() % shards)
}

func quarantinePK(hash string) string { return quarantineShardPK(shardOf(hash)) }

func quarantineShardPK(shard int) string { return quarantinePrefix + strconv.Itoa(shard) }
