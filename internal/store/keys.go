package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// This file holds every key of the table; DESIGN: a key is built in one place.
//
//	alias         A#<kind>#<hash>         A
//	profile       C#<customer>            P
//	message       C#<customer>            M#<time>#<channel>#<provider id>
//	effect        C#<customer>            X#<channel>#<provider id>
//	contact       C#<customer>            K#<start>#<id>
//	doubt         C#<customer>            M~<channel>#<provider id>
//	correction    C#<customer>            K~<time>#<channel>#<provider id>
//	classify      C#<customer>            Z#<time>[#<contact>]
//	claim         C#<customer>            H
//	visitor       C#<customer>            V#<time of sign-in>#<key of the alias>
//	suggestion    C#<customer>            S#<other customer>
//	change        C#<customer>            J#<time>#<id>
//	act           G#<what>                <time>#<hash of who>
//	name          R#<hash>                <customer>
//	claimed       R#<hash>                <customer>
//	order         O#<hash>                O
//	problem       P#<problem>             P
//	affected      P#<problem>             A#<customer>
//	log           P#<problem>             L#<version>
//	later         T#<minute>#<hash>       D#contact
//	due           <what it is about>      D#<kind>
//	change made   P#<problem>             U#<hash of its name>
//	open problem  W#<reason>#<product>    O
//	of a product  W#<reason>#             O#<product>
//	window        W#<reason>#<product>    <day>[T<hour>]#<customer>#<contact>
//	level         W#<reason>#<product>    #<day>
//	counted since W#                      since
//	unknown       U#<shard>               <latest start>#<hash of what the row says>
//	decided       U#                      <hash of a word>
//	told          U#told                  T#<candidate>
//	how many told U#told                  !
//	quarantine    Q#<shard>               <hash of the delivery>
//	notice        N#<channel>#<account>   <time>#<id>
//	rate          R#<hash>                <minute>
//	sent mail     E#<hash of its id>      E
//	mail address  B#<hash>                B, <day>
//	pepper        pepper                  pepper
//
// A message that came late has the entry late#C#<customer>, <stored at> in the
// index.
const (
	pkName  = "pk"
	skName  = "sk"
	gsiName = "gsi1"
	gsiPK   = "gsi1pk"
	gsiSK   = "gsi1sk"
	ttlName = "expires"

	profileSK = "P"
	problemSK = "P"
	openSK    = "O"
	aliasSK   = "A"
	claimSK   = "H"

	messagePrefix    = "M#"
	doubtPrefix      = "M~"
	effectPrefix     = "X#"
	contactPrefix    = "K#"
	correctionPrefix = "K~"
	againPrefix      = "Z#"
	affectedPrefix   = "A#"
	levelPrefix      = "#"
	aliasPrefix      = "A#"
	customerPrefix   = "C#"
	changePrefix     = "J#"
	problemPrefix    = "P#"
	ratePrefix       = "R#"
	duePrefix        = "D#"
	logPrefix        = "L#"

	suggestionPrefix = "S#"
	visitorPrefix    = "V#"

	toldPK     = "U#told"
	toldPrefix = "T#"
	toldCount  = "!"

	watermarkKey = "~watermark"

	// shards spreads the waiting list of a department, the quarantine and what
	// is due over partitions: a partition takes 1,000 writes a second.
	shards = 8
)

// A Pepper is the key under which addresses are hashed. It never rotates: two
// peppers would give one address two keys.
type Pepper []byte

// Hash returns the keyed hash of parts, as it may stand in a key or a log.
func (p Pepper) Hash(parts ...string) string {
	mac := hmac.New(sha256.New, p)
	for i, part := range parts {
		if i > 0 {
			mac.Write([]byte{0})
		}
		mac.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Fingerprint returns what is kept of the pepper in the table, to notice a
// change.
func (p Pepper) Fingerprint() string { return p.Hash("fingerprint") }

// aliasKey returns the key of an alias. What somebody merely claims lives
// apart from what is proven, so that a forged sender never reaches the
// history of the one he names.
func (t *Table) aliasKey(a identity.Address) string {
	kind := string(a.Kind)
	if a.Assurance == identity.Claimed {
		kind += "~claimed"
	}
	return aliasPrefix + kind + "#" + t.pepper.Hash(kind, a.Key())
}

func customerPK(id identity.CustomerID) string { return customerPrefix + string(id) }

func customerOf(pk string) identity.CustomerID {
	return identity.CustomerID(strings.TrimPrefix(pk, customerPrefix))
}

// messageSK is the message id with the table's separator: "M#" time "#"
// channel "#" provider key.
func messageSK(id contact.ID) string {
	return messagePrefix + strings.Replace(string(id), ":", "#", 2)
}

func messageIDOf(sk string) contact.ID {
	return contact.ID(strings.Replace(strings.TrimPrefix(sk, messagePrefix), "#", ":", 2))
}

// timeSK returns the sort key that lies just before the items of prefix at t.
func timeSK(prefix string, t time.Time) string {
	return fmt.Sprintf("%s%013d", prefix, max(t.UnixMilli(), 0))
}

// visitorSK is the key of a visitor who signed in at a time.
func visitorSK(at time.Time, aliasKey string) string {
	return timeSK(visitorPrefix, at) + "#" + aliasKey
}

// visitorAliasKey returns the alias key in a visitorSK.
func visitorAliasKey(sk string) string {
	_, aliasKey, _ := strings.Cut(strings.TrimPrefix(sk, visitorPrefix), "#")
	return aliasKey
}

func effectSK(ch contact.Channel, providerKey string) string {
	return effectPrefix + string(ch) + "#" + providerKey
}

func contactSK(start time.Time, id string) string { return timeSK(contactPrefix, start) + "#" + id }

func logSK(version int) string { return fmt.Sprintf("%s%08d", logPrefix, version) }

func problemPK(id string) string { return problemPrefix + id }

func affectedSK(c identity.CustomerID) string { return affectedPrefix + string(c) }

func changeSK(hash string) string { return "U#" + hash }

func causePK(reason, product string) string { return "W#" + reason + "#" + product }

func windowSK(s problem.Seen) string { return s.Slot() + "#" + string(s.Customer) + "#" + s.Contact }

func unknownPK(shard int) string { return fmt.Sprintf("U#%d", shard) }

func waitingPK(department string, shard int) string {
	return fmt.Sprintf("waiting#%s#%d", department, shard)
}

// laterPK is the key of what falls due within one minute and was noticed
// together.
func laterPK(minute time.Time, hash string) string {
	return timeSK("T#", minute) + "#" + hash
}

func duePK(shard int) string { return fmt.Sprintf("due#%d", shard) }

func latePK(customer string) string { return "late#" + customer }

func problemsPK(department string) string { return "problems#" + department }

func (t *Table) orderPK(number string) string {
	return "O#" + t.pepper.Hash("order", strings.ToUpper(number))
}

// namePK is where customers of one name in the register are found.
func (t *Table) namePK(name string) string {
	return "R#" + t.pepper.Hash("name", strings.ToLower(strings.Join(strings.Fields(name), " ")))
}

// claimedPK is where customers are found for whom somebody claimed an address.
func (t *Table) claimedPK(a identity.Alias) string {
	return "R#" + t.pepper.Hash("claimed", string(a.Kind), a.Key())
}

func suggestionSK(other identity.CustomerID) string { return suggestionPrefix + string(other) }

func shardOf(s string) int {
	h := fnv.New32a()
	h.Write([]byte(s))
	return int(h.Sum32() % shards)
}

func quarantinePK(hash string) string { return shardPK(shardOf(hash)) }

func shardPK(shard int) string { return fmt.Sprintf("Q#%d", shard) }
