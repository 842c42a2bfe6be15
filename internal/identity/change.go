package identity

import "time"

// A Known is an alias of a customer, and why it is believed to be.
type Known struct {
	Address
	Evidence
	Until time.Time   `json:"until,omitzero"` // when it became somebody else's; zero: it did not
	Links []KnownLink `json:"links,omitempty"`
}

// A KnownLink is one proven statement that names an alias and another.
type KnownLink struct {
	To Alias `json:"to"`
	Evidence
}

// A ChangeKind says what was changed about who is who.
type ChangeKind string

// The kinds of change.
const (
	Merged    ChangeKind = "merge"
	Unmerged  ChangeKind = "unmerge"
	Moved     ChangeKind = "move"
	Dismissed ChangeKind = "dismiss"
)

// A Change is one entry of the audit trail: who changed what about customers,
// when and why. Before and After are the ids of each customer concerned.
type Change struct {
	ID     string         `json:"id"`
	Kind   ChangeKind     `json:"kind"`
	At     time.Time      `json:"at"`
	By     string         `json:"by"` // who holds the token; "rule" when nobody decided
	Why    string         `json:"why,omitempty"`
	Rule   string         `json:"rule"`
	Ref    string         `json:"ref,omitempty"`
	Before [][]CustomerID `json:"before"`
	After  [][]CustomerID `json:"after"`
	Alias  *Alias         `json:"alias,omitempty"` // what moved
	From   time.Time      `json:"from,omitzero"`   // from when on
}

// ByRule is who changed something when no person did.
const ByRule = "rule"

// A Moving says to whom an alias goes, and from when on. An empty id is
// somebody new.
type Moving struct {
	Alias Alias
	To    CustomerID
	From  time.Time
}

// A Decision is a person's, and why.
type Decision struct {
	By  string
	Why string
	At  time.Time
}

// The reasons for a suggestion that are no rule of evidence.
const (
	ReasonShared  = "shared-alias"    // an alias that the register names for several accounts
	ReasonVariant = "number-variant"  // one number, written in two ways
	ReasonClaimed = "claimed-address" // one claims an address that the other proved
	ReasonTyped   = "typed-address"   // one typed an address of the other
	ReasonName    = "same-name"       // both go by one name
)

// A Suggestion is somebody who may be the same person, for a person to
// decide.
type Suggestion struct {
	Customer  CustomerID `json:"customerId"`
	Score     int        `json:"score"`          // 0 to 100: how much speaks for it
	Reasons   []string   `json:"reasons"`        // rules of evidence, and the reasons above
	Ref       string     `json:"ref,omitempty"`  // the message or entry that shows it
	Since     time.Time  `json:"since,omitzero"` // when the evidence came; zero for what is merely alike
	Dismissed bool       `json:"dismissed,omitempty"`
}

// Score returns how much reasons speak for two customers being one, 0 to 100.
// Each one leaves less doubt, and no number of them leaves none.
func Score(reasons []string) int {
	doubt := 1.0
	for _, r := range reasons {
		doubt *= 1 - weight(r)
	}
	return int(100 * (1 - doubt))
}

func weight(reason string) float64 {
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

// A Plan is what an entry of the register would do, or did.
type Plan struct {
	Customer CustomerID   `json:"customerId,omitempty"` // whose entry it is; empty for somebody new who is not there yet
	New      bool         `json:"new"`                  // nobody had one of its aliases
	Joined   []CustomerID `json:"joined"`               // who is one with Customer on this evidence
	Unjoined []Unjoined   `json:"unjoined"`             // who has one of the aliases, and stays apart
}

// An Unjoined is a customer who has an alias of a register's entry and was
// not joined, and why.
type Unjoined struct {
	Customer CustomerID `json:"customerId"`
	Why      string     `json:"why"` // "messages", "limit", "apart", "shared-alias"
}
