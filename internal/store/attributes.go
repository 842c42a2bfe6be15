package store

// This file has one constant for each attribute name of the table, grouped by
// the kind of item. Names are short because an item pays for them: a text
// message of 500 characters fits in one write unit of 1,024 bytes. An
// attribute that repeats what the key says does not exist.

// Attributes of every kind of item.
const (
	pkName  = "pk"      // partition key
	skName  = "sk"      // sort key
	gsiName = "gsi1"    // name of the index
	gsiPK   = "gsi1pk"  // partition key of the index entry
	gsiSK   = "gsi1sk"  // sort key of the index entry
	ttlName = "expires" // time to live, in seconds since 1970

	// attrJSON is the value of a claim, correction, identity change, problem,
	// log line, announced candidate or row of deferred events, as JSON.
	attrJSON = "j"

	// attrWritten is the time when an effect or a contact was last written.
	attrWritten = "u"
)

// Attributes of an alias.
const (
	attrAliasCustomer  = "c"  // customer who owns the alias, until its first move
	attrAliasKind      = "k"  // kind of address, such as phone
	attrAliasScope     = "s"  // page or business account in which the value is unique
	attrAliasValue     = "v"  // number, address or platform id
	attrAliasAssurance = "a"  // "c": claimed; absent: verified
	attrAliasRule      = "r"  // rule of the evidence
	attrAliasRef       = "e"  // reference of the evidence
	attrAliasSince     = "t"  // time of the evidence
	attrAliasLinked    = "al" // set: keys of the aliases that a proven statement names with it
	attrAliasLater     = "le" // set: rule, reference and time of the later statements
	attrAliasMoves     = "mv" // set: moves to other customers
	attrAliasStarts    = "ps" // set: times at which a platform said that its owner took it
	attrAliasShared    = "b"  // reason why it joins no customers: two accounts share it
)

// Attributes of the profile of a customer. A profile without attributes does not exist.
const (
	attrProfileName       = "n"  // name in the register
	attrProfileLocale     = "l"  // locale in the register; a reserved word in expressions
	attrProfileAccount    = "ac" // account number in the register
	attrProfileShownName  = "pn" // name that a platform shows
	attrProfileConsents   = "co" // set: consents given and refused
	attrProfileAliases    = "al" // set: keys of the customer's aliases
	attrProfileClaimed    = "cl" // set: addresses claimed for the customer, with their evidence
	attrProfileMergedInto = "mi" // customer into whom this one was merged
	attrProfileMembers    = "m"  // set: ids merged into this customer, directly or through others
	attrProfileMoves      = "mv" // set: moves of aliases to or from this customer
)

// Attributes of a message.
const (
	attrMessageAccount   = "a"  // our number, page or mailbox
	attrMessageAlias     = "c"  // customer's address: kind, scope and value
	attrMessageAliases   = "al" // JSON: other addresses of the customer
	attrMessageAssurance = "cl" // present: the address is claimed only
	attrMessageDirection = "d"  // "o": outbound; absent: inbound
	attrMessageKind      = "k"  // kind, such as text or image
	attrMessageText      = "t"  // text, or a preview of it
	attrMessageReceived  = "r"  // time of receipt
	attrMessageName      = "n"  // customer's name as the platform shows it
	attrMessageProvider  = "p"  // provider id, only where the key holds its hash
	attrMessagePassive   = "pv" // present: triage passes it over
	attrMessageFiles     = "f"  // present: the platform has files of it; the outbox filters on it
	attrMessageSend      = "q"  // present: it must be sent; the outbox filters on it
	attrMessageRest      = "j"  // JSON: fields that few messages have
)

// Attributes of an effect: everything learned later about one message. Each attribute moves one
// way only, so that effects can come in any order.
const (
	attrEffectStatusPrefix    = "s:" // earliest time of a status
	attrEffectPricingPrefix   = "p:" // pricing as stated with a status, in JSON
	attrEffectReactionPrefix  = "r:" // latest reaction of a side: "<time, 13 digits> <emoji>"
	attrEffectVerdictPrefix   = "v:" // earliest verdict on a mail
	attrEffectFilePrefix      = "f:" // file by its index: "0" and JSON if it failed, "1" and JSON if it is stored
	attrEffectWatermarkPrefix = "w:" // latest time of a watermark, in an item of its own
	attrEffectEdit            = "e"  // latest edit: "<revision, 6 digits> <time, 13 digits> <text>"
	attrEffectDeleted         = "x"  // earliest deletion
	attrEffectCode            = "fc" // code of a failure
	attrEffectDetail          = "fd" // description of a failure
	attrEffectMailID          = "mi" // Message-ID that SES gave to our mail
	attrEffectLease           = "tu" // end of the lease of the function that sends the message
	attrEffectChanges         = "la" // time from which contacts must be examined: the message was edited or deleted, or may be lost; triage filters on it
)

// Attributes of a contact.
const (
	attrContactVersion      = "v"  // incremented by each write
	attrContactDepartment   = "dp" // department of its first cause
	attrContactChannels     = "ch" // channels, separated by spaces
	attrContactCauses       = "cs" // JSON: causes
	attrContactUnrecorded   = "ur" // JSON: causes whose evidence could not be recorded
	attrContactReason       = "rs" // reason of the first cause
	attrContactProduct      = "pr" // product of the first cause
	attrContactWaitingSince = "w"  // time of the first unanswered question
	attrContactFirstAnswer  = "fa" // time of our first answer
	attrContactLastAnswer   = "la" // time of our last answer
	attrContactClosesAt     = "ca" // time at which silence closes it
	attrContactTaxonomy     = "tx" // version of the taxonomy that classified it
	attrContactModel        = "mo" // id of the model at that time
	attrContactSeverity     = "sv" // severity of the first cause
	attrContactQuestion     = "qu" // first words of the first unanswered message
	attrContactName         = "nm" // name that the channel shows for who asked
	attrContactThreads      = "th" // threads, separated by spaces
)

// Decision of a person about a message.
const (
	attrDecisionAsks    = "a"  // "y": it asks for an answer; "n": it does not; absent: not decided
	attrDecisionMachine = "m"  // "y": a program wrote it; "n": a person did; absent: not decided
	attrDecisionPlace   = "pc" // contact of the message: "own", or the message that opened it; absent: not decided
	attrDecisionBy      = "by" // person who decided last
	attrDecisionAt      = "t"  // time of the last decision
)

// attrClaimVersion is the version of a claim, which each write increments. The
// claim itself is in attrJSON.
const attrClaimVersion = "v"

// attrChangeKind is the kind of an identity change: a merge, unmerge, move or
// dismissal. Triage filters on it. The change itself is in attrJSON.
const attrChangeKind = "k"

// Attributes of a suggestion that two customers are one person, stored under both.
const (
	attrSuggestionReasons   = "rs" // set: rules and reasons for it
	attrSuggestionRef       = "e"  // reference of the first evidence
	attrSuggestionSince     = "t"  // time of the first evidence
	attrSuggestionState     = "st" // "d": a person decided that they are two
	attrSuggestionDecidedBy = "by" // person who decided
	attrSuggestionWhy       = "wy" // reason that the person gave
	attrSuggestionDecidedAt = "dt" // time of the decision
)

// attrRequestedAt is the time of a reclassify request.
const attrRequestedAt = "t"

// Attributes of a bulk action: a change that one person made to many customers.
const (
	attrBulkBy     = "by" // person who acted
	attrBulkTarget = "d"  // selection, such as a reason
	attrBulkCount  = "c"  // number of customers or contacts
)

// Attributes of an order in the register.
const (
	attrOrderAccount  = "ac" // account that placed it
	attrOrderProducts = "pr" // set: products
)

// Attributes of a problem, beside its value attrJSON.
const (
	attrProblemEvents   = "ev" // JSON: events of the last change, for its departments
	attrProblemVersion  = "n"  // version that departments see
	attrProblemRevision = "rv" // incremented by each write
	attrProblemFilling  = "fl" // JSON: split that is not complete yet
	attrProblemOpening  = "op" // id of the opening that is not complete yet
	attrProblemResent   = "sn" // number of times that the item was sent again on request
	attrProblemReason   = "rs" // reason of its cause
	attrProblemProduct  = "pr" // product of its cause
	attrProblemState    = "st" // state
	attrProblemQuotes   = "q"  // quotes, separated by the unit separator
)

// Attributes of the items in the partitions of a problem and of its cause.
const (
	attrAffectedContacts = "k"  // set: contacts of one customer: "<day> <milliseconds> <contact>"
	attrAppliedDigest    = "h"  // digest of the change applied under an Idempotency-Key
	attrOpenProblem      = "id" // id of the problem of a cause
	attrOccurrenceAt     = "t"  // time of the contact
	attrOccurrenceQuote  = "q"  // quote of the customer
	attrLevelHours       = "h"  // customers per hour of a day
	attrLevelThrough     = "n"  // first slot that is not counted yet
	attrCountedSince     = "t"  // time since which causes are counted
)

// Attributes of the hints about contacts without a known reason, and of their words.
const (
	attrHintLines      = "u"  // one line for each contact: customer, contact, start, hashes of words
	attrWordDecidedBy  = "by" // person who decided about a word
	attrWordDecision   = "d"  // decision
	attrAnnouncedCount = "n"  // number of announced candidates; guards the announcement
)

// Attributes of a quarantined delivery.
const (
	attrQuarantineChannel = "ch" // channel of the delivery
	attrQuarantineAt      = "t"  // time of receipt
	attrQuarantineObject  = "o"  // S3 key of the delivery
	attrQuarantineReasons = "r"  // reasons, one per line
)

// Attributes of a notice, a report of a platform for operators.
const (
	attrNoticeKind  = "k" // kind of report
	attrNoticeData  = "d" // report as JSON
	attrNoticeAlias = "c" // key of the alias that it concerns
)

// Attributes of a sent mail.
const (
	attrSentCustomer = "cu" // customer who received it
	attrSentMessage  = "m"  // id of the message
	attrSentProvider = "p"  // provider id of the message
	attrSentMailID   = "mi" // Message-ID of the mail
	attrSentAlias    = "c"  // address of the customer
	attrSentAt       = "t"  // time of sending
)

// Attributes of a mail address: its mark, and the automatic mails of a day.
const (
	attrMarkKind     = "k"   // bounce, complaint or unsubscription
	attrMarkCode     = "co"  // code of the report
	attrMarkAt       = "t"   // time of the report
	attrAutomaticIDs = "ids" // set: keyed hashes of the automatic mails of one day
)

// Attributes of the other items.
const (
	attrRateCount         = "n" // count within one minute
	attrPepperFingerprint = "f" // fingerprint of the pepper
)
