package identity

import "time"

// An AliasDetail is an alias of a customer with the evidence for it.
type AliasDetail struct {
	Address
	Evidence
	Until time.Time   `json:"until,omitzero"` // when it ceased to be the customer's; zero if it is
	Links []AliasLink `json:"links,omitempty"`
}

// An AliasLink is a proven statement that an alias and To belong to one person.
type AliasLink struct {
	To Alias `json:"to"`
	Evidence
}

// A ChangeKind is the kind of an identity change.
type ChangeKind string

// The kinds of identity changes.
const (
	Merged    ChangeKind = "merge"
	Unmerged  ChangeKind = "unmerge"
	Moved     ChangeKind = "move"
	Dismissed ChangeKind = "dismiss"
)

// A Change is one entry of the audit trail of identity changes. Before and After
// hold the ids of every affected customer, one list per customer.
type Change struct {
	ID     string         `json:"id"`
	Kind   ChangeKind     `json:"kind"`
	At     time.Time      `json:"at"`
	By     string         `json:"by"` // subject of the token, or ByRule if no person decided
	Why    string         `json:"why,omitempty"`
	Rule   string         `json:"rule"`
	Ref    string         `json:"ref,omitempty"`
	Before [][]CustomerID `json:"before"`
	After  [][]CustomerID `json:"after"`
	Alias  *Alias         `json:"alias,omitempty"` // the alias that moved
	From   time.Time      `json:"from,omitzero"`   // start of the new ownership
	Until  time.Time      `json:"until,omitzero"`  // end of the new ownership, if a later owner is known
}

// ByRule is the value of Change.By for changes that no person made.
const ByRule = "rule"

// An AliasMove is a request to move an alias to another customer from a time on. An
// empty To creates a new customer.
type AliasMove struct {
	Alias Alias
	To    CustomerID
	From  time.Time
}

// A Decision names the person who decided, with the reason and the time.
type Decision struct {
	By  string
	Why string
	At  time.Time
}

// The reasons of suggestions in addition to the rules of evidence.
const (
	ReasonShared  = "shared-alias"    // the register names the alias for several accounts
	ReasonVariant = "number-variant"  // the phone numbers are variants of each other
	ReasonClaimed = "claimed-address" // one customer claims an address that the other has verified
	ReasonTyped   = "typed-address"   // one customer typed an address of the other
	ReasonName    = "same-name"       // both have the same name
)

// A Suggestion is another customer who may be the same person. An agent decides.
type Suggestion struct {
	Customer  CustomerID `json:"customerId"`
	Score     int        `json:"score"`          // strength of the evidence, 0 to 100; see Score
	Reasons   []string   `json:"reasons"`        // rules of evidence, and Reason constants
	Ref       string     `json:"ref,omitempty"`  // id of the message or register entry that shows it
	Since     time.Time  `json:"since,omitzero"` // time of the evidence; zero for a mere similarity
	Dismissed bool       `json:"dismissed,omitempty"`
}

// Score returns the strength of the evidence that two customers are one person, 0 to
// 100. Every reason increases it, but the exact value never reaches 100.
func Score(reasons []string) int {
	doubt := 1.0
	for _, r := range reasons {
		doubt *= 1 - evidenceWeight(r)
	}
	return int(100 * (1 - doubt))
}

// evidenceWeight returns the strength of a single reason, 0 to 1.
func evidenceWeight(reason string) float64 {
	switch reason {
	case RuleHost:
		return 0.85
	case RuleRegister:
		return 0.8
	case ReasonVariant:
		return 0.7
	case RuleWebhook, RuleSystem:
		return 0.6
	case ReasonClaimed:
		return 0.4
	case ReasonTyped:
		return 0.3
	case ReasonShared:
		return 0.2
	case ReasonName:
		return 0.15
	default:
		return 0.1
	}
}

// A Plan is the result of applying an entry of the register, before or after it is
// applied.
type Plan struct {
	Customer CustomerID   `json:"customerId,omitempty"` // owner of the entry; empty for a new customer who is not stored yet
	New      bool         `json:"new"`                  // no customer had an alias of the entry
	Joined   []CustomerID `json:"joined"`               // customers that are merged with Customer on this evidence
	Unjoined []NotJoined  `json:"unjoined"`             // customers that have an alias of the entry but are not merged
}

// A NotJoined is a customer who has an alias of a register entry but was not merged.
type NotJoined struct {
	Customer CustomerID `json:"customerId"`
	Why      string     `json:"why"` // "messages", "limit", "apart", "shared-alias"
}
